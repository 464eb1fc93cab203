package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// TestPairs: each way to be worse than the right answer is rejected often, and declining
// in half of the pairs whose question has an answer.
func TestPairs(t *testing.T) {
	var b bytes.Buffer
	o := Writing{Options: Options{Number: 1200, Seed: 5, World: DefaultWorld, Size: 40, Split: Train, Domains: []Domain{Closed}}, What: Pairs}
	if err := Write(&b, o); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	lines := slices.Collect(strings.Lines(b.String()))
	i := 0
	err := o.Each(func(q *Question) error {
		var row struct{ Chosen, Rejected []struct{ Content string } }
		if err := json.Unmarshal([]byte(lines[i]), &row); err != nil {
			return err
		}
		i++
		if row.Chosen[0].Content != q.Answer {
			t.Errorf("%q is chosen, right is %q", row.Chosen[0].Content, q.Answer)
		}
		at := slices.Index([]string{q.Wrong, q.Declined, q.Beside}, row.Rejected[0].Content)
		seen[fmt.Sprint(q.Answerable(), " ", at)]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for way, least := range map[string]int{"true 0": 150, "true 1": 340, "true 2": 150, "false 0": 150, "false 2": 150} {
		if seen[way] < least {
			t.Errorf("%s: %d of %v", way, seen[way], seen)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%v", seen)
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
