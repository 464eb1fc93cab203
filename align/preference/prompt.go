package preference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/train/conversation"
)

func bad(field, format string, args ...any) error {
	return &conversation.FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// prompts are the names of the prompt, the first of them that is there.
var prompts = []string{"prompt", "messages", "conversations", "question", "instruction", "query", "context"}

// ReadPrompt reads what an object says of its prompt, under any of the names that the
// package knows: without messages where it does not name one. It returns the keys that
// it used. An error is a *conversation.FieldError.
func ReadPrompt(o *conversation.Object) (c chat.Conversation, used []string, err error) {
	used = []string{"system", "tools"}
	for _, key := range prompts {
		if !o.Has(key) {
			continue
		}
		used = append(used, key)
		if c.Messages, err = ReadTurns(o, key, chat.User); err != nil {
			return c, nil, err
		}
		if key == "instruction" {
			used = append(used, "input", "history")
			if err = readAlpaca(o, &c); err != nil {
				return c, nil, err
			}
		}
		break
	}
	system, err := o.Text("system", true)
	if err != nil {
		return c, nil, err
	}
	if system != "" && (len(c.Messages) == 0 || c.Messages[0].Role != chat.System) {
		c.Messages = slices.Insert(c.Messages, 0, chat.Text(chat.System, system))
	}
	c.Tools, err = o.Tools()
	return c, used, err
}

// readAlpaca adds to an instruction its input and what was said before.
func readAlpaca(o *conversation.Object, c *chat.Conversation) error {
	input, err := o.Text("input", true)
	if err != nil {
		return err
	}
	last := &c.Messages[len(c.Messages)-1]
	if input != "" {
		*last = chat.Text(chat.User, strings.TrimRight(textOf(last), "\n")+"\n\n"+input)
	}
	if !o.Has("history") {
		return nil
	}
	var turns [][]string
	if json.Unmarshal(o.Value("history"), &turns) != nil || slices.ContainsFunc(turns, func(t []string) bool { return len(t) != 2 }) {
		return bad(o.At("history"), "it is no list of pairs of texts, what was asked and what was answered")
	}
	var before []chat.Message
	for _, t := range turns {
		before = append(before, chat.Text(chat.User, t[0]), chat.Text(chat.Assistant, t[1]))
	}
	c.Messages = append(before, c.Messages...)
	return nil
}

// ReadTurns reads a text, which role says unless it is a transcript, or messages.
func ReadTurns(o *conversation.Object, key string, role chat.Role) ([]chat.Message, error) {
	if conversation.KindOf(o.Value(key)) != "a text" {
		messages, err := o.Messages(key)
		if err == nil && len(messages) == 0 {
			err = bad(o.At(key), "it has no message")
		}
		return messages, err
	}
	text, err := o.Text(key, false)
	if err != nil {
		return nil, err
	}
	if !isTranscript(text) {
		return []chat.Message{chat.Text(role, text)}, nil
	}
	messages, open := readTranscript(text)
	if open && role == chat.Assistant {
		messages = append(messages, chat.Text(chat.Assistant, ""))
	}
	if len(messages) == 0 {
		err = bad(o.At(key), "nobody says anything in it")
	}
	return messages, err
}

// checkPrompt tells whether answers can go on from a prompt.
func checkPrompt(c *chat.Conversation) error {
	n := len(c.Messages)
	switch {
	case n == 0:
		return bad("prompt", "it is missing: there is none of %s, and the answers are no whole conversations", strings.Join(prompts, ", "))
	case c.Messages[n-1].Role == chat.Assistant:
		return bad("prompt", "it ends with the assistant's words: begin the answers with them, or leave them out")
	}
	return noPictures("prompt", c.Messages)
}

// noPictures refuses what cannot be learned from yet.
func noPictures(field string, messages []chat.Message) error {
	for i := range messages {
		for _, p := range messages[i].Content {
			if p.Image != nil {
				return bad(field, "a message has a picture: comparisons are of texts alone")
			}
		}
	}
	return nil
}
