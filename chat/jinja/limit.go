package jinja

import (
	"errors"
	"time"
)

// Limits bound a run. A field that is 0 has the default.
type Limits struct {
	// Steps are evaluated nodes; text that is made counts as well, a step for
	// every 256 bytes, and so do the items of lists. The default is 4 million.
	Steps int
	// Output is the bytes of printed text, and of any text that is made by
	// repetition. The default is 64 MiB.
	Output int
	// Time is what the run may take. The default is 5 seconds.
	Time time.Duration
}

const (
	maxSteps  = 4_000_000
	maxOutput = 64 << 20
	maxTime   = 5 * time.Second
	maxCalls  = 50

	stepBytes   = 256
	clockPeriod = 1 << 14 // the steps between two looks at the clock
)

// maxDepth bounds what is compared and written of values that contain others,
// maxValue the bytes of their text.
const (
	maxDepth = 200
	maxValue = 16 << 20
)

var errTooMuch = errors.New("the template does too much work")

// orDefault fills in what is 0.
func (l Limits) orDefault() Limits {
	if l.Steps == 0 {
		l.Steps = maxSteps
	}
	if l.Output == 0 {
		l.Output = maxOutput
	}
	if l.Time == 0 {
		l.Time = maxTime
	}
	return l
}

// charge counts the work of making n bytes; chargeItems, of n items.
func (r *run) charge(n int) error {
	before := r.steps
	r.steps += 1 + n/stepBytes
	if n < 0 || r.steps > r.limits.Steps {
		return errTooMuch
	}
	if before/clockPeriod != r.steps/clockPeriod && time.Now().After(r.until) {
		return errTooMuch
	}
	return nil
}

func (r *run) chargeItems(n int) error {
	if n > r.limits.Steps {
		return errTooMuch
	}
	return r.charge(n * stepBytes)
}

// chargeTimes is charge for n times size bytes, which may not fit an int.
func (r *run) chargeTimes(size, n int) error {
	if n > r.limits.Output || size*n > r.limits.Output {
		return errTooMuch
	}
	return r.charge((size + 1) * n)
}
