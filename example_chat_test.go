package polymath_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/tokenizer"
)

// weather is a tool.
var weather = chat.Tool{
	Name: "weather", Description: "How warm a city is.",
	Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
}

// lessons are what the model of the examples can talk about.
func lessons() []chat.Conversation {
	call := chat.ToolCall{ID: "1", Name: "weather", Arguments: `{"city":"Paris"}`}
	return []chat.Conversation{
		{Messages: []chat.Message{
			chat.Text(chat.User, "What gathers no moss?"),
			chat.Text(chat.Assistant, "A rolling stone."),
		}},
		{Messages: []chat.Message{
			chat.Text(chat.User, "How warm is Paris?"),
			{Role: chat.Assistant, ToolCalls: []chat.ToolCall{call}},
			{Role: chat.ToolResult, ToolCallID: "1", Content: []chat.Part{{Text: "21"}}},
			chat.Text(chat.Assistant, "It is 21 degrees in Paris."),
		}, Tools: []chat.Tool{weather}},
	}
}

// teachToTalk makes a model that knows the lessons by heart.
func teachToTalk(dir string) (string, error) {
	var rendered [][]chat.Segment
	var text []byte
	for _, c := range lessons() {
		segments, err := chat.Default().Render(c, chat.RenderOptions{})
		if err != nil {
			return "", err
		}
		rendered = append(rendered, segments)
		for _, s := range segments {
			text = append(text, s.Text...)
		}
	}
	t, err := tokenizer.Train(slices.Values([][]byte{text, text}), tokenizer.TrainOptions{VocabSize: 450, Special: chatML})
	if err != nil {
		return "", err
	}
	var texts [][]int32
	for _, segments := range rendered {
		texts = append(texts, chat.Encode(t, segments, nil))
	}
	return teachTokens(dir, t, 512, 120, texts...)
}

var taughtToTalk = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "polymath-example-")
	if err != nil {
		return "", err
	}
	return teachToTalk(dir)
})

// removeTaughtToTalk removes what taughtToTalk made.
func removeTaughtToTalk() {
	if dir, err := taughtToTalk(); err == nil {
		os.RemoveAll(filepath.Dir(filepath.Dir(dir)))
	}
}

// chatDir is where the examples find a model that can talk.
func chatDir() string {
	dir, err := taughtToTalk()
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

func ExampleModel_Chat() {
	m, err := polymath.Open(chatDir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "What gathers no moss?")}}
	result, err := m.Chat(context.Background(), c, polymath.ChatOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Message.Content[0].Text)
	// Output: A rolling stone.
}

// The model asks for a tool, is told what it answered, and says it in words.
func ExampleModel_ChatStream() {
	m, err := polymath.Open(chatDir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	c := chat.Conversation{
		Messages: []chat.Message{chat.Text(chat.User, "How warm is Paris?")},
		Tools:    []chat.Tool{weather},
	}
	for finish := ""; finish != "stop"; {
		answer := chat.Message{Role: chat.Assistant}
		for chunk, err := range m.ChatStream(context.Background(), c, polymath.ChatOptions{}) {
			if err != nil {
				log.Fatal(err)
			}
			for _, e := range chunk.Events {
				switch {
				case e.Call < 0:
					fmt.Print(e.Content)
				case e.Name != "":
					answer.ToolCalls = append(answer.ToolCalls, chat.ToolCall{ID: chunk.CallIDs[e.Call], Name: e.Name})
					fallthrough
				default:
					answer.ToolCalls[e.Call].Arguments += e.Arguments
				}
			}
			finish = chunk.Finish
		}
		c.Messages = append(c.Messages, answer)
		for _, call := range answer.ToolCalls {
			fmt.Printf("(calls %s %s)\n", call.Name, call.Arguments)
			c.Messages = append(c.Messages, chat.Message{
				Role: chat.ToolResult, ToolCallID: call.ID, Content: []chat.Part{{Text: "21"}},
			})
		}
	}
	// Output:
	// (calls weather {"city": "Paris"})
	// It is 21 degrees in Paris.
}

// A schema holds the answer to a form, whatever the model would have said.
func ExampleFormat() {
	m, err := polymath.Open(chatDir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "What gathers no moss?")}}
	result, err := m.Chat(context.Background(), c, polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{
		Format: polymath.Format{
			Kind: polymath.FormatSchema,
			Text: `{"type":"object","properties":{"known":{"type":"boolean"}},"required":["known"],"additionalProperties":false}`,
		},
	}})
	if err != nil {
		log.Fatal(err)
	}
	var answer map[string]bool
	if err := json.Unmarshal([]byte(result.Message.Content[0].Text), &answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(answer), result.Finish)
	// Output: 1 stop
}

func ExampleModel_Embed() {
	m, err := polymath.Open(chatDir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	var vectors [3][]float32
	for i, text := range []string{"A rolling stone.", "A rolling stone", "How warm is Paris?"} {
		if vectors[i], _, err = m.Embed(context.Background(), text); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]))
	// Output: true
}
