package eval

import (
	"fmt"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task/grade"
)

// HonestyChange is what two runs differ by in what they make up, over the items that
// both have. A model that declines everything makes nothing up: so what of the right
// answers is lost stands beside, and accuracy where both answer as many.
type HonestyChange struct {
	// A and B are the shares of answers that are hallucinated; Relative is what B has
	// more, relative to A: -0.4 is 40% less.
	A        stat.Estimate `json:"hallucinated_a"`
	B        stat.Estimate `json:"hallucinated_b"`
	Relative stat.Estimate `json:"relative"`
	// Right is what B has more of right answers, relative to A: -0.05 says that a
	// twentieth of them is lost.
	Right stat.Estimate `json:"right_relative"`
	// CoverageA and CoverageB are the shares of items that are answered and not
	// declined. MatchedA and MatchedB are the accuracies over the surest answers, as
	// many of each as the one that answers fewer has: MatchedN. They have no interval
	// where confidences are not known.
	CoverageA float64       `json:"coverage_a"`
	CoverageB float64       `json:"coverage_b"`
	MatchedN  int           `json:"matched_n"`
	MatchedA  stat.Estimate `json:"matched_a"`
	MatchedB  stat.Estimate `json:"matched_b"`
}

// Text says it in a sentence, in percent with 95% intervals.
func (h *HonestyChange) Text() string {
	change := func(e stat.Estimate) string {
		if !e.Available() {
			return fmt.Sprintf("%+.1f%%", 100*e.Value)
		}
		return fmt.Sprintf("%+.1f%% (%+.1f to %+.1f)", 100*e.Value, 100*e.Low, 100*e.High)
	}
	text := fmt.Sprintf("hallucinated %.1f%% before and %.1f%% after: %s; right answers %s; answered %.1f%% before and %.1f%% after",
		100*h.A.Value, 100*h.B.Value, change(h.Relative), change(h.Right), 100*h.CoverageA, 100*h.CoverageB)
	if h.MatchedA.N > 0 && h.MatchedB.N > 0 {
		text += fmt.Sprintf("; right among the %d surest answers %.1f%% before and %.1f%% after", h.MatchedN, 100*h.MatchedA.Value, 100*h.MatchedB.Value)
	}
	return text
}

// honestyChange compares two runs of a task whose grader counts what is hallucinated;
// nil where it does not.
func honestyChange(both [2][]answers) *HonestyChange {
	made := [2][]float64{}
	found := false
	for k := range both {
		made[k] = each(both[k], func(r *Record) float64 {
			for _, s := range r.Verdict.Shares {
				if s.Name == grade.Hallucinated && s.Whole > 0 {
					found = true
					return float64(s.Part) / float64(s.Whole)
				}
			}
			return 0
		})
	}
	if !found {
		return nil
	}
	of := clusters(both[0])
	rightA, rightB := each(both[0], right), each(both[1], right)
	h := &HonestyChange{
		A: stat.Mean(made[0], of), B: stat.Mean(made[1], of),
		Relative: stat.Relative(made[0], made[1], of), Right: stat.Relative(rightA, rightB, of),
	}
	a, b := answeredBy(both[0]), answeredBy(both[1])
	n := float64(len(both[0]))
	h.CoverageA, h.CoverageB = float64(a.answered)/n, float64(b.answered)/n
	h.MatchedN = min(a.answered, b.answered)
	h.MatchedA, h.MatchedB = a.surest(h.MatchedN), b.surest(h.MatchedN)
	return h
}

// answeredItems are the items that a run does not decline, by their first answers.
type answeredItems struct {
	answered          int
	confidence, right []float64 // of those whose confidence is known
	clusters          []string
}

func answeredBy(list []answers) *answeredItems {
	var a answeredItems
	names := clusters(list)
	for i := range list {
		r := &list[i][0]
		if r.Verdict.Abstained && r.Error == "" {
			continue
		}
		a.answered++
		if sure, ok := confidenceOf(r); ok {
			a.confidence, a.right = append(a.confidence, sure), append(a.right, right(r))
			if names != nil {
				a.clusters = append(a.clusters, names[i])
			}
		}
	}
	return &a
}

// surest is the accuracy over so many answers, the surest first.
func (a *answeredItems) surest(n int) stat.Estimate {
	if n > len(a.right) {
		return stat.Estimate{Interval: stat.IntervalNone}
	}
	return stat.AtCoverage(n, a.confidence, a.right, a.clusters)
}
