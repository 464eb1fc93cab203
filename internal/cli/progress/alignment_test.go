package progress

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/align"
)

func timeless(out *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func aligned(n int) align.Record {
	return align.Record{
		Kind: align.KindStep, Step: n,
		Values: align.Measures{
			"reward": float64(n) / 8, "reward/task": 0.5, "accuracy": 0.25, "loss": math.NaN(), "reward/task/low": 0, "lr": 1,
			"logprob_difference": 0, "unheard_of": 3,
		},
		Timing: &align.Timing{Seconds: 2, ETA: 61, Phases: map[string]align.Phase{
			"update": {Seconds: 0.5}, "rollout": {Seconds: 1.5}, "reward": {},
		}},
	}
}

// Without a terminal there are log lines, few of them, and no control bytes.
func TestAlignmentInALog(t *testing.T) {
	var out bytes.Buffer
	view := NewAlignment(NewScreen(&out), timeless(&out), 3)
	view.SetSteps(4)
	for n := 1; n <= 4; n++ {
		view.Observe(aligned(n))
	}
	view.Observe(align.Record{Kind: align.KindEval, Step: 4, Values: align.Measures{"accuracy": 0.5, "accuracy_low": 0.1}})
	view.Observe(align.Record{Kind: align.KindEval, Step: 4, Values: align.Measures{"b/accuracy": 0.5, "a/accuracy": 0.25, "a/reward": 1}})
	view.Observe(align.Record{Kind: align.KindSample, Step: 4, Sample: &align.SampleRecord{Prompt: "p", Answer: "x\x1b[2J"}})
	view.Observe(align.Record{Kind: align.KindSkip, Step: 4, Skip: &align.SkipRecord{Reason: "NaN"}})
	view.Observe(align.Record{Kind: align.KindCheckpoint, Step: 4, Checkpoint: &align.CheckpointRecord{Path: "c", Bytes: 2048}})
	alarm := aligned(5)
	alarm.Values["alarm"], alarm.Values["logprob_difference"] = 1, 0.5
	view.Observe(alarm)
	want := `level=INFO msg=aligning step=1/4 reward=0.125 accuracy=0.25 reward/task=0.5 loss=NaN logprob_difference=0 eta=1m01s
level=INFO msg=aligning step=4/4 reward=0.5 accuracy=0.25 reward/task=0.5 loss=NaN logprob_difference=0 eta=1m01s
level=INFO msg=held-out step=4 accuracy=0.5
level=INFO msg=held-out step=4 a/accuracy=0.25 b/accuracy=0.5
level=INFO msg=sample step=4 prompt=p answer=x␛[2J
level=WARN msg="update left out" step=4 reason=NaN
level=INFO msg=saved path=c size="2.0 KiB"
level=WARN msg="reward model and other rewards drift apart" step=5
level=WARN msg="answers and training disagree" step=5 difference=0.5
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// On a terminal the state is redrawn in place, within its width.
func TestAlignmentOnATerminal(t *testing.T) {
	var out bytes.Buffer
	screen := &Screen{out: &out, terminal: true, width: func() int { return 60 }}
	view := NewAlignment(screen, slog.New(slog.NewTextHandler(os.Stderr, nil)), 4)
	view.Observe(align.Record{Kind: align.KindEval, Step: 0, Values: align.Measures{"accuracy": 0.125}})
	view.Observe(aligned(2))
	screen.Clear()
	text := out.String()
	for _, part := range []string{" 50%  step 2 of 4, 1m01s left", "reward 0.25 · accuracy 0.25", "held-out: accuracy 0.125", "time: rollout 75% · update 25% · reward 0%"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 60 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	out.Reset()
	view.Observe(align.Record{Kind: align.KindSample, Step: 2, Sample: &align.SampleRecord{
		Prompt: "what?", Answer: "this\x1b[2J", Values: align.Measures{"reward": 1},
	}})
	if !strings.Contains(out.String(), "answered (reward 1):\n    this␛[2J\n") {
		t.Errorf("%q", out.String())
	}
}
