package conversation

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/chat"
)

func readMessages(o *Object, e *Example) error {
	list, err := o.List("messages")
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
	o, err := ParseObject(path, data)
	if err != nil {
		return m, err
	}
	for key := range o.fields {
		if known := []string{"role", "content", "name", "tool_calls", "tool_call_id", "weight", "loss_weight"}; !slices.Contains(known, key) && o.Has(key) {
			return m, bad(o.At(key), "a message has no such key, only role, content, name, tool_calls and tool_call_id")
		}
	}
	if err := e.weight(&o, string(o.fields["role"]) == `"assistant"`); err != nil {
		return m, err
	}
	role, err := o.Text("role", false)
	if err != nil {
		return m, err
	}
	m.Role = chat.Role(role)
	if m.Name, err = o.Text("name", true); err != nil {
		return m, err
	}
	if m.ToolCallID, err = o.Text("tool_call_id", true); err != nil {
		return m, err
	}
	if m.Content, err = e.content(&o); err != nil {
		return m, err
	}
	if o.Has("tool_calls") {
		m.ToolCalls, err = readCalls(&o)
	}
	return m, err
}

// weightKeys say in messages and turns whether they are learned.
var weightKeys = []string{"weight", "loss_weight", "loss"}

// weight refuses messages of the assistant that shall not be learned, and weights
// that say nothing.
func (e *Example) weight(o *Object, assistant bool) error {
	if e.weightless {
		return nil
	}
	for _, key := range weightKeys {
		if !o.Has(key) || saysLearn(o.fields[key]) || key == "loss_weight" && !assistant {
			continue
		}
		return bad(o.At(key), "it is %s: every message of the assistant is learned; leave the line out, or split the conversation", o.fields[key])
	}
	return nil
}

// saysLearn reports whether a weight is 1 or true.
func saysLearn(data json.RawMessage) bool {
	var weight float64
	var yes bool
	return json.Unmarshal(data, &weight) == nil && weight == 1 || json.Unmarshal(data, &yes) == nil && yes
}

// content reads a text, or a list of texts and pictures.
func (e *Example) content(o *Object) ([]chat.Part, error) {
	if !o.Has("content") {
		return nil, nil
	}
	if KindOf(o.fields["content"]) != "a list" {
		text, err := o.Text("content", false)
		return []chat.Part{{Text: text}}, err
	}
	list, err := o.List("content")
	if err != nil {
		return nil, err
	}
	var parts []chat.Part
	for i, data := range list {
		part, err := ParseObject(fmt.Sprintf("%s[%d]", o.At("content"), i), data)
		if err != nil {
			return nil, err
		}
		kind, err := part.Text("type", false)
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

func (e *Example) part(o *Object, kind string) (p chat.Part, err error) {
	switch kind {
	case "text":
		p.Text, err = o.Text(o.either("text", "value"), false)
	case "image_url", "image":
		p, err = e.imagePart(o, kind)
	default:
		err = bad(o.At("type"), "it is %s: only text, image_url and image are known", visible(kind))
	}
	return p, err
}

func readCalls(o *Object) ([]chat.ToolCall, error) {
	list, err := o.List("tool_calls")
	if err != nil {
		return nil, err
	}
	var calls []chat.ToolCall
	for i, data := range list {
		call, err := ParseObject(fmt.Sprintf("%s[%d]", o.At("tool_calls"), i), data)
		if err != nil {
			return nil, err
		}
		id, err := call.Text("id", true)
		if err != nil {
			return nil, err
		}
		function := call
		if call.Has("function") {
			if function, err = ParseObject(call.At("function"), call.fields["function"]); err != nil {
				return nil, err
			}
		}
		c, err := readCall(&function)
		if err != nil {
			return nil, err
		}
		if c.ID = id; id == "" {
			c.ID = fmt.Sprintf("%s[%d]", o.At("tool_calls"), i) // unique in the conversation
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// readCall reads the name and the arguments, which are JSON or a text of it.
func readCall(o *Object) (c chat.ToolCall, err error) {
	if c.Name, err = o.Text("name", false); err != nil || !o.Has("arguments") {
		return c, err
	}
	if KindOf(o.fields["arguments"]) == "a text" {
		c.Arguments, err = o.Text("arguments", false)
		return c, err
	}
	c.Arguments = string(o.fields["arguments"])
	return c, nil
}

// readTools reads tools, a list or a text of one.
func readTools(o *Object) ([]chat.Tool, error) {
	if !o.Has("tools") {
		return nil, nil
	}
	if KindOf(o.fields["tools"]) == "a text" {
		text, err := o.Text("tools", false)
		if err != nil || text == "" {
			return nil, err
		}
		o = &Object{path: o.path, fields: map[string]json.RawMessage{"tools": json.RawMessage(text)}}
	}
	list, err := o.List("tools")
	if err != nil {
		return nil, err
	}
	var tools []chat.Tool
	for i, data := range list {
		tool, err := ParseObject(fmt.Sprintf("%s[%d]", o.At("tools"), i), data)
		if err != nil {
			return nil, err
		}
		if tool.Has("function") {
			if tool, err = ParseObject(tool.At("function"), tool.fields["function"]); err != nil {
				return nil, err
			}
		}
		var t chat.Tool
		if t.Name, err = tool.Text("name", false); err != nil {
			return nil, err
		}
		if t.Description, err = tool.Text("description", true); err != nil {
			return nil, err
		}
		if tool.Has("parameters") {
			t.Parameters = tool.fields["parameters"]
		}
		tools = append(tools, t)
	}
	return tools, nil
}
