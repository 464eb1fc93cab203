package chat

import "github.com/polymath-lm/polymath/chat/jinja"

// The values that templates see, as transformers' apply_chat_template passes
// them. Sources of text are the indices of messages, or fromTools.
const fromTools = -1

// toolValue is the tool as the OpenAI API and templates have it.
func toolValue(t *Tool) (jinja.Value, error) {
	parameters, err := jinja.ParseJSON(t.parameters(), fromTools)
	if err != nil {
		return jinja.Value{}, err
	}
	var fn jinja.Dict
	fn.Put("name", jinja.Marked(t.Name, fromTools))
	if t.Description != "" {
		fn.Put("description", jinja.Marked(t.Description, fromTools))
	}
	fn.Put("parameters", parameters)
	return withFunction(jinja.Dict{}, fn.Value()), nil
}

func withFunction(d jinja.Dict, fn jinja.Value) jinja.Value {
	d.Put("type", jinja.String("function"))
	d.Put("function", fn)
	return d.Value()
}

// calledValue is the function of a call in the message of index i, and
// callValue the call.
func calledValue(c *ToolCall, i int) (jinja.Value, error) {
	arguments, err := jinja.ParseArguments(c.arguments(), i)
	if err != nil {
		return jinja.Value{}, err
	}
	var fn jinja.Dict
	fn.Put("name", jinja.Marked(c.Name, i))
	fn.Put("arguments", arguments)
	return fn.Value(), nil
}

func callValue(c *ToolCall, i int) (jinja.Value, error) {
	fn, err := calledValue(c, i)
	if err != nil {
		return jinja.Value{}, err
	}
	var d jinja.Dict
	d.Put("id", jinja.Marked(c.ID, i))
	return withFunction(d, fn), nil
}

// messageValue is message i; names are those of the calls so far, by ID. With
// lists, its content is a list of parts even if all are text.
func messageValue(m *Message, i int, names map[string]string, lists bool) (jinja.Value, error) {
	var d jinja.Dict
	role := m.Role
	if role == Developer {
		role = System
	}
	d.Put("role", jinja.String(string(role)))
	d.Put("content", contentValue(m, i, lists))
	name := m.Name
	if name == "" {
		name = names[m.ToolCallID]
	}
	if name != "" {
		d.Put("name", jinja.Marked(name, i))
	}
	if m.ToolCallID != "" {
		d.Put("tool_call_id", jinja.Marked(m.ToolCallID, i))
	}
	if len(m.ToolCalls) == 0 {
		return d.Value(), nil
	}
	calls := make([]jinja.Value, len(m.ToolCalls))
	for j := range calls {
		var err error
		if calls[j], err = callValue(&m.ToolCalls[j], i); err != nil {
			return jinja.Value{}, err
		}
		names[m.ToolCalls[j].ID] = m.ToolCalls[j].Name
	}
	d.Put("tool_calls", jinja.List(calls...))
	return d.Value(), nil
}

// variables are what a template sees of a conversation that was checked.
func (c *Conversation) variables(prompt, lists bool) (map[string]jinja.Value, error) {
	var err error
	messages := make([]jinja.Value, len(c.Messages))
	names := map[string]string{}
	for i := range messages {
		if messages[i], err = messageValue(&c.Messages[i], i, names, lists); err != nil {
			return nil, err
		}
	}
	var tools jinja.Value
	if len(c.Tools) > 0 {
		list := make([]jinja.Value, len(c.Tools))
		for i := range list {
			if list[i], err = toolValue(&c.Tools[i]); err != nil {
				return nil, err
			}
		}
		tools = jinja.List(list...)
	}
	return map[string]jinja.Value{
		"messages": jinja.List(messages...), "tools": tools, "documents": {},
		"add_generation_prompt": jinja.Bool(prompt),
	}, nil
}
