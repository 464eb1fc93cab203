package jinja

import (
	"errors"
	"fmt"
	"time"
)

// Limits bound a run. A field that is 0 has the default.
type Limits struct {
	// Steps are evaluated nodes; text that is made counts as well, a step for
	// every 256 bytes, and so do the items of lists. The default is 4 million.
	Steps int
	// Output is the bytes of printed text, and of any text that is made by
	// joining or repetition. The default is 64 MiB.
	Output int
	// Time is what the run may take. The default is 5 seconds.
	Time time.Duration
}

const (
	maxSteps  = 4_000_000
	maxOutput = 64 << 20
	maxTime   = 5 * time.Second
	maxCalls  = 50
	maxEval   = 10_000 // expressions within others, over all calls

	stepBytes   = 256
	markBytes   = 24
	clockPeriod = 1 << 14 // the steps between two looks at the clock

	// searchBytes are compared in the time that one is made in.
	searchBytes = 64
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

// enter counts the expressions that are evaluated within one another: a stack
// that is full would end the process. What enters leaves, unless the run ends.
func (r *run) enter() error {
	if r.depth++; r.depth > maxEval {
		return fmt.Errorf("expressions nested deeper than %d", maxEval)
	}
	return r.charge(0)
}

func (r *run) leave() { r.depth-- }

// charge counts the work of making n bytes; chargeItems, of n items. What
// depends on the sizes of values is charged before it is done.
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

// size is the bytes that a copy of t takes.
func (t text) size() int { return len(t.s) + markBytes*len(t.marks) }

// chargeRunes counts the work of looking at every character of t, or of making
// another of it.
func (r *run) chargeRunes(t text) error { return r.charge(t.size() + 7*len(t.s)) }

// chargeSearch counts a search for part in s, which in the worst case compares
// all of part at every place.
func (r *run) chargeSearch(s, part string) error {
	if len(part) > len(s) {
		return r.charge(0)
	}
	return r.chargePairs(len(s), 1+len(part)/searchBytes)
}

// chargeKey counts looking up or setting an item of a dict.
func (r *run) chargeKey(key string) error { return r.charge(stepBytes + len(key)) }

// chargeNames counts looking for each of n names among m.
func (r *run) chargeNames(n, m int) error { return r.chargePairs(n, 8*m) }

// chargePairs is charge for n times m bytes, which may not fit an int.
func (r *run) chargePairs(n, m int) error {
	if m > 0 && n > r.limits.Steps*stepBytes/m {
		return errTooMuch
	}
	return r.charge(n * m)
}
