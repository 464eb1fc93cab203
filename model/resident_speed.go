package model

import (
	"time"

	"github.com/polymath-lm/polymath/tensor"
)

// WeightsSpeed is how fast this machine is with a model under a budget, and what
// that means for one sequence.
type WeightsSpeed struct {
	LoadRate    float64 // bytes of weights a second from the file into memory
	ProductRate float64 // bytes of weights in memory a second through a product with one row
	// Tokens a second that are to be expected with the budget, at least, and if
	// all weights were in memory.
	Tokens, WholeTokens float64
}

// probeTime bounds the measurement.
const probeTime = 200 * time.Millisecond

// MeasureWeights measures the speed of a model from LoadWithin for a fifth of a
// second each: reading and preparing weights, and products. It is zero for a
// model that is in memory, and must not run beside a pass.
func (m *Model) MeasureWeights() WeightsSpeed {
	r := m.resident
	if r == nil {
		return WeightsSpeed{}
	}
	r.pass.Lock()
	defer r.pass.Unlock()
	s := WeightsSpeed{LoadRate: r.loadRate(), ProductRate: r.productRate()}
	whole := float64(r.plan.PerToken) / s.ProductRate
	s.WholeTokens = 1 / whole
	s.Tokens = 1 / (whole + float64(r.plan.Streamed)/s.LoadRate)
	return s
}

// loadRate brings in weights that are not there, as passes do.
func (r *resident) loadRate() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	start, before := time.Now(), r.packed
	r.stalled = true
	for round := 0; time.Since(start) < probeTime; round++ {
		for _, c := range r.plan.classes {
			for _, u := range c.held {
				u.guessed = false // as if it had been used
			}
			if c.expert && c.slots < len(c.units) {
				if u := c.units[round%len(c.units)]; u.state == absent {
					r.admit(u, true)
				}
			}
			r.readAhead(c)
		}
		for len(r.queue) > 0 {
			r.changed.Wait()
		}
	}
	r.stalled = false
	return float64(r.packed-before) / time.Since(start).Seconds()
}

// productRate multiplies one row with what is in memory.
func (r *resident) productRate() float64 {
	var bytes int64
	var spent time.Duration
	for before := int64(-1); spent < probeTime && before < bytes; {
		before = bytes
		for _, c := range r.plan.classes {
			x, y := make([]tensor.BF16, c.k), make([]tensor.BF16, c.n)
			for i := range x {
				x[i] = tensor.FromFloat32(1)
			}
			for _, u := range c.units {
				r.mu.Lock()
				there := u.pinned || u.state == ready
				u.busy = there
				r.mu.Unlock()
				if !there {
					continue
				}
				start := time.Now()
				product(u.packed, y, nil, x)
				spent += time.Since(start)
				bytes += c.bytes
				r.mu.Lock()
				u.busy = false
				r.mu.Unlock()
				if spent > probeTime {
					return float64(bytes) / spent.Seconds()
				}
			}
		}
	}
	return float64(bytes) / spent.Seconds()
}
