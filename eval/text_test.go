package eval

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/task"
)

// window is a Subject with a window of so many bytes, in which each byte costs one, and
// that says what it was asked for.
type window struct {
	*fake
	size  int
	parts []string
}

func (w *window) Score(_ context.Context, prompt, continuation string) (Score, error) {
	if len(continuation) > w.size {
		return Score{}, fmt.Errorf("%w: %d bytes", ErrWindow, len(continuation))
	}
	w.parts = append(w.parts, continuation)
	return Score{
		Logprob: -float64(len(continuation)), Tokens: make([]TokenScore, len(continuation)),
		Cut: max(0, len(prompt)+len(continuation)-w.size),
	}, nil
}

// TestLongText: a text that is longer than the window is measured in parts that are the
// whole together.
func TestLongText(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("actions speak louder ", 100), strings.Repeat("ä€𝄞", 200), strings.Repeat("x", 999), strings.Repeat(" \n", 300),
	} {
		for _, known := range []int{0, 16, 100} {
			w := &window{fake: &fake{info: SubjectInfo{ContextWindow: known}}, size: 100}
			sheet := Sheet{Task: &task.Task{Name: "text", Method: task.MethodText}, Items: []task.Item{{Task: "text", ID: "1", Prompt: text}}}
			f, err := Run(t.Context(), w, []Sheet{sheet}, Options{Parallel: 1})
			if err != nil {
				t.Fatal(err)
			}
			r := &f.Records[0]
			if strings.Join(w.parts, "") != text || r.Logprob != -float64(len(text)) || r.NumBytes != len(text) || r.Cut != 0 || r.Error != "" {
				t.Errorf("%.20q, window %d: %d parts, %+v", text, known, len(w.parts), r)
			}
			for _, p := range w.parts {
				if !utf8.ValidString(p) {
					t.Errorf("a part cuts a character: %q", p)
				}
			}
			bits := f.Result.Tasks[0].Headline
			if got, want := bits.Estimate.Value, 1.4426950408889634; bits.Name != metricBits || !bits.Lower || got < want-1e-12 || got > want+1e-12 {
				t.Errorf("%+v", bits)
			}
		}
	}
}
