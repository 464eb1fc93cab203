package cluster

import (
	"math"

	"github.com/polymath-lm/polymath/internal/random"
)

// Reliability is how a run is interrupted and what it does about it. Times are in
// seconds.
type Reliability struct {
	// FailuresPerHour is that of the whole cluster.
	FailuresPerHour float64 `json:"failures_per_hour"`
	// Checkpoint is how long training stands still for one, Every the working time
	// between two; Restart what passes from a failure until the run goes on from the
	// last checkpoint.
	Checkpoint float64 `json:"checkpoint_seconds"`
	Every      float64 `json:"every_seconds"`
	Restart    float64 `json:"restart_seconds"`
}

// Times of a run that writes checkpoints in the background of its devices' memory
// and is restarted by a machine: guesses of ours.
const (
	defaultCheckpoint = 30.0
	defaultRestart    = 600.0
)

// Reliability returns the cluster's, with checkpoints as often as is best.
func (c *Cluster) Reliability() Reliability {
	r := Reliability{FailuresPerHour: c.FailuresPerHour * float64(c.Devices), Checkpoint: defaultCheckpoint, Restart: defaultRestart}
	r.Every = r.Best()
	return r
}

// Goodput is the share of time that is work which stays, where failures are
// independent of what went before (J. T. Daly, A higher order estimate of the
// optimum checkpoint interval, FGCS 22, 2006, eq. 10).
func (r Reliability) Goodput() float64 {
	if r.FailuresPerHour <= 0 {
		if r.Every <= 0 {
			return 1
		}
		return r.Every / (r.Every + r.Checkpoint)
	}
	rate := r.FailuresPerHour / 3600
	// A segment is tried until it and its checkpoint are through; after a failure
	// the restart must succeed too.
	expected := math.Exp(rate*r.Restart) * math.Expm1(rate*(r.Every+r.Checkpoint)) / rate
	if math.IsInf(expected, 1) {
		return 0
	}
	return r.Every / expected
}

// Best is the time between checkpoints that loses least, to a second.
func (r Reliability) Best() float64 {
	if r.FailuresPerHour <= 0 || r.Checkpoint <= 0 {
		return 24 * 3600
	}
	// Golden section around the first-order answer, sqrt(2 checkpoint / rate).
	young := math.Sqrt(2 * r.Checkpoint * 3600 / r.FailuresPerHour)
	low, high := young/4, young*4
	at := func(t float64) float64 {
		s := r
		s.Every = t
		return s.Goodput()
	}
	const golden = 0.6180339887498949
	for high-low > 1 {
		a, b := high-golden*(high-low), low+golden*(high-low)
		if at(a) < at(b) {
			low = a
		} else {
			high = b
		}
	}
	return min((low+high)/2, 24*3600)
}

// Simulate runs so many seconds of work through random failures and returns what
// passes meanwhile, and how often it was interrupted.
func (r Reliability) Simulate(work float64, seed uint64) (seconds float64, failures int) {
	rng := random.New(seed)
	next := r.failure(rng)
	for done := 0.0; done < work; {
		segment := min(r.Every, work-done)
		need := segment + r.Checkpoint
		if next >= need {
			next -= need
			seconds += need
			done += segment
			continue
		}
		seconds += next
		failures++
		for next = r.failure(rng); next < r.Restart; next = r.failure(rng) {
			seconds += next
			failures++
		}
		next -= r.Restart
		seconds += r.Restart
	}
	return seconds, failures
}

// failure draws the time to the next one.
func (r Reliability) failure(rng *random.Source) float64 {
	if r.FailuresPerHour <= 0 {
		return math.Inf(1)
	}
	return -math.Log(1-uniform(rng)) * 3600 / r.FailuresPerHour
}
