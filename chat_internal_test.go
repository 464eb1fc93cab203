package polymath

import (
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
)

// TestStopsAndCalls: where an answer may have calls, stop strings end its content and
// never reach into a call, however the text is cut.
func TestStopsAndCalls(t *testing.T) {
	const call = "<tool_call>\n{\"name\": \"paint\", \"arguments\": {\"color\": \"red\"}}\n</tool_call>"
	for _, c := range []struct {
		text, content string
		calls         int
		complete      bool
	}{
		{"I paint. " + call, "I paint. ", 1, false},
		{"I } paint. " + call, "I ", 0, true},
		{call + call + " Done } more", " Done ", 2, true},
		{"All of a sto", "All of a sto", 0, false}, // what might have become a stop string
		{"All of a stop.", "All of a ", 0, true},
	} {
		for size := 1; size <= len(c.text); size += 3 {
			var content strings.Builder
			calls, arguments := 0, ""
			a := answer{splitter: chat.Default().NewSplitter(true), stops: []string{"}", "stop"}, id: func(int) string { return "id" }}
			a.yield = func(chunk ChatChunk, _ error) bool {
				for _, e := range chunk.Events {
					if e.Call < 0 {
						content.WriteString(e.Content)
					} else {
						arguments += e.Arguments
					}
				}
				calls = len(chunk.CallIDs)
				return true
			}
			complete := false
			for piece := range slices.Chunk([]byte(c.text), size) {
				if complete = a.receive(string(piece), Token{Bytes: piece}); complete {
					break
				}
			}
			a.end("", infer.Result{}, nil)
			if got := strings.TrimRight(content.String(), "\n"); got != c.content || calls != c.calls || complete != c.complete {
				t.Errorf("%q by %d: content %q, %d calls, complete %v", c.text, size, got, calls, complete)
			}
			if want := strings.Repeat(`{"color": "red"}`, c.calls); arguments != want {
				t.Errorf("%q by %d: arguments %q, want %q", c.text, size, arguments, want)
			}
		}
	}
}

// TestObjectSchema: arguments are an object, whatever the parameters leave open.
func TestObjectSchema(t *testing.T) {
	for parameters, want := range map[string]string{
		"":                         noArguments,
		`{}`:                       `{"type":"object"}`,
		`{"description":"a b"}`:    `{"description":"a b","type":"object"}`,
		`{"type":"object","x":1}`:  `{"type":"object","x":1}`,
		`{"type":["object"]}`:      `{"type":["object"]}`,
		`true`:                     `true`,
		`null`:                     `null`,
		`{"properties":{"b":{ }}}`: `{"properties":{"b":{}},"type":"object"}`,
	} {
		if got := string(objectSchema([]byte(parameters))); got != want {
			t.Errorf("%s: %s, want %s", parameters, got, want)
		}
	}
}
