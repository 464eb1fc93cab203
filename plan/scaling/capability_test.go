package scaling

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// examined answers items whose -log(pass) is a power law of compute, each with its own
// difficulty.
func examined(r *random.Source, flops float64, items, samples int) Answers {
	a := Answers{FLOPs: flops, Items: map[string]Tally{}}
	for i := range items {
		t := Tally{All: samples}
		for range samples {
			if uniform(r) < passOf(i, items, flops) {
				t.Right++
			}
		}
		a.Items[fmt.Sprint(i)] = t
	}
	return a
}

func passOf(i, items int, flops float64) float64 {
	hard := 0.3 + 2.5*float64(i)/float64(items)
	return math.Exp(-hard * math.Pow(flops/1e13, -0.3))
}

// TestFitCapability: pass rates of known laws are foretold 30 times further.
func TestFitCapability(t *testing.T) {
	r := random.New(4)
	const items = 300
	var runs []Answers
	for i := range 6 {
		runs = append(runs, examined(r, 1e13*math.Pow(3, float64(i)), items, 4))
	}
	const far = 1e13 * 243 * 30
	c, err := FitCapability("exam", runs, far)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i := range items {
		want += passOf(i, items, far) / items
	}
	if math.Abs(c.Pass.Value-want) > 0.02 || c.Pass.Low > want || c.Pass.High < want {
		t.Errorf("foretold %+v, truth %v", c.Pass, want)
	}
	for i, g := range c.Groups {
		if len(g.Items) != items/numGroups || math.Abs(g.B-0.3) > 0.06 || !(g.Pass.Low <= g.Pass.Value && g.Pass.Value <= g.Pass.High) {
			t.Errorf("group %d: b %v, pass %+v", i, g.B, g.Pass)
		}
		if got, err := g.Measured(runs[5]); err != nil || got != g.Rates[5] {
			t.Errorf("group %d measured %v, %v: %v", i, got, g.Rates[5], err)
		}
		if i > 0 && g.Rates[0] >= c.Groups[i-1].Rates[0] {
			t.Errorf("group %d is not harder", i)
		}
	}
}

// TestFitCapabilityEdges: where all answers are right or none is, there is a fit too, and
// what cannot be fitted is refused.
func TestFitCapabilityEdges(t *testing.T) {
	all := func(right int) []Answers {
		var runs []Answers
		for i := range 4 {
			a := Answers{FLOPs: math.Pow(10, float64(13+i)), Items: map[string]Tally{}}
			for k := range 30 {
				a.Items[fmt.Sprint(k)] = Tally{right, 1}
			}
			runs = append(runs, a)
		}
		return runs
	}
	for right, want := range map[int][2]float64{0: {0, 0.1}, 1: {0.9, 1}} {
		c, err := FitCapability("exam", all(right), 1e18)
		if err != nil || !(c.Pass.Value >= want[0] && c.Pass.Value <= want[1]) {
			t.Errorf("%d right: %+v %v", right, c, err)
		}
	}
	missing := all(1)
	delete(missing[1].Items, "3")
	unanswered := all(1)
	unanswered[2].Items["5"] = Tally{}
	for want, runs := range map[string][]Answers{"3 different": all(1)[:2], "same": missing, "no answer": unanswered} {
		if _, err := FitCapability("exam", runs, 1e18); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
