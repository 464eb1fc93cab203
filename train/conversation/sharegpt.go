package conversation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
)

// speakers are the names in "from" of a ShareGPT turn.
var speakers = map[string]chat.Role{
	"system": chat.System,
	"human":  chat.User, "user": chat.User,
	"gpt": chat.Assistant, "chatgpt": chat.Assistant, "assistant": chat.Assistant, "model": chat.Assistant, "bot": chat.Assistant,
	"function_call": chat.Assistant,
	"tool":          chat.ToolResult, "observation": chat.ToolResult, "function_response": chat.ToolResult,
}

// turnKeys are what a turn of from and value may have.
var turnKeys = append([]string{"from", "value"}, weightKeys...)

// readShareGPT reads turns of from and value, or of role and content.
func readShareGPT(o *Object, e *Example) error {
	system, err := o.Text("system", true)
	if err != nil {
		return err
	}
	messages := &e.Conversation.Messages
	if system != "" {
		*messages = append(*messages, chat.Text(chat.System, system))
	}
	list, err := o.List("conversations")
	if err != nil {
		return err
	}
	turns, err := e.turns("conversations", list)
	if err != nil {
		return err
	}
	*messages = append(*messages, turns...)
	e.Conversation.Tools, err = readTools(o)
	return err
}

// turns reads turns of from and value, or messages of role and content.
func (e *Example) turns(path string, list []json.RawMessage) ([]chat.Message, error) {
	var messages []chat.Message
	lastCall := ""
	for i, data := range list {
		m, err := e.turn(fmt.Sprintf("%s[%d]", path, i), data, lastCall)
		if err != nil {
			return nil, err
		}
		if n := len(m.ToolCalls); n > 0 {
			lastCall = m.ToolCalls[n-1].ID
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// turn reads one of them; lastCall is the ID of the last call before it.
func (e *Example) turn(path string, data []byte, lastCall string) (chat.Message, error) {
	o, err := ParseObject(path, data)
	if err != nil {
		return chat.Message{}, err
	}
	if o.Has("from") {
		return e.fromTurn(&o, lastCall)
	}
	return e.message(path, data)
}

// fromTurn reads a turn of from and value.
func (e *Example) fromTurn(turn *Object, lastCall string) (m chat.Message, err error) {
	from, err := turn.Text("from", false)
	if err != nil {
		return m, err
	}
	role, ok := speakers[from]
	if !ok {
		return m, bad(turn.At("from"), "nobody is called %q: use human, gpt, system, function_call or observation", from)
	}
	if role == chat.Assistant {
		if err := e.weight(turn, true); err != nil {
			return m, err
		}
	}
	e.ignore(turn)
	value, err := turn.Text("value", false)
	if err != nil {
		return m, err
	}
	if from == "function_call" {
		call, err := ParseObject(turn.At("value"), []byte(value))
		if err != nil {
			return m, err
		}
		c, err := readCall(&call)
		c.ID = turn.path // unique in the conversation
		return chat.Message{Role: role, ToolCalls: []chat.ToolCall{c}}, err
	}
	m = chat.Text(role, value)
	if role == chat.ToolResult {
		m.ToolCallID = lastCall
	}
	return m, nil
}

// ignore notes the keys of a turn that have no meaning, each once for an object.
func (e *Example) ignore(turn *Object) {
	list, _, _ := strings.Cut(turn.path, "[")
	for key := range turn.fields {
		name := list + "[]." + key
		if turn.Has(key) && !slices.Contains(turnKeys, key) && !slices.Contains(e.Ignored, name) {
			e.Ignored = append(e.Ignored, name)
		}
	}
}
