package eval

import (
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// weighContamination scores all items and those that are clean, and takes the worse
// one for the headline. Where no item is clean there is only the score of all.
func (t *TaskResult) weighContamination(list []answers) {
	c := t.Contamination
	if c == nil || len(t.Metrics) == 0 {
		return
	}
	var clean []answers
	for _, samples := range list {
		if !contains(c.DirtyItems, samples[0].Item) && !contains(c.ShortItems, samples[0].Item) {
			clean = append(clean, samples)
		}
	}
	c.Full, c.Clean = t.Metrics[0].Estimate, t.ownEstimate(clean)
	if c.Dirty == 0 || c.Clean.N == 0 {
		return
	}
	if worse := c.Clean.Value < c.Full.Value; worse != t.Headline.Lower && c.Clean.Value != c.Full.Value {
		t.Headline.Estimate = c.Clean
	}
}

func contains(sorted []string, item string) bool {
	_, ok := slices.BinarySearch(sorted, item)
	return ok
}

// ownEstimate is the task's own score over some items.
func (t *TaskResult) ownEstimate(list []answers) stat.Estimate {
	if t.Method != task.MethodText {
		return t.own(list).Estimate
	}
	if metrics := textMetrics(list); len(metrics) > 0 {
		return metrics[0].Estimate
	}
	return stat.Estimate{Interval: stat.IntervalNone}
}
