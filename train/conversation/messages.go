package conversation

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/chat"
)

func readMessages(o *object, e *Example) error {
	list, err := o.list("messages")
	if err != nil {
		return err
	}
	for i, data := range list {
		m, err := e.message(fmt.Sprintf("messages[%d]", i), data)
		if err != nil {
			return err
		}
		e.Conversation.Messages = append(e.Conversation.Messages, m)
	}
	e.Conversation.Tools, err = readTools(o)
	return err
}

// message reads a message as OpenAI has them.
func (e *Example) message(path string, data []byte) (m chat.Message, err error) {
	o, err := parseObject(path, data)
	if err != nil {
		return m, err
	}
	for key := range o.fields {
		if known := []string{"role", "content", "name", "tool_calls", "tool_call_id", "weight"}; !slices.Contains(known, key) && o.has(key) {
			return m, bad(o.at(key), "a message has no such key, only role, content, name, tool_calls and tool_call_id")
		}
	}
	if w := string(o.fields["weight"]); w != "" && w != "null" && w != "1" {
		return m, bad(o.at("weight"), "it is %s: every message of the assistant is learned; leave the line out, or split the conversation", w)
	}
	role, err := o.text("role", false)
	if err != nil {
		return m, err
	}
	m.Role = chat.Role(role)
	if m.Name, err = o.text("name", true); err != nil {
		return m, err
	}
	if m.ToolCallID, err = o.text("tool_call_id", true); err != nil {
		return m, err
	}
	if m.Content, err = e.content(&o); err != nil {
		return m, err
	}
	if o.has("tool_calls") {
		m.ToolCalls, err = readCalls(&o)
	}
	return m, err
}

// content reads a text, or a list of texts and pictures.
func (e *Example) content(o *object) ([]chat.Part, error) {
	if !o.has("content") {
		return nil, nil
	}
	if kindOf(o.fields["content"]) != "a list" {
		text, err := o.text("content", false)
		return []chat.Part{{Text: text}}, err
	}
	list, err := o.list("content")
	if err != nil {
		return nil, err
	}
	var parts []chat.Part
	for i, data := range list {
		part, err := parseObject(fmt.Sprintf("%s[%d]", o.at("content"), i), data)
		if err != nil {
			return nil, err
		}
		kind, err := part.text("type", false)
		if err != nil {
			return nil, err
		}
		p, err := e.part(&part, kind)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func (e *Example) part(o *object, kind string) (p chat.Part, err error) {
	switch kind {
	case "text":
		p.Text, err = o.text("text", false)
	case "image_url", "image":
		p, err = e.imagePart(o, kind)
	default:
		err = bad(o.at("type"), "it is %s: only text, image_url and image are known", visible(kind))
	}
	return p, err
}

func readCalls(o *object) ([]chat.ToolCall, error) {
	list, err := o.list("tool_calls")
	if err != nil {
		return nil, err
	}
	var calls []chat.ToolCall
	for i, data := range list {
		call, err := parseObject(fmt.Sprintf("%s[%d]", o.at("tool_calls"), i), data)
		if err != nil {
			return nil, err
		}
		id, err := call.text("id", true)
		if err != nil {
			return nil, err
		}
		function := call
		if call.has("function") {
			if function, err = parseObject(call.at("function"), call.fields["function"]); err != nil {
				return nil, err
			}
		}
		c, err := readCall(&function)
		if err != nil {
			return nil, err
		}
		if c.ID = id; id == "" {
			c.ID = fmt.Sprintf("%s[%d]", o.at("tool_calls"), i) // unique in the conversation
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// readCall reads the name and the arguments, which are JSON or a text of it.
func readCall(o *object) (c chat.ToolCall, err error) {
	if c.Name, err = o.text("name", false); err != nil || !o.has("arguments") {
		return c, err
	}
	if kindOf(o.fields["arguments"]) == "a text" {
		c.Arguments, err = o.text("arguments", false)
		return c, err
	}
	c.Arguments = string(o.fields["arguments"])
	return c, nil
}

// readTools reads tools, a list or a text of one.
func readTools(o *object) ([]chat.Tool, error) {
	if !o.has("tools") {
		return nil, nil
	}
	if kindOf(o.fields["tools"]) == "a text" {
		text, err := o.text("tools", false)
		if err != nil || text == "" {
			return nil, err
		}
		o = &object{path: o.path, fields: map[string]json.RawMessage{"tools": json.RawMessage(text)}}
	}
	list, err := o.list("tools")
	if err != nil {
		return nil, err
	}
	var tools []chat.Tool
	for i, data := range list {
		tool, err := parseObject(fmt.Sprintf("%s[%d]", o.at("tools"), i), data)
		if err != nil {
			return nil, err
		}
		if tool.has("function") {
			if tool, err = parseObject(tool.at("function"), tool.fields["function"]); err != nil {
				return nil, err
			}
		}
		var t chat.Tool
		if t.Name, err = tool.text("name", false); err != nil {
			return nil, err
		}
		if t.Description, err = tool.text("description", true); err != nil {
			return nil, err
		}
		if tool.has("parameters") {
			t.Parameters = tool.fields["parameters"]
		}
		tools = append(tools, t)
	}
	return tools, nil
}
