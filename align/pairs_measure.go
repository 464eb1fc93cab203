package align

import (
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
)

// verdicts collects, of pairs that are held out, what a model says of each.
type verdicts struct {
	right, confidence []float64 // of each pair: 1, or a half for a tie; the larger of both probabilities
	groups            []string
}

// add takes in a pair by the probability that the model gives the order that people
// gave.
func (v *verdicts) add(probability float64, group string) {
	v.right = append(v.right, win(probability-0.5))
	v.confidence = append(v.confidence, max(probability, 1-probability))
	v.groups = append(v.groups, group)
}

// win is 1 for a difference above 0, 0 below and a half for none.
func win(difference float64) float64 {
	switch {
	case difference > 0:
		return 1
	case difference < 0:
		return 0
	}
	return 0.5
}

// clusters names the group of each pair, nil where each has its own.
func (v *verdicts) clusters() []string {
	if len(slices.Compact(slices.Sorted(slices.Values(v.groups)))) == len(v.groups) {
		return nil
	}
	return v.groups
}

// measure sets the accuracy and, of a model whose probabilities mean something, how
// far they are right: with their 95% intervals.
func (v *verdicts) measure(m Measures, calibrated bool) {
	if len(v.right) == 0 || slices.ContainsFunc(v.confidence, func(c float64) bool { return !finite(c) }) {
		return
	}
	clusters := v.clusters()
	m.set("accuracy", stat.Mean(v.right, clusters))
	if !calibrated || slices.Contains(v.right, 0.5) { // a tie has no outcome
		return
	}
	c := stat.Calibrate(v.confidence, v.right, clusters)
	m.set("ece", c.ECE)
	m["brier"] = c.Brier.Value
}
