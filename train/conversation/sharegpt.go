package conversation

import (
	"fmt"

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

// readShareGPT reads turns of from and value, or of role and content.
func readShareGPT(o *object, e *Example) error {
	system, err := o.text("system", true)
	if err != nil {
		return err
	}
	messages := &e.Conversation.Messages
	if system != "" {
		*messages = append(*messages, chat.Text(chat.System, system))
	}
	list, err := o.list("conversations")
	if err != nil {
		return err
	}
	lastCall := ""
	for i, data := range list {
		path := fmt.Sprintf("conversations[%d]", i)
		turn, err := parseObject(path, data)
		if err != nil {
			return err
		}
		var m chat.Message
		if turn.has("from") {
			m, err = readTurn(&turn, lastCall)
		} else {
			m, err = e.message(path, data)
		}
		if err != nil {
			return err
		}
		if n := len(m.ToolCalls); n > 0 {
			lastCall = m.ToolCalls[n-1].ID
		}
		*messages = append(*messages, m)
	}
	e.Conversation.Tools, err = readTools(o)
	return err
}

func readTurn(turn *object, lastCall string) (m chat.Message, err error) {
	from, err := turn.text("from", false)
	if err != nil {
		return m, err
	}
	role, ok := speakers[from]
	if !ok {
		return m, bad(turn.at("from"), "nobody is called %q: use human, gpt, system, function_call or observation", from)
	}
	value, err := turn.text("value", false)
	if err != nil {
		return m, err
	}
	if from == "function_call" {
		call, err := parseObject(turn.at("value"), []byte(value))
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
