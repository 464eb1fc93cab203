package nn

import (
	"slices"
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

// ropePositions is how many positions a block of the tables has. They grow by
// blocks, so that those of a long window are no larger than it is, and are never copied.
const ropePositions = 512

// ropeTable is never changed once it is published.
type ropeTable struct {
	half   int // HeadDim/2
	blocks []*ropeBlock
}

// ropeBlock has the angles of ropePositions positions.
type ropeBlock struct {
	cos, sin []float32 // [ropePositions, HeadDim/2]
	negated  atomic.Pointer[[]float32]
}

// at returns the cosines and sines of position p.
func (t *ropeTable) at(p int) (cos, sin []float32) {
	b, at := t.blocks[p/ropePositions], p%ropePositions*t.half
	return b.cos[at : at+t.half], b.sin[at : at+t.half]
}

// backAt returns those that turn position p back.
func (t *ropeTable) backAt(p int) (cos, negated []float32) {
	b, at := t.blocks[p/ropePositions], p%ropePositions*t.half
	return b.cos[at : at+t.half], b.negative()[at : at+t.half]
}

// negative returns -sin, which only training needs: it is made when it is first
// asked for, at the same time perhaps by several, who make the same.
func (b *ropeBlock) negative() []float32 {
	if n := b.negated.Load(); n != nil {
		return *n
	}
	n := make([]float32, len(b.sin))
	for i, s := range b.sin {
		n[i] = -s
	}
	b.negated.Store(&n)
	return n
}

// NewRope returns a Rope with empty tables.
func NewRope(frequencies []float64, scale float64) *Rope {
	r := &Rope{}
	r.Reset(frequencies, scale)
	return r
}

// Reset gives the Rope other angles; no pass may be using it.
func (r *Rope) Reset(frequencies []float64, scale float64) {
	r.frequencies, r.scale = frequencies, scale
	r.table.Store(&ropeTable{half: len(frequencies)})
}

// load returns the tables, nil of no Rope.
func (r *Rope) load() *ropeTable {
	if r == nil {
		return nil
	}
	return r.table.Load()
}

// SizeBytes returns the memory of the tables for n positions; training makes them
// half as large again.
func (r *Rope) SizeBytes(n int) int64 {
	return int64(ropeBlocks(n)) * ropePositions * int64(len(r.frequencies)) * 2 * 4
}

// ropeBlocks returns how many blocks n positions need.
func ropeBlocks(n int) int { return (n + ropePositions - 1) / ropePositions }

// Grow makes sure that the tables cover positions below n. It allocates only
// when they do not.
func (r *Rope) Grow(n int) {
	if len(r.table.Load().blocks) >= ropeBlocks(n) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	t := &ropeTable{half: old.half, blocks: slices.Clip(old.blocks)}
	for len(t.blocks) < ropeBlocks(n) {
		t.blocks = append(t.blocks, r.newBlock(len(t.blocks)*ropePositions))
	}
	r.table.Store(t)
}

// newBlock computes the angles of the positions from first on.
func (r *Rope) newBlock(first int) *ropeBlock {
	half := len(r.frequencies)
	b := &ropeBlock{cos: make([]float32, ropePositions*half), sin: make([]float32, ropePositions*half)}
	for p := range ropePositions {
		for i, f := range r.frequencies {
			sin, cos := kernel.SinCos(float64(first+p) * f)
			b.cos[p*half+i] = float32(cos * r.scale)
			b.sin[p*half+i] = float32(sin * r.scale)
		}
	}
	return b
}
