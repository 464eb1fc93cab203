package chat

// The values that templates see, as transformers' apply_chat_template passes
// them.

// toolValue is the tool as the OpenAI API and templates have it.
func toolValue(t *Tool) (*dict, error) {
	parameters, err := parseJSON(t.parameters(), fromTools)
	if err != nil {
		return nil, err
	}
	fn := newDict()
	fn.put("name", marked(t.Name, fromTools))
	if t.Description != "" {
		fn.put("description", marked(t.Description, fromTools))
	}
	fn.put("parameters", parameters)
	d := newDict()
	d.put("type", plain("function"))
	d.put("function", fn)
	return d, nil
}

// callValue is a call in the message of index i.
func callValue(c *ToolCall, i int) (*dict, error) {
	arguments, err := parseJSON([]byte(c.arguments()), i)
	if err != nil {
		return nil, err
	}
	if d, ok := arguments.(*dict); ok {
		written := marked(c.arguments(), i)
		d.json = &written
	}
	fn := newDict()
	fn.put("name", marked(c.Name, i))
	fn.put("arguments", arguments)
	d := newDict()
	d.put("id", marked(c.ID, i))
	d.put("type", plain("function"))
	d.put("function", fn)
	return d, nil
}

// messageValue is message i; names are those of the calls so far, by ID.
func messageValue(m *Message, i int, names map[string]string) (*dict, error) {
	d := newDict()
	role := m.Role
	if role == Developer {
		role = System
	}
	d.put("role", plain(string(role)))
	if len(m.Content) == 0 && m.Role == Assistant {
		d.put("content", none{})
	} else {
		d.put("content", marked(m.text(), i))
	}
	name := m.Name
	if name == "" {
		name = names[m.ToolCallID]
	}
	if name != "" {
		d.put("name", marked(name, i))
	}
	if m.ToolCallID != "" {
		d.put("tool_call_id", marked(m.ToolCallID, i))
	}
	if len(m.ToolCalls) == 0 {
		return d, nil
	}
	calls := &list{}
	for j := range m.ToolCalls {
		c, err := callValue(&m.ToolCalls[j], i)
		if err != nil {
			return nil, err
		}
		calls.items = append(calls.items, c)
		names[m.ToolCalls[j].ID] = m.ToolCalls[j].Name
	}
	d.put("tool_calls", calls)
	return d, nil
}

// variables are what a template sees of a conversation that was checked.
func (c *Conversation) variables(prompt bool) (map[string]value, error) {
	messages := &list{}
	names := map[string]string{}
	for i := range c.Messages {
		m, err := messageValue(&c.Messages[i], i, names)
		if err != nil {
			return nil, err
		}
		messages.items = append(messages.items, m)
	}
	var tools value = none{}
	if len(c.Tools) > 0 {
		l := &list{}
		for i := range c.Tools {
			t, err := toolValue(&c.Tools[i])
			if err != nil {
				return nil, err
			}
			l.items = append(l.items, t)
		}
		tools = l
	}
	return map[string]value{
		"messages": messages, "tools": tools, "documents": none{},
		"add_generation_prompt": prompt,
	}, nil
}
