package progress

import (
	"strings"
	"testing"
	"time"
)

func TestReading(t *testing.T) {
	for _, c := range []struct {
		read, total, cached int
		took                time.Duration
		width               int
		want                string
	}{
		{0, 1000, 0, 0, 80, ""},
		{300, 1000, 0, time.Second - 1, 80, ""},
		{1000, 1000, 0, time.Minute, 80, ""},
		{0, 131072, 0, 2 * time.Second, 80, "reading the prompt " + strings.Repeat("░", 30) + " 0 of 131,072 tokens"},
		{65536, 131072, 1536, 64 * time.Second, 80, "reading the prompt " + strings.Repeat("█", 13) + "▌" + strings.Repeat("░", 13) + " 65,536 of 131,072 tokens, 1000/s"},
		{65536, 131072, 1536, 64 * time.Second, 40, "reading the prompt 65,536 of 131,072 tokens, 1000/s"},
	} {
		if got := Reading(c.read, c.total, c.cached, c.took, c.width); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestPromptElsewhere(t *testing.T) {
	var out strings.Builder
	p := NewPrompt(&out)
	p.Show(1, 2, 0, time.Minute)
	p.Clear()
	if out.Len() > 0 {
		t.Errorf("%q where there is no terminal", out.String())
	}
}
