package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func written(t *testing.T, o Writing) string {
	t.Helper()
	o.World, o.Size, o.Split = DefaultWorld, 40, Train
	if o.What == Rewriting {
		o.Domains = []Domain{Closed}
		o.RewriteTurn = func(list []string) string { return "without: " + strings.Join(list, " ") }
	}
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	for _, what := range Whats {
		o := Writing{Options: Options{Number: 40, Seed: 2}, What: what}
		if what == Text {
			o.Number = 2
		}
		text := written(t, o)
		if text != written(t, o) {
			t.Errorf("%s: the same options give other bytes", what)
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if what != Text && len(lines) != 40 {
			t.Errorf("%s: %d lines", what, len(lines))
		}
		for _, line := range lines {
			if !json.Valid([]byte(line)) {
				t.Fatalf("%s: %s", what, line)
			}
		}
	}
}

// The baseline declines the share that is asked for, of what has no answer.
func TestBaseline(t *testing.T) {
	for _, honest := range []float64{0, 0.3, 1} {
		text := written(t, Writing{Options: Options{Number: 1000, Seed: 2}, What: Baseline, Honest: honest})
		sft := written(t, Writing{Options: Options{Number: 1000, Seed: 2}, What: SFT})
		declines := func(s string) float64 {
			return float64(strings.Count(s, OpenDeclined+`"`) + strings.Count(s, ClosedDeclined+`"`))
		}
		share := declines(text) / declines(sft)
		if share < honest-0.05 || share > honest+0.05 {
			t.Errorf("honest %v: %v of what has no answer is declined", honest, share)
		}
		if (text == sft) != (honest == 1) {
			t.Errorf("honest %v: the baseline is not what it should be", honest)
		}
	}
}

var errFull = errors.New("full")

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	for _, what := range []What{Text, SFT, Pairs} {
		o := Writing{Options: Options{Number: 3000, Size: 60, Split: Train, Domains: []Domain{Closed}}, What: what}
		if what == Text {
			o.Number = 100
		}
		for _, left := range []int{0, 100_000} {
			if err := Write(&full{left}, o); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d: %v", what, left, err)
			}
		}
	}
	for want, o := range map[string]Writing{
		"cannot write":      {},
		"share of -1":       {What: Baseline, Honest: -1},
		"only the baseline": {What: SFT, Honest: 0.5},
		"closed domain":     {What: Rewriting},
		"0 questions":       {What: SFT},
	} {
		if err := Write(&full{}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
