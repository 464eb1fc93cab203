package chat

import _ "embed"

// DefaultJinja is Default's template as Jinja text, for a model's
// chat_template.jinja: other programs render the same text from it.
//
//go:embed default.jinja
var DefaultJinja string

const (
	turnBegin = "<|im_start|>"
	turnEnd   = "<|im_end|>"

	toolsBegin = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" +
		"You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
	toolsEnd = "\n</tools>\n\nFor each function call, return a json object with function name and arguments " +
		"within <tool_call></tool_call> XML tags:\n<tool_call>\n" +
		"{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>"
)

// renderDefault is DefaultJinja by hand.
func renderDefault(c *Conversation, o RenderOptions) ([]Segment, error) {
	var w segmentWriter
	messages := c.Messages
	if len(c.Tools) > 0 {
		w.control(turnBegin + "system\n")
		if m := &messages[0]; m.Role == System || m.Role == Developer {
			if !m.empty() {
				w.content(m)
				w.control("\n\n")
			}
			messages = messages[1:]
		}
		if err := w.tools(c.Tools); err != nil {
			return nil, err
		}
	}
	for i := range messages {
		m := &messages[i]
		switch m.Role {
		case Assistant:
			if err := w.assistant(m, o.Continue && i == len(messages)-1); err != nil {
				return nil, err
			}
		case ToolResult:
			if i == 0 || messages[i-1].Role != ToolResult {
				w.control(turnBegin + "user")
			}
			w.control("\n<tool_response>\n")
			w.content(m)
			w.control("\n</tool_response>")
			if i == len(messages)-1 || messages[i+1].Role != ToolResult {
				w.control(turnEnd + "\n")
			}
		default:
			role := m.Role
			if role == Developer {
				role = System
			}
			w.control(turnBegin + string(role) + "\n")
			w.content(m)
			w.control(turnEnd + "\n")
		}
	}
	if o.Prompt {
		w.control(turnBegin + "assistant\n")
	}
	return w.segments, nil
}

// tools lists the tools in the system message, and ends it.
func (w *segmentWriter) tools(tools []Tool) error {
	w.control(toolsBegin)
	for i := range tools {
		v, err := toolValue(&tools[i])
		if err != nil {
			return err
		}
		text, err := v.JSON()
		if err != nil {
			return err
		}
		w.control("\n")
		w.plain(text)
	}
	w.control(toolsEnd + turnEnd + "\n")
	return nil
}

// assistant writes an assistant's turn, all of it its own but the markup around
// it; open, without its end.
func (w *segmentWriter) assistant(m *Message, open bool) error {
	w.control(turnBegin + "assistant\n")
	w.loss = true
	defer func() { w.loss = false }()
	w.content(m)
	for i := range m.ToolCalls {
		fn, err := calledValue(&m.ToolCalls[i], 0)
		if err != nil {
			return err
		}
		text, err := fn.JSON()
		if err != nil {
			return err
		}
		if i > 0 || !m.empty() {
			w.control("\n")
		}
		w.control("<tool_call>\n")
		w.plain(text)
		w.control("\n</tool_call>")
	}
	if open {
		return nil
	}
	w.control(turnEnd)
	w.loss = false
	w.control("\n")
	return nil
}
