package train

import (
	"fmt"
	"math"
)

// minSpike is the least rise of the loss, in nats, that counts as a spike: on a
// smooth curve the standard deviation is small enough for noise to pass it.
const minSpike = 0.1

// watcher decides which steps are skipped. Its memory is part of a checkpoint.
type watcher struct {
	Losses []float64 `json:"losses"` // of the last good steps, oldest first
	Norms  []float64 `json:"norms"`
	InARow int       `json:"in_a_row"`
	Total  int       `json:"total"`
}

// judge returns why the step must be skipped, or "". It compares with the last
// good steps once half a window of them is there. A rise that outlasts MaxSkips
// steps is the model's own and not the data's: skipping cannot mend it, so the
// step is taken and the window begins anew.
func (w *watcher) judge(s *SpikeSpec, loss, norm float64) string {
	switch {
	case !finite(loss):
		return fmt.Sprintf("the loss is %v", loss)
	case !finite(norm):
		return fmt.Sprintf("the gradient's norm is %v", norm)
	case w.InARow >= s.MaxSkips:
		w.forget()
		return ""
	case s.Window == 0 || len(w.Losses) < max(s.Window/2, 2):
		return ""
	}
	mean, deviation := meanDeviation(w.Losses)
	if limit := mean + max(float64(s.Sigma*deviation), minSpike); loss > limit {
		return fmt.Sprintf("the loss of %.4f is above %.4f: mean %.4f of the last %d good steps, standard deviation %.4f", loss, limit, mean, len(w.Losses), deviation)
	}
	largest := 0.0
	for _, n := range w.Norms {
		largest = max(largest, n)
	}
	if limit := float64(s.Norm * largest); norm > limit {
		return fmt.Sprintf("the gradient's norm of %.4g is above %.4g: %g times the largest of the last %d good steps", norm, limit, s.Norm, len(w.Norms))
	}
	return ""
}

// skip counts a skipped step.
func (w *watcher) skip() {
	w.InARow++
	w.Total++
}

// forget begins the window anew.
func (w *watcher) forget() { w.Losses, w.Norms = nil, nil }

// accept takes a good step into the window.
func (w *watcher) accept(s *SpikeSpec, loss, norm float64) {
	w.InARow = 0
	w.Losses = slide(w.Losses, loss, s.Window)
	w.Norms = slide(w.Norms, norm, s.Window)
}

func slide(window []float64, v float64, size int) []float64 {
	if size == 0 {
		return nil
	}
	if len(window) >= size {
		window = append(window[:0], window[len(window)-size+1:]...)
	}
	return append(window, v)
}

func meanDeviation(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		d := x - mean
		deviation += float64(d * d)
	}
	return mean, math.Sqrt(deviation / float64(len(v)))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// SpikeError stops a run in which step after step is not finite.
type SpikeError struct {
	Step, Skips int
	Reason      string // of the last skip
	Checkpoint  string // the last checkpoint, "" where there is none
	// Whole says that the checkpoint is a model that another run can begin from, and
	// not an adapter or one of several.
	Whole bool
}

// Error says what happened and what to do. A run is not resumed with another rate,
// and as it was it would come to the same step again.
func (e *SpikeError) Error() string {
	message := fmt.Sprintf("%d steps in a row were skipped, the last one at step %d: %s. "+
		"The weights are those of the last good step. "+
		"Begin another run with a lower optimizer.lr, a longer schedule.warmup or a lower clip", e.Skips, e.Step, e.Reason)
	if e.Checkpoint != "" && e.Whole {
		message += "; with model.from: " + e.Checkpoint + " it goes on from the weights of this one"
	}
	return message
}
