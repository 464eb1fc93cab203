package train

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// usualDecay is the share of a run in which a wsd schedule falls where the recipe
// does not say.
const usualDecay = 0.2

// Settle takes back the defaults that are not meant beside the keys that a file has: a
// warmup of another form, and a fall of none for a schedule that is to fall.
func (s *ScheduleSpec) Settle(has func(key string) bool) {
	steps, share := has("schedule.warmup"), has("schedule.warmup_share")
	switch {
	case share && !steps:
		s.Warmup = 0
	case steps && !share && s.Warmup == 0:
		s.WarmupShare = 0
	}
	if s.Kind == WSD && !has("schedule.decay") {
		s.Decay = usualDecay
	}
}

// LR is the learning rate of step, which counts from 1, in a run of total
// steps. It rises linearly to its peak over the warmup; then
//
//	wsd       stays, and falls linearly to Floor over the last Decay of the run
//	cosine    falls along half a cosine to Floor
//	constant  stays
//
// A run made longer changes only what comes after its warmup, and with wsd only
// what comes after the decay began.
func (s *ScheduleSpec) LR(peak float64, step, total int) float64 {
	return s.rate(peak, step, float64(step), total)
}

// rate is LR of a step that is at a place among total steps of equal size: a run
// whose stages have batches of their own falls by tokens, and only rises by steps.
func (s *ScheduleSpec) rate(peak float64, step int, place float64, total int) float64 {
	if warmup := s.warmup(total); step <= warmup {
		return peak * (float64(step) / float64(warmup))
	}
	switch s.Kind {
	case WSD:
		return peak * s.stableShare(place, total)
	case Cosine:
		return peak * s.cosineShare(place, total)
	}
	return peak
}

// warmup is the number of steps in which the rate rises.
func (s *ScheduleSpec) warmup(total int) int {
	if s.Warmup > 0 {
		return s.Warmup
	}
	return int(math.Ceil(s.WarmupShare * float64(total)))
}

// stableShare is 1 until the decay begins. It would reach Floor one step after
// the last: with a Floor of 0 the last step still moves the weights.
func (s *ScheduleSpec) stableShare(place float64, total int) float64 {
	length := math.Round(s.Decay * float64(total))
	if length < 1 {
		return 1
	}
	left := (float64(total) - place + 1) / (length + 1)
	if left >= 1 {
		return 1
	}
	return s.Floor + float64((1-s.Floor)*max(left, 0))
}

// cosineShare is 1 at the end of the warmup and would reach Floor one step
// after the last.
func (s *ScheduleSpec) cosineShare(place float64, total int) float64 {
	warmup := s.warmup(total)
	length := max(total-warmup, 0) + 1
	done := min(max(place-float64(warmup), 0)/float64(length), 1)
	_, cos := kernel.SinCos(math.Pi * done)
	return s.Floor + float64((1-s.Floor)*float64(0.5*(1+cos)))
}
