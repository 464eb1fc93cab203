package serve

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
)

// TestFullWindow: at the doors of all three APIs a real model fills its window to
// the last token, and one token more is an error with both numbers.
func TestFullWindow(t *testing.T) {
	const window = 200
	s := siteOf(t, realModel(t, false), []polymath.Option{polymath.WithContextWindow(window), polymath.WithPrefillChunk(9)})
	// Nothing ends an answer before it is as long as was asked for.
	form := func(more string) string { return `,"temperature":0,"guided_regex":"[ -~]{400}"` + more }
	text := strings.Repeat("A stitch in time. ", 4)
	for _, door := range []struct {
		path, field, output, prompt string
		body                        func(text, more string) string
	}{
		{chatPath, "max_completion_tokens", "usage.completion_tokens", "usage.prompt_tokens", func(text, more string) string { return say(text, form(more)) }},
		{"/v1/completions", "max_tokens", "usage.completion_tokens", "usage.prompt_tokens", func(text, more string) string {
			return fmt.Sprintf(`{"model":"fake","prompt":%q%s}`, text, form(more))
		}},
		{"/v1/responses", "max_output_tokens", "usage.output_tokens", "usage.input_tokens", func(text, more string) string {
			return fmt.Sprintf(`{"model":"fake","input":%q%s}`, text, form(more))
		}},
	} {
		number := func(a answer, path string) int {
			n, ok := a.json(t, path).(float64)
			if !ok {
				t.Fatalf("%s: %d %s", door.path, a.status, a.text)
			}
			return int(n)
		}
		ask := func(n int, more string) answer {
			return s.post(door.path, door.body(text, fmt.Sprintf(`,%q:%d%s`, door.field, n, more)))
		}
		prompt := number(ask(1, ""), door.prompt)
		room := window - prompt
		if a := ask(room, ""); a.status != http.StatusOK || number(a, door.output) != room || number(a, door.prompt) != prompt {
			t.Errorf("%s: %d tokens of %d after %d: %s", door.path, number(a, door.output), room, prompt, a.text)
		}
		for _, more := range []string{"", `,"stream":true`} {
			a := ask(room+1, more)
			if a.status != http.StatusBadRequest || a.json(t, "error.code") != "context_length_exceeded" ||
				!strings.Contains(a.text, fmt.Sprintf("is %d tokens", window)) || !strings.Contains(a.text, fmt.Sprintf("requested %d tokens (%d in", window+1, prompt)) {
				t.Errorf("%s: one more than %d%s: %d %s", door.path, room, more, a.status, a.text)
			}
		}
		// A prompt that leaves no room at all.
		for n := 1; n < 40; n++ {
			a := s.post(door.path, door.body(strings.Repeat("A stitch in time. ", n), ""))
			if a.status == http.StatusOK {
				continue
			}
			message, _ := a.json(t, "error.message").(string)
			if a.status != http.StatusBadRequest || !strings.Contains(message, "maximum context length is 200 tokens") || !strings.Contains(message, "Please reduce") {
				t.Errorf("%s: %d %s", door.path, a.status, a.text)
			}
			break
		}
	}
}
