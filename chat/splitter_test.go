package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// split is what a splitter made of an answer.
type split struct {
	Content string
	Calls   []ToolCall
}

// collect pushes pieces and joins the events.
func collect(t testing.TB, tpl *Template, pieces ...string) split {
	t.Helper()
	s := tpl.NewSplitter(true)
	var out split
	for i := 0; i <= len(pieces); i++ {
		var events []Event
		if i < len(pieces) {
			events = s.Push(pieces[i])
		} else {
			events = s.Flush()
		}
		for _, e := range events {
			switch {
			case e.Call < 0:
				if e.Content == "" || e.Name != "" || e.Arguments != "" {
					t.Errorf("event %+v", e)
				}
				out.Content += e.Content
			case e.Name != "":
				if e.Call != len(out.Calls) {
					t.Errorf("call %d after %d", e.Call, len(out.Calls))
				}
				out.Calls = append(out.Calls, ToolCall{Name: e.Name, Arguments: e.Arguments})
			default:
				if e.Call != len(out.Calls)-1 || e.Arguments == "" {
					t.Fatalf("event %+v after %d calls", e, len(out.Calls))
				}
				out.Calls[e.Call].Arguments += e.Arguments
			}
		}
	}
	if rest := s.Flush(); len(rest) > 0 {
		t.Errorf("a second Flush gives %+v", rest)
	}
	return out
}

func (s split) String() string {
	b, _ := json.Marshal(s)
	return string(b)
}

func withSyntax(begin, end string) *Template {
	return &Template{syntax: &ToolSyntax{begin, end}}
}

var (
	hermes  = Default()
	mistral = withSyntax("[TOOL_CALLS][", "]")
	llama   = withSyntax("", "")
)

func call(name, arguments string) ToolCall { return ToolCall{Name: name, Arguments: arguments} }

var splitCases = []struct {
	name     string
	template *Template
	answer   string
	content  string
	calls    []ToolCall
}{
	{"text", hermes, "Hello <b>there</b>\n", "Hello <b>there</b>\n", nil},
	{"call", hermes, "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, {\"b\": \"}\"}]}}\n</tool_call>", "", []ToolCall{call("f", `{"a": [1, {"b": "}"}]}`)}},
	{"text and call", hermes, "Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n", "Let me look.", []ToolCall{call("f", "{}")}},
	{"parallel", hermes, "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\":1}}\n</tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":{\"y\":\"\\\"\\\\\"}}</tool_call>", "", []ToolCall{call("f", `{"x":1}`), call("g", `{"y":"\"\\"}`)}},
	{"text after", hermes, "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\nDone.", "\nDone.", []ToolCall{call("f", "{}")}},
	{"arguments first", hermes, "<tool_call>{\"arguments\": {\"a\": 1 } , \"name\": \"f\\u00e9\"}</tool_call>", "", []ToolCall{call("fé", `{"a": 1 }`)}},
	{"parameters, other keys", hermes, "<tool_call>{\"id\": 7, \"name\": \"f\", \"parameters\": {\"a\": null}, \"x\": [\"<tool_call>\"]}</tool_call>", "", []ToolCall{call("f", `{"a": null}`)}},
	{"no arguments", hermes, "<tool_call>{\"name\": \"f\"}</tool_call>", "", []ToolCall{call("f", "{}")}},
	{"arguments that are text", hermes, `<tool_call>{"name": "f", "arguments": "{\"a\": 1}"}</tool_call>`, "", []ToolCall{call("f", `"{\"a\": 1}"`)}},
	{"arguments that are a number", hermes, `<tool_call>{"name": "f", "arguments": -1.5e+3 }</tool_call>`, "", []ToolCall{call("f", `-1.5e+3`)}},
	{"no end marker", hermes, `<tool_call>{"name": "f", "arguments": {}}`, "", []ToolCall{call("f", `{}`)}},
	{"cut in the end marker", hermes, "<tool_call>{\"name\": \"f\", \"arguments\": {}}\n</tool_", "", []ToolCall{call("f", `{}`)}},
	{"cut in the arguments", hermes, `<tool_call>{"name": "f", "arguments": {"a": "b`, "", []ToolCall{call("f", `{"a": "b`)}},
	{"cut before the name", hermes, "Hm\n<tool_call>\n{\"na", "Hm\n<tool_call>\n{\"na", nil},
	{"cut in the marker", hermes, "Hm\n<tool_ca", "Hm\n<tool_ca", nil},
	{"no JSON", hermes, "Write\n<tool_call>\nhere", "Write\n<tool_call>\nhere", nil},
	{"a call in no call", hermes, "<tool_call><tool_call>{\"x<tool_call>{\"name\":\"f\"}</tool_call>", "<tool_call><tool_call>{\"x", []ToolCall{call("f", "{}")}},
	{"a call after no call", hermes, "<tool_call>\n<tool_call>\n{\"name\":\"f\"}\n</tool_call>", "<tool_call>", []ToolCall{call("f", "{}")}},
	{"name is no text", hermes, `<tool_call>{"name": 7}</tool_call>`, `<tool_call>{"name": 7}</tool_call>`, nil},
	{"name is empty", hermes, `<tool_call>{"name": ""}</tool_call>`, `<tool_call>{"name": ""}</tool_call>`, nil},
	{"bad arguments", hermes, `<tool_call>{"name": "f", "arguments": {'a': 1}}</tool_call>`, `<tool_call>{"name": "f", "arguments": {'a': 1}}</tool_call>`, []ToolCall{call("f", `{`)}},
	{"two names", hermes, `<tool_call>{"name": "f", "name": "g"}</tool_call>`, `<tool_call>{"name": "f", "name": "g"}</tool_call>`, []ToolCall{call("f", "")}},

	{"mistral", mistral, `[TOOL_CALLS][{"name": "f", "arguments": {"a": [1]}, "id": "x"}, {"name": "g", "arguments": {}}]`, "", []ToolCall{call("f", `{"a": [1]}`), call("g", "{}")}},
	{"mistral with a blank", mistral, `Hm[TOOL_CALLS] [{"name": "f", "arguments": {}}]`, "Hm", []ToolCall{call("f", `{}`)}},
	{"mistral without array", mistral, `[TOOL_CALLS]{"name": "f", "arguments": {}}`, "", []ToolCall{call("f", `{}`)}},
	{"mistral twice", mistral, `[TOOL_CALLS][{"name": "f", "arguments": {}}][TOOL_CALLS][{"name": "g", "arguments": {}}]`, "", []ToolCall{call("f", `{}`), call("g", `{}`)}},
	{"mistral, second is no call", mistral, `[TOOL_CALLS][{"name": "f", "arguments": {}}, 5]`, ", 5]", []ToolCall{call("f", `{}`)}},

	{"llama", llama, `{"name": "f", "parameters": {"a": "b"}}`, "", []ToolCall{call("f", `{"a": "b"}`)}},
	{"llama with a tag", llama, `<|python_tag|>{"type": "function", "name": "f", "parameters": {}}`, "", []ToolCall{call("f", `{}`)}},
	{"llama twice", llama, "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {\"a\": 1}}", "", []ToolCall{call("f", `{}`), call("g", `{"a": 1}`)}},
	{"llama, JSON that is no call", llama, `{"name": "Bob", "age": 3}`, `{"name": "Bob", "age": 3}`, nil},
	{"llama, a name alone", llama, ` {"name": "Bob"}`, ` {"name": "Bob"}`, nil},
	{"llama, text", llama, ` Sure: {"name": "f", "parameters": {}}`, ` Sure: {"name": "f", "parameters": {}}`, nil},
	{"llama, blanks", llama, " \n", " \n", nil},
	{"llama, text after", llama, `{"name": "f", "parameters": {}} ok`, ` ok`, []ToolCall{call("f", `{}`)}},
	{"llama, parameters are no object", llama, `{"name": "f", "parameters": 5}`, `{"name": "f", "parameters": 5}`, nil},
}

// TestSplitter splits whole answers, and the same byte by byte and in two.
func TestSplitter(t *testing.T) {
	for _, c := range splitCases {
		want := split{c.content, c.calls}.String()
		if got := collect(t, c.template, c.answer).String(); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
		if got := collect(t, c.template, strings.Split(c.answer, "")...).String(); got != want {
			t.Errorf("%s, character by character: %s, want %s", c.name, got, want)
		}
		for i := range c.answer {
			if got := collect(t, c.template, c.answer[:i], c.answer[i:]).String(); got != want {
				t.Errorf("%s, cut at %d: %s, want %s", c.name, i, got, want)
			}
		}
	}
}

func TestSplitterWithoutTools(t *testing.T) {
	s := Default().NewSplitter(false)
	answer := "<tool_call>{\"name\": \"f\"}</tool_call>"
	events := append(s.Push(answer), s.Flush()...)
	if len(events) != 1 || events[0] != (Event{Content: answer, Call: -1}) {
		t.Errorf("%+v", events)
	}
}

// TestSplitterStreams checks what is told before an answer is complete.
func TestSplitterStreams(t *testing.T) {
	s := Default().NewSplitter(true)
	for _, step := range []struct {
		push string
		want []Event
	}{
		{"Let me", []Event{{Content: "Let me", Call: -1}}},
		{" see.\n<tool", []Event{{Content: " see.", Call: -1}}},
		{"_call>\n{\"name\": \"f", nil},
		{"\"", []Event{{Name: "f"}}},
		{", \"arguments\": {\"a\"", []Event{{Arguments: `{"a"`}}},
		{": 1}", []Event{{Arguments: `: 1}`}}},
		{"}\n</tool_call>", nil},
		{"\n<tool_call>{\"name\": \"g\", \"arguments\": {}}", []Event{{Call: 1, Name: "g"}, {Call: 1, Arguments: "{}"}}},
	} {
		got := s.Push(step.push)
		if len(got) != len(step.want) {
			t.Fatalf("%q gives %+v", step.push, got)
		}
		for i := range got {
			if got[i] != step.want[i] {
				t.Errorf("%q gives %+v", step.push, got)
			}
		}
	}
}

var splitWords = []string{
	"<tool_call>", "</tool_call>", "[TOOL_CALLS]", "[", "]", "{", "}", `"name"`, `"arguments"`, `"parameters"`, ":", ",",
	`"f"`, `"é\n"`, "1", "-0.5e1", "true", "null", " ", "\n", "text", "<", "<tool_", `{"name": "f", "arguments": {}}`,
	`{"name": "g", "parameters": {"a": [1, "x"]}}`, "<|python_tag|>", `\`, `"`, ";", "é",
}

// TestSplitterPieces checks on random answers that the pieces make no
// difference, that content without calls is the answer itself, and that a call
// that ended has arguments that are JSON.
func TestSplitterPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		answer := strings.Join(rapid.SliceOfN(rapid.SampledFrom(splitWords), 0, 20).Draw(t, "words"), "")
		tpl := rapid.SampledFrom([]*Template{hermes, mistral, llama}).Draw(t, "template")
		checkPieces(t, tpl, answer, rapid.SliceOf(rapid.IntRange(0, len(answer))).Draw(t, "cuts"))
	})
}

type reporter interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

func checkPieces(t reporter, tpl *Template, answer string, cuts []int) {
	t.Helper()
	tb := &testing.T{}
	whole := collect(tb, tpl, answer)
	var pieces []string
	from := 0
	for _, cut := range cuts {
		if cut > from {
			pieces = append(pieces, answer[from:cut])
			from = cut
		}
	}
	got := collect(tb, tpl, append(pieces, answer[from:])...)
	if tb.Failed() {
		t.Errorf("%q: events in a bad order", answer)
	}
	if got.String() != whole.String() {
		t.Errorf("%q in pieces %q: %s, whole: %s", answer, append(pieces, answer[from:]), got, whole)
	}
	if len(whole.Calls) == 0 && whole.Content != answer {
		t.Errorf("%q without calls gives %q", answer, whole.Content)
	}
	for i, c := range whole.Calls {
		if i < len(whole.Calls)-1 && !json.Valid([]byte(c.Arguments)) && !strings.Contains(whole.Content, c.Arguments) {
			t.Errorf("%q: call %d has arguments %q", answer, i, c.Arguments)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	for _, c := range splitCases {
		f.Add(c.answer, 3, 9)
	}
	f.Fuzz(func(t *testing.T, answer string, a, b int) {
		for _, tpl := range []*Template{hermes, mistral, llama} {
			checkPieces(t, tpl, answer, []int{min(max(a, 0), len(answer)), min(max(b, 0), len(answer))})
		}
	})
}
