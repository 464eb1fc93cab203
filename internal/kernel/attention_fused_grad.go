package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// attendGradArgs are the arguments of a path's attendGrad, which does for one
// block of queries and one of keys what Backward says. A block has 64 rows, of
// which those after the last are zero. Assembly knows the offsets.
type attendGradArgs struct {
	q, do                 unsafe.Pointer // A
	qT, doT               unsafe.Pointer // A: the transposes
	keys, values, keyRows unsafe.Pointer // packed
	dq                    unsafe.Pointer // [64, head], or nil
	dk, dv                unsafe.Pointer // [head, 64], or nil
	down, delta           unsafe.Pointer // by row; down is -lse
	bounds                unsafe.Pointer // by row, the keys it sees; nil if all see all
	scratch               unsafe.Pointer
	qBlocks, kBlocks      int // of 32 rows that are not all zero
	scale                 float32
}

// attendGrad is a path's gradient of attention for a head size.
type attendGrad struct {
	pair func(t *attendGradArgs)
	// roundT rounds the transpose of sums [16, 64] to rows of y.
	roundT func(y *tensor.BF16, stride int, c *float32)
}

// attendGradLen is the size of the scratch of attendGrad in float32: scores and
// their derivatives for 32 queries, weights and theirs twice, and zeros.
const attendGradLen = KeyBlock*KeyBlock + 3*KeyBlock*KeyBlock/2 + attendTile*attendTile

// gradScratch is what a worker needs for attendGrad.
type gradScratch struct {
	op     attendGrad // pair is nil if products are to be used
	args   attendGradArgs
	padded []tensor.BF16 // 64 rows
	near   []float32
	bounds [KeyBlock][2]int32
}

// attendGrad returns the path's attendGrad for the head size; without pair, if
// there is none.
func (s AttentionShape) attendGrad() attendGrad {
	if s.depth() >= len(cpu.attendGrad) {
		return attendGrad{}
	}
	return cpu.attendGrad[s.depth()]
}

// prepare makes room for blocks of so many values a row.
func (t *gradScratch) prepare(wide int) {
	t.near = grow(t.near, attendGradLen)
	t.padded = grow(t.padded, KeyBlock*wide+2*BlockK) // packT reads on
	clear(t.near)
	clear(t.padded)
}

// pad returns rows of dim values with zeros up to 64 rows of whole blocks, and
// their stride. Rows that are so lie as they are, if packT can read on after the
// last.
func (t *gradScratch) pad(x []tensor.BF16, stride, rows, dim, wide int) ([]tensor.BF16, int) {
	if rows == KeyBlock && dim == wide && len(x) >= KeyBlock*stride+2*BlockK {
		return x, stride
	}
	for r := range rows {
		copy(t.padded[r*wide:][:dim], x[r*stride:])
	}
	clear(t.padded[rows*wide : KeyBlock*wide])
	return t.padded, wide
}

// packNear packs n queries and the derivatives of their outputs, and turns lse
// into what is added to scores: such that the weights of rows that are none are 0.
func (t *backwardScratch) packNear(to *queryBlock, q []tensor.BF16, width int, do []tensor.BF16, outputs, n, dim int) {
	wide := ceilDiv(dim, BlockK) * BlockK
	pack := func(a, turned *operand, x []tensor.BF16, stride int) {
		x, stride = t.pad(x, stride, n, dim, wide)
		a.pack(x, stride, KeyBlock, wide)
		if t.ownsKeys {
			turned.packT(x, stride, wide, KeyBlock)
		}
	}
	pack(&to.q, &to.qT, q, width)
	pack(&to.do, &to.doT, do, outputs)
	for r := range to.lse {
		if r < n {
			to.lse[r] = -to.lse[r]
		} else {
			to.lse[r], to.delta[r] = lowest, 0
		}
	}
}

// pairNear is pair by attendGrad.
func (t *backwardScratch) pairNear(j *backwardJob, span *Span, b, c int, q *queryBlock) {
	part, at := j.partLen(), b-t.keys
	n, keys := min(KeyBlock, span.Len-c*KeyBlock), min(KeyBlock, span.Len-b*KeyBlock)
	t.args = attendGradArgs{
		q: unsafe.Pointer(&q.q.data[0]), do: unsafe.Pointer(&q.do.data[0]),
		keys: unsafe.Pointer(&t.keyBlocks[at*part]), values: unsafe.Pointer(&t.values[at*part]),
		down: unsafe.Pointer(&q.lse), delta: unsafe.Pointer(&q.delta),
		scratch: unsafe.Pointer(&t.near[0]),
		qBlocks: usedPanels(n), kBlocks: usedPanels(keys), scale: j.Scale,
	}
	if t.ownsQueries {
		t.args.keyRows, t.args.dq = unsafe.Pointer(&t.keyRows[at*part]), unsafe.Pointer(&q.dq[0])
	}
	if t.ownsKeys {
		t.args.qT, t.args.doT = unsafe.Pointer(&q.qT.data[0]), unsafe.Pointer(&q.doT.data[0])
		t.args.dk, t.args.dv = unsafe.Pointer(&t.dk[at*j.sumsLen()]), unsafe.Pointer(&t.dv[at*j.sumsLen()])
	}
	if !j.seeAll(span, c*KeyBlock, c*KeyBlock+n, b) {
		for r := range t.bounds {
			lo, hi := j.visible(span, c*KeyBlock+r, b)
			t.bounds[r] = [2]int32{int32(lo), int32(hi)}
		}
		t.args.bounds = unsafe.Pointer(&t.bounds)
	}
	t.op.pair(&t.args)
}

// storeTurned is store for sums that are transposed.
func (t *backwardScratch) storeTurned(j *backwardJob, sums []float32, span *Span, block, column int) {
	wide := j.depth() * BlockK
	for d := 0; d < wide; d += attendTile {
		t.op.roundT(&t.padded[d], wide, &sums[d*KeyBlock])
	}
	row := span.Start + block*KeyBlock
	for r := range min(KeyBlock, span.Len-block*KeyBlock) {
		copy(j.dqkv[(row+r)*j.width()+column:][:j.HeadDim], t.padded[r*wide:])
	}
}
