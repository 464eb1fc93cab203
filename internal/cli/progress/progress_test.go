package progress

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/train"
)

func TestCurve(t *testing.T) {
	got := Curve([]float64{9, 7, 5.5, 4.5, 4, 3.7, 3.5, 3.4, math.NaN(), 3.2, 3.1, 3}, 17, 4)
	want := []string{
		"    9.00 ⢱",
		"         ⠘⡄",
		"          ⢣",
		"    3.00   ⠓⠤⢀⣀",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, values := range [][]float64{nil, {math.NaN()}, {math.Inf(1)}} {
		if got := Curve(values, 40, 4); got != nil {
			t.Errorf("%v: %q", values, got)
		}
	}
	if got := Curve([]float64{2, 2, 2}, 30, 3); len(got) != 3 {
		t.Errorf("a flat line: %q", got)
	}
	if got := Curve([]float64{1, 2}, 5, 3); got != nil {
		t.Errorf("without room: %q", got)
	}
}

func FuzzCurve(f *testing.F) {
	f.Add([]byte{1, 2, 3}, 40, 5)
	f.Add([]byte{0, 255, 128}, 12, 1)
	f.Fuzz(func(t *testing.T, data []byte, width, height int) {
		width, height = width%300, height%40
		values := make([]float64, len(data))
		for i, b := range data {
			values[i] = math.Exp(float64(b) - 120)
			if b == 255 {
				values[i] = math.NaN()
			}
		}
		for _, line := range Curve(values, width, height) {
			if utf8.RuneCountInString(line) > width {
				t.Fatalf("%d columns of %d: %q", utf8.RuneCountInString(line), width, line)
			}
		}
	})
}

func TestBarAndLevels(t *testing.T) {
	for share, want := range map[float64]string{0: "░░░░", 0.5: "██░░", 0.53: "██▏░", 1: "████", 7: "████", -1: "░░░░"} {
		if got := Bar(share, 4); got != want {
			t.Errorf("Bar(%v) = %s, want %s", share, got, want)
		}
	}
	if got := Bar(math.NaN(), 2); got != "░░" {
		t.Errorf("Bar(NaN) = %s", got)
	}
	if got := Levels([]int{0, 1, 4, 8}); got != "·▁▄█" {
		t.Errorf("Levels = %s", got)
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"},
		{Count(-1234567), "-1,234,567"},
		{Count(999), "999"},
		{Short(226_400_000), "226M"},
		{Short(999_700), "1M"},
		{Short(1.5e12), "1.5T"},
		{Short(12), "12"},
		{Bytes(1023), "1023 B"},
		{Bytes(1536), "1.5 KiB"},
		{Bytes(300 << 20), "300 MiB"},
		{Bytes(5 << 40), "5.0 TiB"},
		{Duration(-time.Second), "0s"},
		{Duration(65 * time.Second), "1m05s"},
		{Duration(2*time.Hour + 10*time.Minute), "2h10m"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// What a model writes must not steer the terminal.
func TestVisible(t *testing.T) {
	if got := Visible("a\tb\n\x1b[2J\x07\r\x7f\u009b\u202e☕"); got != "a\tb\n␛[2J␇␍␡\ufffd\ufffd☕" {
		t.Errorf("%q", got)
	}
	if got := Excerpt("one\n\ttwo\nthree\nfour\n", 3, 12); got != "    one\n        two\n    three\n    …\n" {
		t.Errorf("%q", got)
	}
}

func step(n int) train.Record {
	return train.Record{
		Kind: train.KindStep, Step: n, Timing: &train.Timing{TokensPerSecond: 12345, MFU: 0.31, ETA: 61},
		Train: &train.StepRecord{Loss: 5 - float64(n)/100, LR: 1e-3, GradNorm: 0.5, ExpertLoad: [][]int{{4, 4, 4, 4}, {8, 4, 2, 2}}},
	}
}

// Without a terminal there are log lines, few of them, and no control bytes.
func TestTrainingInALog(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	view := NewTraining(NewScreen(&out), log, 100)
	for n := 1; n <= 100; n++ {
		view.Observe(step(n))
	}
	view.Observe(train.Record{Kind: train.KindEval, Step: 100, Eval: &train.EvalRecord{Loss: 3.5, BitsPerByte: 1.75}})
	view.Observe(train.Record{Kind: train.KindSample, Step: 100, Sample: &train.SampleRecord{Prompt: "p", Text: "x\x1b[2J"}})
	view.Observe(train.Record{Kind: train.KindSkip, Step: 100, Skip: &train.SkipRecord{Reason: "NaN"}, Timing: &train.Timing{}})
	want := `level=INFO msg=training step=1/100 loss=4.99 lr=0.001 tokens_per_second=12345 mfu=0.31 busiest_expert=2 eta=1m01s
level=INFO msg=training step=100/100 loss=4 lr=0.001 tokens_per_second=12345 mfu=0.31 busiest_expert=2 eta=1m01s
level=INFO msg=held-out step=100 loss=3.5 bits_per_byte=1.75
level=INFO msg=sample step=100 prompt=p text=x␛[2J
level=WARN msg="step skipped" step=100 reason=NaN
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// On a terminal the state is redrawn in place, within its width.
func TestTrainingOnATerminal(t *testing.T) {
	var out bytes.Buffer
	screen := &Screen{out: &out, terminal: true, width: func() int { return 60 }}
	view := NewTraining(screen, slog.New(slog.DiscardHandler), 40)
	for n := 1; n <= 20; n++ {
		screen.last = time.Time{} // so that every step is drawn
		view.Observe(step(n))
	}
	view.Observe(train.Record{Kind: train.KindSample, Step: 20, Sample: &train.SampleRecord{Prompt: "p", Text: "text"}})
	screen.Clear()
	frames := strings.Split(out.String(), "\x1b[J")
	last := frames[len(frames)-3] // before the sample and the clearing
	for _, want := range []string{"50%  step 20 of 40, 1m01s left", "loss 4.800", "12,345 tokens/s", "MFU 31%", "experts of layer 1  █▄▂▂"} {
		if !strings.Contains(last, want) {
			t.Errorf("the screen lacks %q:\n%s", want, last)
		}
	}
	for line := range strings.Lines(last) {
		line = strings.TrimPrefix(strings.TrimRight(line, "\n"), "\r\x1b[9A")
		if utf8.RuneCountInString(line) > 60 {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
	if !strings.Contains(out.String(), `after "p"`) || !strings.HasSuffix(out.String(), "\x1b[J") {
		t.Error("the sample or the clearing is missing")
	}
}

func ExampleCount() {
	fmt.Println(Count(1234567))
	// Output: 1,234,567
}

func TestRate(t *testing.T) {
	for n, want := range map[float64]string{23.1e9: "23.1 GFLOP/s", 1.82e12: "1.82 TFLOP/s", 12: "12 FLOP/s"} {
		if got := Rate(n, "FLOP/s"); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}
