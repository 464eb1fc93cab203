package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// guard places slices between pages that cannot be touched: at the end of the first
// or at the beginning of the last. A nil guard makes plain copies.
type guard struct {
	t      *testing.T
	atLast bool
	pages  [][]byte
}

func (g *guard) free() {
	for _, b := range g.pages {
		_ = syscall.Munmap(b)
	}
}

func place[T any](g *guard, s []T) []T {
	if g == nil {
		return slices.Clone(s)
	}
	page, size := syscall.Getpagesize(), len(s)*int(unsafe.Sizeof(s[0]))
	pages := ceilDiv(size, page) * page
	all, err := syscall.Mmap(-1, 0, pages+2*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		g.t.Fatal(err)
	}
	g.pages = append(g.pages, all)
	open := all[page:][:pages]
	if err := syscall.Mprotect(open, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		g.t.Fatal(err)
	}
	at := 0
	if g.atLast {
		at = pages - size
	}
	to := unsafe.Slice((*T)(unsafe.Pointer(&open[at])), len(s))
	copy(to, s)
	return to
}

// guardedCases are calls with slices that place makes.
var guardedCases = []struct {
	name string
	run  func(g *guard, r *rand.Rand) ([]tensor.BF16, []float32)
}{
	{"product", guardedProduct},
	{"gradient", guardedGrad},
	{"stored", guardedStored},
	{"attention", guardedAttention},
	{"long", guardedLong},
}

// TestGuarded: no path reads or writes beyond the slices of a call, whatever the
// sizes: a fault would end the program. All have the bits of portable Go.
func TestGuarded(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(2)
	seeds := uint64(24)
	if testing.Short() {
		seeds = 5
	}
	type result struct {
		y []tensor.BF16
		f []float32
	}
	want := map[string]result{}
	each := func(do func(what string, run func(g *guard) result)) {
		for _, c := range guardedCases {
			for seed := range seeds {
				do(fmt.Sprint(c.name, " ", seed), func(g *guard) result {
					y, f := c.run(g, rand.New(rand.NewPCG(seed, 90)))
					return result{y, f}
				})
			}
		}
	}
	eachPath(t, func(t *testing.T) {
		if CPU() == "portable" {
			t.Skip("Go does not leave its slices")
		}
		if len(want) == 0 {
			before := cpu
			cpu = machine[len(machine)-1] // portable
			each(func(what string, run func(*guard) result) { want[what] = run(nil) })
			cpu = before
		}
		atLast := false
		each(func(what string, run func(*guard) result) {
			atLast = !atLast
			g := guard{t: t, atLast: atLast}
			defer g.free()
			got := run(&g)
			wantBF16(t, what, got.y, want[what].y)
			wantF32(t, what, got.f, want[what].f)
		})
	})
}

// anySize draws a size up to a bound, often at or next to whole blocks.
func anySize(r *rand.Rand, most int) int {
	n := 1 + r.IntN(most)
	if r.IntN(2) == 0 {
		n = ceilDiv(n, 32)*32 - r.IntN(3) + 1
	}
	return n
}

func guardedProduct(g *guard, r *rand.Rand) ([]tensor.BF16, []float32) {
	rows, n, k, groups := anySize(r, 120), anySize(r, 90), anySize(r, 700), 1+r.IntN(2)
	offsets := randomOffsets(r, groups, rows)
	w := NewPacked(groups, k, n)
	for i := range groups {
		w.PackBF16(i, drawn(r, n*k, inputs[0].draw))
	}
	w.Data = place(g, w.Data)
	x := place(g, drawn(r, rows*k, inputs[0].draw))
	y, f := place(g, make([]tensor.BF16, rows*n)), place(g, make([]float32, rows*n))
	MatMul(y, x, w, offsets)
	MatMulF32(f, x, w, offsets)
	return y, f
}

func guardedGrad(g *guard, r *rand.Rand) ([]tensor.BF16, []float32) {
	rows, out, in, groups := anySize(r, 90), anySize(r, 200), anySize(r, 200), 1+r.IntN(4)/3
	if r.IntN(2) == 0 {
		rows = ceilDiv(rows, BlockK) * BlockK // packing may be tempted to read them where they are
	}
	dy, x := place(g, drawn(r, rows*out, inputs[0].draw)), place(g, drawn(r, rows*in, inputs[0].draw))
	dw := place(g, make([]float32, groups*out*in))
	MatMulGrad(dw, dy, x, out, in, randomOffsets(r, groups, rows))
	return nil, dw
}

func guardedStored(g *guard, r *rand.Rand) ([]tensor.BF16, []float32) {
	all := append(slices.Clone(blockFormats), plainFormats...)
	rows, n, k := 1+r.IntN(40), anySize(r, 90), 256*(1+r.IntN(3))
	c := newQuantizedCase("", 1, k, n, func(_, _ int) tensor.DType { return all[r.IntN(len(all))] }, scaleKinds[0].draw)
	for i := range c.coded.stored {
		c.coded.stored[i].data = place(g, c.coded.stored[i].data)
	}
	x := place(g, drawn(r, rows*k, inputs[0].draw))
	y, f := place(g, make([]tensor.BF16, rows*n)), place(g, make([]float32, rows*n))
	MatMul(y, x, c.coded, nil)
	MatMulF32(f, x, c.coded, nil)
	return y, f
}

// guardedBlocks returns blocks of one form or of both.
func guardedBlocks(g *guard, r *rand.Rand, s AttentionShape, n int) []Block {
	blocks := make([]Block, ceilDiv(n, KeyBlock))
	int8s := r.IntN(3)
	for i := range blocks {
		b := &blocks[i]
		*b = s.NewBlocks(1, int8s == 1 || int8s == 2 && r.IntN(4) == 0)[0]
		if b.BF16 != nil {
			b.BF16 = place(g, b.BF16)
		} else {
			b.Int8, b.Scales = place(g, b.Int8), place(g, b.Scales)
		}
	}
	return blocks
}

func guardedAttention(g *guard, r *rand.Rand) ([]tensor.BF16, []float32) {
	s := shaped(attentionShapes[r.IntN(len(attentionShapes))])
	length, start := anySize(r, 100), r.IntN(3)
	rows := start + length
	spans := []Span{{Start: start, Len: length, Blocks: guardedBlocks(g, r, s, length)}}
	qkv := place(g, drawn(r, rows*s.width(), inputs[0].draw))
	do := place(g, drawn(r, rows*s.Heads*s.HeadDim, inputs[0].draw))
	o, lse := place(g, make([]tensor.BF16, len(do))), place(g, make([]float32, rows*s.Heads))
	dqkv := place(g, make([]tensor.BF16, len(qkv)))
	s.Append(qkv, spans)
	s.Forward(o, lse, qkv, spans)
	s.Backward(dqkv, do, o, qkv, lse, spans)
	return slices.Concat(o, dqkv), lse
}

// guardedLong has some queries of a document that is longer than what attend takes
// in a call.
func guardedLong(g *guard, r *rand.Rand) ([]tensor.BF16, []float32) {
	s := shaped(AttentionShape{Heads: 4, KVHeads: 1, HeadDim: 32 * (1 + r.IntN(2)), Window: r.IntN(2) * (1 + r.IntN(3000))})
	length, n := (maxRun+r.IntN(maxRun))*KeyBlock+r.IntN(KeyBlock), 1+r.IntN(24)
	blocks := guardedBlocks(g, r, s, length)
	qkv := drawn(r, length*s.width(), inputs[0].draw)
	s.Append(qkv, []Span{{Len: length, Blocks: blocks}})
	q := place(g, qkv[(length-n)*s.width():])
	o, lse := place(g, make([]tensor.BF16, n*s.Heads*s.HeadDim)), place(g, make([]float32, n*s.Heads))
	s.Forward(o, lse, q, []Span{{Len: n, Pos: length - n, Blocks: blocks}})
	return o, lse
}
