package chat

import "strings"

// ToolSyntax is how a model writes a call: Begin, a JSON object with the keys
// "name" and "arguments", End. Both may be empty: then an answer that is such
// an object, and nothing before it, is a call.
type ToolSyntax struct{ Begin, End string }

// ToolSyntax returns how the template's model writes calls; false: the template
// knows no tools, or a way of calling them that we do not read.
func (t *Template) ToolSyntax() (ToolSyntax, bool) {
	if t.syntax == nil {
		return ToolSyntax{}, false
	}
	return *t.syntax, true
}

// findSyntax looks for the known markers in a template's source: Hermes's and
// Qwen's, Mistral's of before 2025, Firefunction's, and Llama 3's bare JSON.
func findSyntax(source string) *ToolSyntax {
	has := func(s string) bool { return strings.Contains(source, s) }
	switch {
	case has("<tool_call>") && !has("<function=") && !has("<arg_key>"):
		return &ToolSyntax{Begin: "<tool_call>\n", End: "\n</tool_call>"}
	case has("[TOOL_CALLS]") && !has("[ARGS]") && !has("[CALL_ID]"):
		return &ToolSyntax{Begin: "[TOOL_CALLS][", End: "]"}
	case has("functools["):
		return &ToolSyntax{Begin: "functools[", End: "]"}
	case has("<|python_tag|>"), has("<|start_header_id|>") && has(`"parameters": `):
		return &ToolSyntax{}
	}
	return nil
}
