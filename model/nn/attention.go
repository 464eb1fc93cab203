package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Attention is self-attention, causal unless Shape says otherwise, with grouped
// queries and rotary embedding: y = Out(attend(rotate(norm(QKV(x))))).
//
// QKV's rows are the query heads, the key heads and the value heads. QNorm and
// KNorm are nil, or normalize each head (width HeadDim) or all heads together
// (width Heads*HeadDim and KVHeads*HeadDim). Without a Rope nothing is rotated.
type Attention struct {
	Shape        kernel.AttentionShape
	QKV, Out     Linear
	QNorm, KNorm *Norm
	Rope         *Rope
}

// AttentionActs are the results of one layer's forward pass that its backward
// pass needs. Layers may share them when there is no backward pass.
type AttentionActs struct {
	QKV  []tensor.BF16 // [T, (Heads+2*KVHeads)*HeadDim], queries and keys rotated
	Raw  []tensor.BF16 // [T, (Heads+KVHeads)*HeadDim], queries and keys before their norm; nil without norm or backward
	Rstd []float32     // [T, Segments()], of the norms on queries and keys; without backward a row for each range of turnGrain tokens
	O    []tensor.BF16 // [T, Heads*HeadDim]
	LSE  []float32     // [T, Heads]; nil without backward
}

// Width returns the columns of AttentionActs.QKV.
func (a *Attention) Width() int { return (a.Shape.Heads + 2*a.Shape.KVHeads) * a.Shape.HeadDim }

// QWidth returns the columns that hold queries.
func (a *Attention) QWidth() int { return a.Shape.Heads * a.Shape.HeadDim }

// KWidth returns the columns that hold keys.
func (a *Attention) KWidth() int { return a.Shape.KVHeads * a.Shape.HeadDim }

// Segments returns how many norms on queries and keys a token has.
func (a *Attention) Segments() int {
	if a.QNorm == nil {
		return 0
	}
	return a.qSegments() + a.KWidth()/a.KNorm.Weight.In
}

// qSegments returns how many of them are on queries.
func (a *Attention) qSegments() int { return a.QWidth() / a.QNorm.Weight.In }

// Take lays out the activations of maxTokens tokens; train keeps what the
// backward pass needs.
func (a *Attention) Take(arena *Arena, maxTokens int, train bool) AttentionActs {
	acts := AttentionActs{
		QKV: Take[tensor.BF16](arena, maxTokens*a.Width()),
		O:   Take[tensor.BF16](arena, maxTokens*a.QWidth()),
	}
	if !train {
		acts.Rstd = Take[float32](arena, (maxTokens+turnGrain-1)/turnGrain*a.Segments())
	} else {
		acts.Rstd = Take[float32](arena, maxTokens*a.Segments())
		acts.LSE = Take[float32](arena, maxTokens*a.Shape.Heads)
		acts.Raw = Take[tensor.BF16](arena, maxTokens*(a.QWidth()+a.KWidth())*min(a.Segments(), 1))
	}
	return acts
}

// Batch tells attention where the rows stand. The keys and values of group g,
// Spans[Groups[g]:Groups[g+1]], are appended to its blocks before its queries
// run; groups run one after the other and may use the same blocks again.
type Batch struct {
	Positions []int32 // [T], in the row's own document; nil without a Rope
	Spans     []kernel.Span
	Groups    []int32
}

// Forward computes y [T, D] from x [T, D].
func (a *Attention) Forward(y, x []tensor.BF16, acts *AttentionActs, b *Batch) {
	rows := len(x) / a.QKV.Weight.In
	qkv := acts.QKV[:rows*a.Width()]
	a.QKV.Forward(qkv, x, nil)
	if a.turns() {
		job := turnJobs.Get()
		*job = turnJob{a: a, acts: acts, positions: b.Positions, table: a.Rope.load()}
		Rows(rows, turnGrain, job)
		turnJobs.Put(job)
	}
	o := acts.O[:rows*a.QWidth()]
	var lse []float32
	if acts.LSE != nil {
		lse = acts.LSE[:rows*a.Shape.Heads]
	}
	for g := range len(b.Groups) - 1 {
		spans := b.Spans[b.Groups[g]:b.Groups[g+1]]
		a.Shape.Append(qkv, spans)
		a.Shape.Forward(o, lse, qkv, spans)
	}
	a.Out.Forward(y, o, nil)
}

// turns reports whether queries and keys are normalized or rotated.
func (a *Attention) turns() bool { return a.QNorm != nil || a.Rope != nil }

const turnGrain = 16

// turnJob normalizes and rotates the queries and keys of rows in place.
type turnJob struct {
	a         *Attention
	acts      *AttentionActs
	positions []int32
	table     *ropeTable
}

var turnJobs Jobs[turnJob]

func (j *turnJob) Rows(lo, hi int) {
	a := j.a
	qk := a.QWidth() + a.KWidth()
	for r := lo; r < hi; r++ {
		row := j.acts.QKV[r*a.Width():][:qk]
		if len(j.acts.Raw) > 0 {
			copy(j.acts.Raw[r*qk:(r+1)*qk], row)
		}
		if a.QNorm != nil {
			j.norm(row, r)
		}
		if j.table != nil {
			cos, sin := j.table.at(int(j.positions[r]))
			kernel.RotateRows(row, cos, sin)
		}
	}
}

func (j *turnJob) norm(row []tensor.BF16, r int) {
	a := j.a
	if j.acts.LSE == nil { // nobody reads it later
		r /= turnGrain
	}
	rstd := j.acts.Rstd[r*a.Segments() : (r+1)*a.Segments()]
	q, k, qn := row[:a.QWidth()], row[a.QWidth():], a.qSegments()
	kernel.RMSNormRows(q, q, a.QNorm.Weight.Vector, rstd[:qn], a.QNorm.Eps)
	kernel.RMSNormRows(k, k, a.KNorm.Weight.Vector, rstd[qn:], a.KNorm.Eps)
}

// AttentionGrads is scratch of the backward pass.
type AttentionGrads struct {
	DO   []tensor.BF16 // [T, Heads*HeadDim]
	DQKV []tensor.BF16 // [T, Width()]
	Sums []float32     // SumsLen(T, max(Width(), QNorm's and KNorm's width))
}

// TakeGrads lays out the scratch for maxTokens tokens.
func (a *Attention) TakeGrads(arena *Arena, maxTokens int) AttentionGrads {
	return AttentionGrads{
		DO:   Take[tensor.BF16](arena, maxTokens*a.QWidth()),
		DQKV: Take[tensor.BF16](arena, maxTokens*a.Width()),
		Sums: Take[float32](arena, SumsLen(maxTokens, a.Width())),
	}
}

// Backward computes dx [T, D], the gradient of Forward's x, from dy [T, D]
// unless dx is nil, and adds the gradients of the weights. All spans begin at
// position 0.
func (a *Attention) Backward(dx, dy, x []tensor.BF16, acts *AttentionActs, g *AttentionGrads, b *Batch) {
	rows := len(x) / a.QKV.Weight.In
	do, dqkv := g.DO[:rows*a.QWidth()], g.DQKV[:rows*a.Width()]
	o, qkv := acts.O[:rows*a.QWidth()], acts.QKV[:rows*a.Width()]
	a.Out.Backward(do, dy, o, nil, g.Sums)
	a.Shape.Backward(dqkv, do, o, qkv, acts.LSE[:rows*a.Shape.Heads], b.Spans)
	if a.turns() {
		job := unturnJobs.Get()
		*job = unturnJob{a: a, acts: acts, dqkv: dqkv, sums: g.Sums, positions: b.Positions, table: a.Rope.load()}
		Rows(rows, sumChunk, job)
		unturnJobs.Put(job)
	}
	if a.QNorm != nil {
		a.addNormGrads(g.Sums, rows)
	}
	a.QKV.Backward(dx, dqkv, x, nil, g.Sums)
}

// unturnJob takes the gradients of queries and keys back through rotation and
// norm, in place. The chunk's sums are the gradients of QNorm's weights and
// then KNorm's.
type unturnJob struct {
	a         *Attention
	acts      *AttentionActs
	dqkv      []tensor.BF16
	sums      []float32
	positions []int32
	table     *ropeTable
}

var unturnJobs Jobs[unturnJob]

func (j *unturnJob) Rows(lo, hi int) {
	a := j.a
	qk := a.QWidth() + a.KWidth()
	var dq, dk []float32
	if a.QNorm != nil {
		nq, nk := a.QNorm.Weight.In, a.KNorm.Weight.In
		sums := j.sums[lo/sumChunk*(nq+nk):][:nq+nk]
		clear(sums)
		dq, dk = sums[:nq], sums[nq:]
	}
	for r := lo; r < hi; r++ {
		row := j.dqkv[r*a.Width():][:qk]
		if j.table != nil {
			cos, negated := j.table.backAt(int(j.positions[r]))
			kernel.RotateRows(row, cos, negated)
		}
		if a.QNorm != nil {
			j.unnorm(row, r, dq, dk)
		}
	}
}

func (j *unturnJob) unnorm(row []tensor.BF16, r int, dq, dk []float32) {
	a := j.a
	raw := j.acts.Raw[r*len(row) : (r+1)*len(row)]
	rstd := j.acts.Rstd[r*a.Segments() : (r+1)*a.Segments()]
	w, qn := a.QWidth(), a.qSegments()
	kernel.RMSNormRowsBackward(row[:w], dq, row[:w], raw[:w], a.QNorm.Weight.Vector, rstd[:qn])
	kernel.RMSNormRowsBackward(row[w:], dk, row[w:], raw[w:], a.KNorm.Weight.Vector, rstd[qn:])
}

func (a *Attention) addNormGrads(sums []float32, rows int) {
	dq, dk := a.QNorm.Weight.Grad, a.KNorm.Weight.Grad
	if dq == nil || dk == nil { // frozen
		return
	}
	for ; rows > 0; rows -= sumChunk {
		kernel.AddF32(dq, sums[:len(dq)])
		sums = sums[len(dq):]
		kernel.AddF32(dk, sums[:len(dk)])
		sums = sums[len(dk):]
	}
}
