package align

import (
	"maps"
	"math"
	"slices"
)

// A policy that learns from a reward model may learn to please it alone: its score
// rises while the answers get worse (Gao et al., Scaling laws for reward model
// overoptimization, arXiv:2210.10760). alarm watches for that: a reward that does not
// enter the sum is an independent measure, and where it falls while a reward
// model's score rises, somebody should look. A model that judges is one too.

// alarmWindow is the number of steps that are looked at: the newer half is compared
// with the older one. alarmSigmas is by how many standard errors both must differ,
// so that of two rewards that go nowhere one window in a thousand alarms.
const (
	alarmWindow = 20
	alarmSigmas = 2
)

// alarm keeps the means of rewards over the last steps. As JSON it is state.
type alarm struct {
	History map[string][]float64 `json:"history,omitempty"`
}

// canAlarm says that there is a reward model to watch, and something to watch it by.
func (list rewards) canAlarm() bool {
	models, measures := 0, 0
	for i := range list {
		if list[i].pleased() {
			models++
		}
		if !list[i].counts() {
			measures++
		}
	}
	return models > 0 && measures > 0
}

// pleased says that the policy learns to please this reward model.
func (r *reward) pleased() bool { return r.learned && (r.weight > 0 || r.constraint != nil) }

// watch takes in a step's answers and says whether there is reason for alarm: a
// reward model's score that rises while a measure falls.
func (a *alarm) watch(list rewards, j *judged) bool {
	if a.History == nil {
		a.History = map[string][]float64{}
	}
	for k := range list {
		r := &list[k]
		own := j.own(r, k)
		if v := mean(own); len(own) > 0 && finite(v) && (!r.counts() || r.pleased()) {
			h := append(slices.Clone(a.History[r.name]), v)
			a.History[r.name] = h[max(len(h)-alarmWindow, 0):]
		}
	}
	rises, falls := false, false
	for i := range list {
		r := &list[i]
		rises = rises || r.pleased() && a.trend(r.name) > alarmSigmas
		falls = falls || !r.counts() && a.trend(r.name) < -alarmSigmas
	}
	return rises && falls
}

// copy returns an alarm that a step may change.
func (a *alarm) copy() alarm { return alarm{History: maps.Clone(a.History)} }

// trend is by how many standard errors the newer half of a whole window is above the
// older one; 0 before the window is full, and where nothing moves.
func (a *alarm) trend(name string) float64 {
	h := a.History[name]
	if len(h) < alarmWindow {
		return 0
	}
	const n = alarmWindow / 2
	older, newer := mean(h[:n]), mean(h[n:])
	squares := 0.0
	for i, v := range h {
		d := v - older
		if i >= n {
			d = v - newer
		}
		squares += float64(d * d)
	}
	if squares == 0 && newer == older {
		return 0
	}
	return (newer - older) / math.Sqrt(squares/float64(2*n-2)*2/n) // infinite where both halves are constant
}
