package moe

import (
	"math"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Dispatch says which row of the experts' batch each choice of a token became.
// Rows are sorted by expert, and within an expert by token.
type Dispatch struct {
	Offsets []int32 // [E+1]: rows of expert e are [Offsets[e], Offsets[e+1])
	Row     []int32 // [T, K]: row of the token's choice, -1 = dropped
	Choice  []int32 // [R]: t*K+k of each row
	Load    []int32 // [E]: choices of each expert before capacity
	Rows    int     // R, at most T*K
	Dropped int     // choices over capacity
}

// takeDispatch lays out a Dispatch for maxTokens tokens.
func takeDispatch(arena *nn.Arena, maxTokens, e, k int) Dispatch {
	return Dispatch{
		Offsets: nn.Take[int32](arena, e+1),
		Row:     nn.Take[int32](arena, maxTokens*k),
		Choice:  nn.Take[int32](arena, maxTokens*k),
		Load:    nn.Take[int32](arena, e),
	}
}

// Assign sorts the choices ids [T, K] by expert. capacity is the most rows an
// expert takes, 0 = any number; where there are more, first choices come
// before second ones, and earlier tokens before later ones (GShard,
// arXiv:2006.16668, 2.2).
func (d *Dispatch) Assign(ids []int32, k, capacity int) {
	clear(d.Load)
	for _, e := range ids {
		d.Load[e]++
	}
	d.Dropped = 0
	row := d.Row[:len(ids)]
	for i := range row {
		row[i] = 0
	}
	if capacity > 0 {
		d.drop(ids, k, capacity)
	}
	d.offsets(capacity)
	// Offsets serve as cursors here: expert e's ends where e+1's began.
	for i, e := range ids {
		if row[i] < 0 {
			continue
		}
		at := d.Offsets[e]
		d.Offsets[e]++
		row[i], d.Choice[at] = at, int32(i)
	}
	copy(d.Offsets[1:], d.Offsets[:len(d.Load)])
	d.Offsets[0] = 0
}

// drop marks the choices over capacity with -1 and counts them.
func (d *Dispatch) drop(ids []int32, k, capacity int) {
	taken := d.Offsets[:len(d.Load)]
	clear(taken)
	for rank := range k {
		for i := rank; i < len(ids); i += k {
			if e := ids[i]; int(taken[e]) < capacity {
				taken[e]++
			} else {
				d.Row[i] = -1
				d.Dropped++
			}
		}
	}
}

// offsets sets Offsets to where each expert's rows begin.
func (d *Dispatch) offsets(capacity int) {
	at := 0
	for e, n := range d.Load {
		d.Offsets[e] = int32(at)
		if capacity > 0 {
			n = min(n, int32(capacity))
		}
		at += int(n)
	}
	d.Offsets[len(d.Load)] = int32(at)
	d.Rows = at
}

// Capacity returns the most rows that an expert takes of a batch of rows
// tokens: ceil(factor*T*K/E), and 0 = any number for a factor of 0.
func Capacity(factor float64, rows, k, e int) int {
	if factor == 0 {
		return 0
	}
	return max(int(math.Ceil(float64(factor*float64(rows*k))/float64(e))), 1)
}

const gatherGrain = 64

// gather copies the rows of src [T, D] to the experts' rows dst [R, D], scaled
// by their gates unless those are nil.
func (d *Dispatch) gather(dst, src []tensor.BF16, gates []float32, width, k int) {
	job := gatherJobs.Get()
	*job = gatherJob{d, dst, src, gates, width, k}
	nn.Rows(d.Rows, gatherGrain, job)
	gatherJobs.Put(job)
}

type gatherJob struct {
	d        *Dispatch
	dst, src []tensor.BF16
	gates    []float32
	width, k int
}

var gatherJobs nn.Jobs[gatherJob]
