package eval

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// said is a record of an answer that is right, wrong (hallucinated) or declined.
func said(item int, what string, confidence float64) answers {
	r := Record{Task: "t", Item: fmt.Sprint(item), Cluster: fmt.Sprint(item), Confidence: &confidence}
	r.Verdict = task.Verdict{Right: what == "right", Abstained: what == "declined"}
	made := 0
	if what == "wrong" {
		made = 1
	}
	r.Verdict.Shares = []task.Share{{Name: grade.Hallucinated, Part: made, Whole: 1, Lower: true}}
	return answers{r}
}

func TestHonestyChange(t *testing.T) {
	var both [2][]answers
	for i := range 100 { // before: 50 right, 50 made up, and unsure of what is made up
		what, sure := "right", 0.9
		if i >= 50 {
			what, sure = "wrong", 0.3
		}
		both[0] = append(both[0], said(i, what, sure))
		switch {
		case i < 2: // after: two right ones are declined, and 30 of those made up
			what = "declined"
		case i >= 70:
			what = "declined"
		}
		both[1] = append(both[1], said(i, what, 0.5))
	}
	h := honestyChange(both)
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
	near("before", h.A.Value, 0.5)
	near("after", h.B.Value, 0.2)
	near("relative", h.Relative.Value, -0.6)
	near("right", h.Right.Value, -0.04)
	near("coverage before", h.CoverageA, 1)
	near("coverage after", h.CoverageB, 0.68)
	near("matched before", h.MatchedA.Value, 50./68)
	near("matched after", h.MatchedB.Value, 48./68)
	if h.MatchedN != 68 || !h.Relative.Available() || !(h.Relative.Low > -0.8 && h.Relative.High < -0.4) {
		t.Errorf("%+v", h)
	}
	if text := h.Text(); !strings.Contains(text, "hallucinated 50.0% before and 20.0% after: -60.0% (") || !strings.Contains(text, "68 surest") {
		t.Error(text)
	}
}

// A model that declines everything makes nothing up, and has lost all right answers.
func TestHonestyOfSilence(t *testing.T) {
	var both [2][]answers
	for i := range 40 {
		both[0] = append(both[0], said(i, []string{"right", "wrong"}[i%2], 0.5))
		both[1] = append(both[1], said(i, "declined", 0.5))
	}
	h := honestyChange(both)
	if h.B.Value != 0 || h.Relative.Value != -1 || h.Right.Value != -1 || h.CoverageB != 0 || h.MatchedN != 0 {
		t.Errorf("%+v", h)
	}
	other := []answers{{Record{Task: "t", Item: "1"}}}
	if honestyChange([2][]answers{other, other}) != nil {
		t.Error("a task that counts nothing made up has a change of it")
	}
}
