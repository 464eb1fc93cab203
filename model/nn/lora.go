package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// LoRA is a low-rank update of the matrices of a Param (Hu et al.,
// arXiv:2106.09685): a part of a matrix, with the rows of one tensor of the
// ecosystem, becomes w + Scale·B·A. It is never added to the matrix:
//
//	y = bf16(x·wᵀ) + bf16(bf16(Scale·(x·Aᵀ))·Bᵀ), rounded to bf16
//
// A row's result depends on that row and the weights alone, like every
// product's. Goroutines may share a LoRA as they may share its Param.
type LoRA struct {
	Scale float32
	// A [G][n·Rank, In], form Product, holds the A of the n parts one below the
	// other: they read the same input.
	A     *Param
	Parts []LoRAPart
}

// LoRAPart is the update of the rows [Row, Row+B.Out) of each group.
type LoRAPart struct {
	Row int
	B   *Param // [G][rows, Rank], form Product
}

// Rank returns the rank of each part's update.
func (l *LoRA) Rank() int { return l.A.Out / len(l.Parts) }

// loraChunk is the number of rows that are worked on at a time. It bounds the
// scratch, and is part of the definition of the gradients, which sum over rows.
const loraChunk = 1024

// loraScratch is the memory of one call. It grows to what the largest call
// needed and is kept.
type loraScratch struct {
	u, du     []float32     // [chunk, n·Rank], [chunk, Rank]
	us, duAll []tensor.BF16 // [chunk, Rank], [chunk, n·Rank]
	part      []tensor.BF16 // [chunk, rows of a part]
	dx        []tensor.BF16 // [chunk, In]
	offsets   []int32       // [G+1]
}

var loraScratches par.FreeList[loraScratch]

func grow[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}

// LoRAScratchBytes returns the most memory that the updates of params keep
// between calls of up to rows rows, by one goroutine.
func LoRAScratchBytes(params []*Param, rows int) int64 {
	rows = min(rows, loraChunk)
	var wide, rank, out, in, groups int
	for _, p := range params {
		if p.LoRA == nil {
			continue
		}
		wide, rank = max(wide, p.LoRA.A.Out), max(rank, p.LoRA.Rank())
		in, groups = max(in, p.In), max(groups, p.Groups)
		for _, part := range p.LoRA.Parts {
			out = max(out, part.B.Out)
		}
	}
	return int64(rows)*int64(4*(wide+rank)+2*(wide+rank+out+in)) + 4*int64(groups+1)
}

// each calls f for every chunk of rows rows, with the chunk's offsets.
func (s *loraScratch) each(rows int, offsets []int32, f func(lo, hi int, offsets []int32)) {
	for lo := 0; lo < rows; lo += loraChunk {
		hi := min(lo+loraChunk, rows)
		if offsets == nil {
			f(lo, hi, nil)
			continue
		}
		own := grow(&s.offsets, len(offsets))
		for g, o := range offsets {
			own[g] = int32(min(max(int(o), lo), hi) - lo)
		}
		f(lo, hi, own)
	}
}

// forward adds the update to y [T, Out], the product of x [T, In].
func (l *LoRA) forward(y, x []tensor.BF16, offsets []int32) {
	in, out := l.A.In, len(y)/(len(x)/l.A.In)
	s := loraScratches.Get()
	s.each(len(x)/in, offsets, func(lo, hi int, offsets []int32) {
		n := hi - lo
		u := grow(&s.u, n*l.A.Out)
		l.A.MatMulF32(u, x[lo*in:hi*in], offsets)
		for i, part := range l.Parts {
			us := l.scaled(s, u, i)
			delta := grow(&s.part, n*part.B.Out)
			part.B.MatMul(delta, us, offsets)
			runColumns(columnsJob{kind: addColumns, wide: y[lo*out : hi*out], narrow: delta, width: out, cols: part.B.Out, col: part.Row})
		}
	})
	loraScratches.Put(s)
}

// scaled returns Scale·(x·Aᵀ) of part i, rounded, from u [n, A.Out].
func (l *LoRA) scaled(s *loraScratch, u []float32, i int) []tensor.BF16 {
	rank := l.Rank()
	us := grow(&s.us, len(u)/len(l.Parts))
	runColumns(columnsJob{kind: scaleColumns, f32: u, narrow: us, width: l.A.Out, cols: rank, col: i * rank, scale: l.Scale})
	return us
}

// inputGrad adds to dx [T, In] what the update makes of dy [T, Out].
func (l *LoRA) inputGrad(dx, dy []tensor.BF16, offsets []int32) {
	in := l.A.In
	rows := len(dx) / in
	out := len(dy) / rows
	s := loraScratches.Get()
	s.each(rows, offsets, func(lo, hi int, offsets []int32) {
		du := l.hiddenGrad(s, dy[lo*out:hi*out], out, offsets)
		update := grow(&s.dx, (hi-lo)*in)
		kernel.MatMul(update, du, l.A.WT, offsets)
		Add(dx[lo*in:hi*in], dx[lo*in:hi*in], update, in)
	})
	loraScratches.Put(s)
}

// hiddenGrad returns the gradient of x·Aᵀ, [n, A.Out], from dy [n, out].
func (l *LoRA) hiddenGrad(s *loraScratch, dy []tensor.BF16, out int, offsets []int32) []tensor.BF16 {
	n, rank := len(dy)/out, l.Rank()
	all := grow(&s.duAll, n*l.A.Out)
	for i, part := range l.Parts {
		du := grow(&s.du, n*rank)
		kernel.MatMulF32(du, part.columns(s, dy, out), part.B.WT, offsets)
		runColumns(columnsJob{kind: spreadColumns, f32: du, wide: all, width: l.A.Out, cols: rank, col: i * rank, scale: l.Scale})
	}
	return all
}

// columns returns the part's columns of dy [n, out] next to each other.
func (p *LoRAPart) columns(s *loraScratch, dy []tensor.BF16, out int) []tensor.BF16 {
	if p.B.Out == out {
		return dy
	}
	own := grow(&s.part, len(dy)/out*p.B.Out)
	runColumns(columnsJob{kind: takeColumns, wide: dy, narrow: own, width: out, cols: p.B.Out, col: p.Row})
	return own
}

// weightGrad adds the gradients of A and B from dy [T, Out] and x [T, In].
func (l *LoRA) weightGrad(dy, x []tensor.BF16, offsets []int32) {
	in := l.A.In
	rows, rank := len(x)/in, l.Rank()
	out := len(dy) / rows
	s := loraScratches.Get()
	s.each(rows, offsets, func(lo, hi int, offsets []int32) {
		xs, dys := x[lo*in:hi*in], dy[lo*out:hi*out]
		u := grow(&s.u, (hi-lo)*l.A.Out)
		l.A.MatMulF32(u, xs, offsets)
		for i, part := range l.Parts {
			us := l.scaled(s, u, i)
			kernel.MatMulGrad(part.B.Grad, part.columns(s, dys, out), us, part.B.Out, rank, offsets)
		}
		kernel.MatMulGrad(l.A.Grad, l.hiddenGrad(s, dys, out, offsets), xs, l.A.Out, in, offsets)
	})
	loraScratches.Put(s)
}

// columnsJob moves the columns [col, col+cols) of a matrix of width columns to
// or from one that has no others.
type columnsJob struct {
	kind             columnsKind
	wide, narrow     []tensor.BF16
	f32              []float32
	width, cols, col int
	scale            float32
}

type columnsKind int

const (
	takeColumns   columnsKind = iota // narrow = columns of wide
	addColumns                       // columns of wide += narrow
	scaleColumns                     // narrow = bf16(scale·columns of f32); changes f32
	spreadColumns                    // columns of wide = bf16(scale·f32), which is narrow; changes f32
)

var columnsJobs Jobs[columnsJob]

func runColumns(args columnsJob) {
	job := columnsJobs.Get()
	*job = args
	rows := len(args.narrow) / args.cols
	if args.kind == spreadColumns {
		rows = len(args.f32) / args.cols
	}
	Rows(rows, rowGrain, job)
	columnsJobs.Put(job)
}

func (j *columnsJob) Rows(lo, hi int) {
	for r := lo; r < hi; r++ {
		wide, narrow := r*j.width+j.col, r*j.cols
		switch j.kind {
		case takeColumns:
			copy(j.narrow[narrow:narrow+j.cols], j.wide[wide:])
		case addColumns:
			dst := j.wide[wide : wide+j.cols]
			kernel.Add(dst, dst, j.narrow[narrow:narrow+j.cols])
		case scaleColumns:
			from := j.f32[wide : wide+j.cols]
			kernel.ScaleF32(from, j.scale)
			kernel.ToBF16(j.narrow[narrow:narrow+j.cols], from)
		case spreadColumns:
			from := j.f32[narrow : narrow+j.cols]
			kernel.ScaleF32(from, j.scale)
			kernel.ToBF16(j.wide[wide:wide+j.cols], from)
		}
	}
}
