package nn

import (
	"sync"
	"sync/atomic"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Rope holds the angles of rotary embedding: pair i of a head at position p
// turns by p*Frequencies[i]. Tables grow when a later position is asked for;
// goroutines may share a Rope.
type Rope struct {
	frequencies []float64 // [HeadDim/2], radians per position
	scale       float64   // multiplies cosines and sines (YaRN's temperature), usually 1

	mu    sync.Mutex
	table atomic.Pointer[ropeTable]
}

// ropeTable is never changed once it is published.
type ropeTable struct {
	positions         int
	cos, sin, negated []float32 // [positions, HeadDim/2]
}

// NewRope returns a Rope with empty tables.
func NewRope(frequencies []float64, scale float64) *Rope {
	r := &Rope{frequencies: frequencies, scale: scale}
	r.table.Store(&ropeTable{})
	return r
}

// load returns the tables, nil of no Rope.
func (r *Rope) load() *ropeTable {
	if r == nil {
		return nil
	}
	return r.table.Load()
}

// Grow makes sure that the tables cover positions below n. It allocates only
// when they do not, and then at least doubles them.
func (r *Rope) Grow(n int) {
	if r.table.Load().positions >= n {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	if old.positions >= n {
		return
	}
	n = max(n, 2*old.positions, 128)
	half := len(r.frequencies)
	t := &ropeTable{positions: n}
	for _, s := range []*[]float32{&t.cos, &t.sin, &t.negated} {
		*s = make([]float32, n*half)
	}
	copy(t.cos, old.cos)
	copy(t.sin, old.sin)
	copy(t.negated, old.negated)
	for p := old.positions; p < n; p++ {
		for i, f := range r.frequencies {
			sin, cos := kernel.SinCos(float64(p) * f)
			at := p*half + i
			t.cos[at] = float32(cos * r.scale)
			t.sin[at] = float32(sin * r.scale)
			t.negated[at] = -t.sin[at]
		}
	}
	r.table.Store(t)
}

// Reset gives the Rope other angles; no pass may be using it.
func (r *Rope) Reset(frequencies []float64, scale float64) {
	r.frequencies, r.scale = frequencies, scale
	r.table.Store(&ropeTable{})
}
