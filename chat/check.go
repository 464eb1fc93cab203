package chat

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/polymath-lm/polymath/chat/jinja"
)

// check reports what makes no sense in a conversation.
func (c *Conversation) check(o RenderOptions) error {
	if len(c.Messages) == 0 {
		return fmt.Errorf("%w: it has no messages", ErrConversation)
	}
	if o.Prompt && o.Continue {
		return fmt.Errorf("%w: an answer cannot both begin and continue", ErrConversation)
	}
	calls := map[string]bool{} // the IDs of the calls so far
	for i := range c.Messages {
		if err := c.Messages[i].check(calls); err != nil {
			return fmt.Errorf("%w: message %d: %w", ErrConversation, i, err)
		}
	}
	if last := &c.Messages[len(c.Messages)-1]; o.Continue && (last.Role != Assistant || len(last.ToolCalls) > 0 || last.endsInImage()) {
		return fmt.Errorf("%w: message %d: only an assistant's text can be continued", ErrConversation, len(c.Messages)-1)
	}
	if o.Continue && len(c.Messages) == 1 && c.Messages[0].text() == "" {
		return fmt.Errorf("%w: message 0: there is nothing to continue", ErrConversation)
	}
	return checkTools(c.Tools)
}

func (m *Message) check(calls map[string]bool) error {
	for j, part := range m.Content {
		if part.Text != "" && part.Image != nil {
			return fmt.Errorf("part %d is both text and an image", j)
		}
	}
	switch m.Role {
	case System, Developer, User:
		if len(m.Content) == 0 {
			return fmt.Errorf("the %s says nothing", m.Role)
		}
	case Assistant:
		if len(m.Content) == 0 && len(m.ToolCalls) == 0 {
			return fmt.Errorf("the assistant neither says nor calls anything")
		}
	case ToolResult:
		if m.ToolCallID == "" {
			return fmt.Errorf("the tool's message has no tool call ID")
		}
		if !calls[m.ToolCallID] {
			return fmt.Errorf("no call before it has the ID %q", m.ToolCallID)
		}
	default:
		return fmt.Errorf("the role %q is unknown", m.Role)
	}
	if m.Role != ToolResult && m.ToolCallID != "" {
		return fmt.Errorf("only a tool's message has a tool call ID")
	}
	if m.Role != Assistant && len(m.ToolCalls) > 0 {
		return fmt.Errorf("only the assistant calls tools")
	}
	return m.checkCalls(calls)
}

func (m *Message) checkCalls(calls map[string]bool) error {
	for j, call := range m.ToolCalls {
		switch {
		case call.Name == "":
			return fmt.Errorf("tool call %d has no name", j)
		case call.ID == "":
			return fmt.Errorf("tool call %d (%s) has no ID", j, call.Name)
		case calls[call.ID]:
			return fmt.Errorf("tool call %d (%s) has the ID %q of an earlier one", j, call.Name, call.ID)
		}
		if _, err := jinja.ParseJSON([]byte(call.arguments()), 0); err != nil {
			return fmt.Errorf("tool call %d (%s): the arguments are not JSON: %w", j, call.Name, err)
		}
		calls[call.ID] = true
	}
	return nil
}

func checkTools(tools []Tool) error {
	names := map[string]bool{}
	for i, t := range tools {
		switch {
		case t.Name == "":
			return fmt.Errorf("%w: tool %d has no name", ErrConversation, i)
		case names[t.Name]:
			return fmt.Errorf("%w: tool %d: there is another %q", ErrConversation, i, t.Name)
		}
		names[t.Name] = true
		v, err := jinja.ParseJSON(t.parameters(), fromTools)
		if err != nil {
			return fmt.Errorf("%w: tool %d (%s): the parameters are not JSON: %w", ErrConversation, i, t.Name, err)
		}
		if !v.IsDict() {
			return fmt.Errorf("%w: tool %d (%s): the parameters are not an object", ErrConversation, i, t.Name)
		}
	}
	return nil
}

func (c *ToolCall) arguments() string {
	if c.Arguments == "" {
		return "{}"
	}
	return c.Arguments
}

func (t *Tool) parameters() json.RawMessage {
	if p := bytes.TrimSpace(t.Parameters); len(p) > 0 && !bytes.Equal(p, []byte("null")) {
		return t.Parameters
	}
	return json.RawMessage(`{"type": "object", "properties": {}}`)
}

// text returns the message's text parts, with a newline between.
func (m *Message) text() string {
	if len(m.Content) == 1 {
		return m.Content[0].Text
	}
	var b []byte
	for i, p := range m.Content {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, p.Text...)
	}
	return string(b)
}
