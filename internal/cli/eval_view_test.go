package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/eval"
)

// TestReadingShown: long prompts that are being read are told of in the log, and what is
// over no longer.
func TestReadingShown(t *testing.T) {
	var out strings.Builder
	v := newEvalView(&out, "model", nil)
	v.begin([]eval.Progress{{Task: "t", Total: 2, WorkTotal: 1 << 20}})
	v.start = time.Now().Add(-time.Minute)
	later := func() { v.shown = time.Now().Add(-time.Minute) }
	for _, c := range []struct {
		reading eval.Reading
		want    string
	}{
		{eval.Reading{Task: "t", Item: "short", Read: 10, Total: 100}, ""},
		{eval.Reading{Task: "t", Item: "a", Read: 1000, Total: 100_000}, `reading="1 long prompt: 1,000 of 100,000 tokens"`},
		{eval.Reading{Task: "t", Item: "b", Read: 500, Total: 50_000}, `reading="2 long prompts: 1,500 of 150,000 tokens"`},
		{eval.Reading{Task: "t", Item: "a", Read: 100_000, Total: 100_000}, `reading="1 long prompt: 500 of 50,000 tokens"`},
		{eval.Reading{Task: "t", Item: "b"}, ""},
	} {
		out.Reset()
		later()
		v.observeReading(c.reading)
		if !strings.Contains(out.String(), c.want) || c.want == "" && out.Len() > 0 || c.want != "" && strings.Contains(out.String(), `left=""`) {
			t.Errorf("%+v: %s", c.reading, &out)
		}
	}
	later()
	if v.observe(eval.Progress{Task: "t", Done: 1, Total: 2}); strings.Contains(out.String(), "reading") {
		t.Error(out.String())
	}
}
