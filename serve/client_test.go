package serve

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// clientFor is OpenAI's own client, with nothing changed but the address.
func clientFor(s *site) *openai.Client {
	c := openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey("any"), option.WithMaxRetries(0))
	return &c
}

func chatParams(command string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: "fake",
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("be short"), openai.UserMessage("say hi"), openai.AssistantMessage("hi"), openai.UserMessage(command),
		},
	}
}

var weather = shared.FunctionDefinitionParam{
	Name: "weather", Description: openai.String("the weather"), Strict: openai.Bool(true),
	Parameters: shared.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
}

func TestGoClientChat(t *testing.T) {
	c := clientFor(newSite(t))
	p := chatParams("say Hello, wörld")
	p.Seed, p.MaxCompletionTokens, p.Logprobs, p.TopLogprobs = openai.Int(7), openai.Int(50), openai.Bool(true), openai.Int(2)
	a, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	choice := a.Choices[0]
	if choice.Message.Content != "Hello, wörld" || choice.FinishReason != "stop" || a.Usage.TotalTokens == 0 || a.Usage.PromptTokensDetails.CachedTokens == 0 {
		t.Error(a.RawJSON())
	}
	if len(choice.Logprobs.Content) != 12 || choice.Logprobs.Content[0].Token != "H" || choice.Logprobs.Content[0].TopLogprobs[1].Logprob != -2 {
		t.Error(choice.Logprobs.RawJSON())
	}
	stream := c.Chat.Completions.NewStreaming(t.Context(), p, option.WithJSONSet("stream_options.include_usage", true))
	var all openai.ChatCompletionAccumulator
	for stream.Next() {
		if !all.AddChunk(stream.Current()) {
			t.Error("a chunk that does not fit: ", stream.Current().RawJSON())
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if all.Choices[0].Message.Content != "Hello, wörld" || all.Usage.TotalTokens != a.Usage.TotalTokens || len(all.Choices[0].Logprobs.Content) != 12 {
		t.Errorf("%+v", all.ChatCompletion)
	}
}

func TestGoClientTools(t *testing.T) {
	c := clientFor(newSite(t))
	p := chatParams(`call weather {"city":"Paris"} ; weather {"city":"Rome"}`)
	p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(weather)}
	a, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	calls := a.Choices[0].Message.ToolCalls
	if len(calls) != 2 || calls[1].Function.Name != "weather" || calls[1].Function.Arguments != `{"city":"Rome"}` || a.Choices[0].FinishReason != "tool_calls" {
		t.Fatal(a.RawJSON())
	}
	stream := c.Chat.Completions.NewStreaming(t.Context(), p)
	var all openai.ChatCompletionAccumulator
	finished := 0
	for stream.Next() {
		all.AddChunk(stream.Current())
		if call, ok := all.JustFinishedToolCall(); ok {
			finished++
			if call.Name != "weather" {
				t.Error(call)
			}
		}
	}
	if err := stream.Err(); err != nil || finished != 2 || all.Choices[0].Message.ToolCalls[0].Function.Arguments != `{"city":"Paris"}` {
		t.Error(err, finished, all.Choices)
	}
	// The conversation goes on with the answers.
	p.Messages = append(p.Messages, a.Choices[0].Message.ToParam(), openai.ToolMessage("21", calls[0].ID), openai.ToolMessage("25", calls[1].ID), openai.UserMessage("roles"))
	a, err = c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := `assistant:[call_0 weather{"city":"Paris"}][call_1 weather{"city":"Rome"}]|tool:21{call_0}|tool:25{call_1}|user:roles`
	if !strings.HasSuffix(a.Choices[0].Message.Content, want) {
		t.Error(a.Choices[0].Message.Content)
	}
	p = chatParams("anything")
	p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(weather)}
	p.ToolChoice = openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "weather"})
	if a, err = c.Chat.Completions.New(t.Context(), p); err != nil || a.Choices[0].Message.ToolCalls[0].Function.Arguments != "{}" {
		t.Error(err)
	}
}

func TestGoClientSchema(t *testing.T) {
	c := clientFor(newSite(t))
	p := chatParams("json")
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "weather", Strict: openai.Bool(true), Schema: map[string]any{"type": "object"},
	}}
	a, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ City string }
	if err := json.Unmarshal([]byte(a.Choices[0].Message.Content), &v); err != nil || v.City != "Paris" {
		t.Error(err, a.Choices[0].Message.Content)
	}
}

func TestGoClientOther(t *testing.T) {
	c := clientFor(newSite(t))
	e, err := c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: "fake", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "bc"}},
	})
	if err != nil || len(e.Data) != 2 || e.Data[1].Embedding[2] != 1 || e.Usage.PromptTokens != 3 {
		t.Error(err, e.RawJSON())
	}
	completion, err := c.Completions.New(t.Context(), openai.CompletionNewParams{
		Model: "fake", Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("say abc")}, Logprobs: openai.Int(1),
	})
	if err != nil || completion.Choices[0].Text != "abc" || completion.Choices[0].Logprobs.TextOffset[2] != 2 {
		t.Error(err, completion.RawJSON())
	}
	models, err := c.Models.List(t.Context())
	if err != nil || len(models.Data) != 1 || models.Data[0].ID != "fake" {
		t.Error(err)
	}
	if m, err := c.Models.Get(t.Context(), "fake"); err != nil || m.ID != "fake" {
		t.Error(err)
	}
}

func TestGoClientResponses(t *testing.T) {
	c := clientFor(newSite(t))
	p := responses.ResponseNewParams{
		Model: "fake", Instructions: openai.String("be short"), Store: openai.Bool(false),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(`both hi ; weather {"city":"Paris"}`)},
		Tools: []responses.ToolUnionParam{responses.ToolParamOfFunction("weather", weather.Parameters, true)},
	}
	a, err := c.Responses.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if a.OutputText() != "hi" || a.Status != "completed" || a.Output[1].Name != "weather" || a.Output[1].CallID != "call_0" {
		t.Error(a.RawJSON())
	}
	stream := c.Responses.NewStreaming(t.Context(), p)
	text, arguments, last := "", "", ""
	for stream.Next() {
		event := stream.Current()
		last = event.Type
		switch e := event.AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text += e.Delta
		case responses.ResponseFunctionCallArgumentsDeltaEvent:
			arguments += e.Delta
		case responses.ResponseCompletedEvent:
			if e.Response.Usage.OutputTokens != 5 {
				t.Error(e.RawJSON())
			}
		}
	}
	if err := stream.Err(); err != nil || text != "hi" || arguments != `{"city":"Paris"}` || last != "response.completed" {
		t.Error(err, text, arguments, last)
	}
	// The output goes back in with the answer.
	output := func(text string) responses.ResponseInputItemUnionParam {
		o := &responses.ResponseInputItemFunctionCallOutputParam{CallID: openai.String(a.Output[1].CallID)}
		o.Output.OfString = openai.String(text)
		return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: o}
	}
	p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
		responses.ResponseInputItemParamOfMessage("both", responses.EasyInputMessageRoleUser),
		responses.ResponseInputItemParamOfFunctionCall(a.Output[1].Arguments.OfString, a.Output[1].CallID, a.Output[1].Name),
		output("21"),
		responses.ResponseInputItemParamOfMessage("roles", responses.EasyInputMessageRoleUser),
	}}
	a, err = c.Responses.New(t.Context(), p)
	if want := `system:be short|user:both|assistant:[call_0 weather{"city":"Paris"}]|tool:21{call_0}|user:roles`; err != nil || a.OutputText() != want {
		t.Error(err, a.OutputText())
	}
}

func TestGoClientErrors(t *testing.T) {
	s := newSite(t)
	c := clientFor(s)
	for command, want := range map[string]struct {
		status int
		code   string
	}{
		"busy": {503, "overloaded"}, "broken": {500, "internal_error"}, strings.Repeat("x", 2000): {400, "context_length_exceeded"},
	} {
		_, err := c.Chat.Completions.New(t.Context(), chatParams(command))
		var e *openai.Error
		if !errors.As(err, &e) || e.StatusCode != want.status || e.Code != want.code {
			t.Errorf("%.20s: %v", command, err)
		}
	}
	p := chatParams("x")
	p.Model = "gpt-4"
	var e *openai.Error
	if _, err := c.Chat.Completions.New(t.Context(), p); !errors.As(err, &e) || e.StatusCode != 404 || e.Code != "model_not_found" || e.Param != "model" {
		t.Error(err)
	}
	stream := c.Chat.Completions.NewStreaming(t.Context(), chatParams("late broken"))
	for stream.Next() {
	}
	if err := stream.Err(); err == nil || !strings.Contains(err.Error(), "model failed") {
		t.Error("an error in the middle of a stream:", err)
	}
	path, keys := keyed(t)
	locked := newSite(t, keys)
	secret, _, err := AddKey(path, "client", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientFor(locked).Models.List(t.Context()); !errors.As(err, &e) || e.StatusCode != 401 || e.Code != "invalid_api_key" {
		t.Error(err)
	}
	good := openai.NewClient(option.WithBaseURL(locked.URL+"/v1"), option.WithAPIKey(secret), option.WithMaxRetries(0))
	if _, err := good.Models.List(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := good.Models.List(t.Context()); !errors.As(err, &e) || e.StatusCode != 429 || e.Code != "rate_limit_exceeded" {
		t.Error(err)
	}
}

// TestPythonClient runs OpenAI's Python client against the server, if
// POLYMATH_PYTHON names a Python that has it.
func TestPythonClient(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("POLYMATH_PYTHON is not set")
	}
	s := newSite(t)
	out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "openai_client.py"), s.URL+"/v1", "fake").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "all good") {
		t.Errorf("%v\n%s", err, out)
	}
}
