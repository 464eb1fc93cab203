package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Forward computes attention for the rows of the spans, whose keys and values,
// their own included, are in the spans' blocks (see Append).
//
//	o [T, Heads*HeadDim]    lse [T, Heads] fp32, or nil    qkv: queries only
//
// For each query and the blocks of 64 keys in which it sees any, ascending,
// starting with m = -2^120, l = 0, acc = 0:
//
//	s = q·k, -Inf where masked              products summed as in MatMul
//	m' = max(m, max(s)*Scale)
//	alpha = exp(m-m'); p = exp(s*Scale-m')  fused; see scoreRows
//	l = l*alpha + sum p                     fused; sum in sixteen lanes and a tree
//	acc = acc*alpha + bf16(p)·v             products summed as in MatMul, from acc*alpha
//
// and in the end o = bf16(acc*(1/l) + 0) and lse = m + log(l). A row's result
// depends on its query and on the keys and values that are in its blocks, and,
// as long as they are finite, on those alone that it sees. A value that it does not
// see and that is not finite may make it a NaN, on one path and not on another.
// (FlashAttention, arXiv:2205.14135, algorithm 1.)
func (s AttentionShape) Forward(o []tensor.BF16, lse []float32, qkv []tensor.BF16, spans []Span) {
	s.check(qkv, spans)
	s.checkBlocks(spans)
	rows := len(qkv) / s.width()
	if len(o) != rows*s.Heads*s.HeadDim || lse != nil && len(lse) != rows*s.Heads {
		panic(fmt.Sprintf("kernel: attention on %d rows with %d outputs and %d sums", rows, len(o), len(lse)))
	}
	job := forwardJobs.Get()
	job.AttentionShape, job.qkv, job.o, job.lse, job.spans = s, qkv, o, lse, spans
	job.queries = s.queries()
	items := job.number(func(span *Span) int {
		_, count := span.chunks(job.queries)
		return count * s.KVHeads
	})
	par.Run(items, job)
	job.attentionJob = attentionJob{first: job.first}
	forwardJobs.Put(job)
}

// queries returns how many queries are taken at a time.
func (s AttentionShape) queries() int {
	n := 1
	for n*2*s.group() <= cpu.queries {
		n *= 2
	}
	return n
}

// forwardJob has one item for each head of keys and each chunk of queries,
// with all query heads that share the keys.
type forwardJob struct{ attentionJob }

var forwardJobs par.FreeList[forwardJob]

// attentionScratch is what a worker needs for attention.
type attentionScratch struct {
	q, p     operand
	rows     []tensor.BF16 // queries, then weights
	s, acc   []float32     // scores [rows, 64], outputs [rows, head]
	max, sum []float32     // by row
	alpha    []float32     // by row
	unpacked []tensor.BF16 // keys or values of a head that were in 8 bits
	scales   [pairLen]float32
	attendScratch
	backward backwardScratch
}

func (j *forwardJob) Do(worker, i int) {
	span, item := j.find(i)
	chunk, count := span.chunks(j.queries)
	// The items of a head follow each other: its keys and values stay near. The
	// last queries have the most keys, so they come first.
	head := item / count
	chunk += count - 1 - item%count
	from, to := span.chunk(j.queries, chunk)
	t := &workerScratch(worker).attention
	t.begin(j, span, head, from, to)
	first, end := j.AttentionShape.first(from)/KeyBlock, j.end(span, to-1)
	if t.op != nil {
		t.attend(j, span, head, from, to, first, ceilDiv(end, KeyBlock))
	} else {
		for b := first; b*KeyBlock < end; b++ {
			t.products(j, span, head, from, to, b)
		}
	}
	t.end(j, span, head, from, to)
}

// products takes a block of keys with products and rows of scores.
func (t *attentionScratch) products(j *forwardJob, span *Span, head, from, to, b int) {
	block, add := &span.Blocks[b], b > j.AttentionShape.first(from)/KeyBlock
	blind := j.blind(from, b) * j.group() / t.q.full.rows * t.q.full.rows
	panels := usedPanels(j.end(span, to-1) - b*KeyBlock)
	scores := rowSums(keyPanels)
	scores.from = blind
	t.q.mul(t.s, scores, t.keys(j, block, head), panels, j.depth()*blockLen, false)
	t.weigh(j, span, from, to, b, blind)
	if add {
		t.scaleSums(blind, j.depth()*BlockK)
	}
	t.p.shape(len(t.max), panels*PanelN)
	t.p.packFrom(blind, t.rows, KeyBlock, len(t.max), panels*PanelN)
	outputs := rowSums(j.depth())
	outputs.from = blind
	t.p.mul(t.acc, outputs, t.values(j, block, head), j.depth(), keyPanels*blockLen, add)
}

// usedPanels returns how many panels of a block have the first n keys. Those
// behind have the weight 0, which adds nothing to a sum.
func usedPanels(n int) int { return min(keyPanels, ceilDiv(n, PanelN)) }

// blind returns how many queries from one on come before a block and see nothing
// of it.
func (s AttentionShape) blind(from, block int) int {
	if s.Bidirectional {
		return 0
	}
	return max(0, block*KeyBlock-from)
}

// keys returns the packed keys of a head of a block, until the next call.
func (t *attentionScratch) keys(j *forwardJob, b *Block, head int) []tensor.BF16 {
	if b.BF16 != nil {
		return b.BF16[head*j.headLen():][:j.partLen()]
	}
	h := j.head8(b, head)
	t.unpacked = grow(t.unpacked, j.headLen())
	h.unpackKeys(t.unpacked[:j.partLen()], &t.scales)
	return t.unpacked[:j.partLen()]
}

// values returns the packed values of a head of a block, until the next call.
func (t *attentionScratch) values(j *forwardJob, b *Block, head int) []tensor.BF16 {
	if b.BF16 != nil {
		return b.BF16[head*j.headLen()+j.partLen():][:j.partLen()]
	}
	h := j.head8(b, head)
	t.unpacked = grow(t.unpacked, j.headLen())
	h.unpackValues(t.unpacked[j.partLen():])
	return t.unpacked[j.partLen():]
}

// begin gathers the queries, token by token and in each the heads of the
// group, and prepares the sums.
func (t *attentionScratch) begin(j *forwardJob, span *Span, head, from, to int) {
	group, dim, wide := j.group(), j.HeadDim, j.depth()*BlockK
	rows := (to - from) * group
	t.op = j.AttentionShape.attend(rows)
	if t.op == nil || dim < wide {
		t.rows = grow(t.rows, rows*max(wide, KeyBlock))
		if dim < wide {
			clear(t.rows)
		}
		for r := range rows {
			at := span.row(from+r/group)*j.width() + (head*group+r%group)*dim
			copy(t.rows[r*wide:][:dim], j.qkv[at:])
		}
	}
	if t.op != nil {
		rows = t.packTiles(j, span, head, from, rows)
	} else {
		t.q.pack(t.rows, wide, rows, wide)
		t.s = grow(t.s, t.q.padded*KeyBlock)
		t.acc = grow(t.acc, t.q.padded*wide)
	}
	t.max, t.sum, t.alpha = grow(t.max, rows), grow(t.sum, rows), grow(t.alpha, rows)
	clear(t.sum)
	for r := range t.max {
		t.max[r] = scoreStart
	}
}

// weigh turns the scores of rows from one on with a block of keys into weights.
func (t *attentionScratch) weigh(j *forwardJob, span *Span, from, to, block, row int) {
	group := j.group()
	if !j.seeAll(span, from, to, block) {
		for r := row; r < len(t.max); r++ {
			lo, hi := j.visible(span, from+r/group, block)
			if lo > 0 || hi < KeyBlock {
				maskScores(t.s[r*KeyBlock:][:KeyBlock], nil, lo, hi)
			}
		}
	}
	at, n := row*KeyBlock, len(t.max)*KeyBlock
	scoreRows(t.rows[at:n], t.s[at:n], t.max[row:], t.sum[row:], t.alpha[row:], j.Scale)
}

// scaleSums multiplies the outputs of rows from one on, so many numbers each, by
// alpha.
func (t *attentionScratch) scaleSums(row, wide int) {
	for r := row; r < len(t.alpha); r++ {
		if alpha := t.alpha[r]; alpha != 1 {
			ScaleF32(t.acc[r*wide:][:wide], alpha)
		}
	}
}

func (t *attentionScratch) end(j *forwardJob, span *Span, head, from, to int) {
	group, dim, wide := j.group(), j.HeadDim, j.depth()*BlockK
	for r := range (to - from) * group {
		row, query := span.row(from+r/group), head*group+r%group
		acc := t.acc[r*wide:][:dim]
		// -0 becomes 0: which one it is depends on blocks that add nothing.
		scaleToBF16(j.o[(row*j.Heads+query)*dim:][:dim], acc, 1/t.sum[r])
		if j.lse != nil {
			j.lse[row*j.Heads+query] = t.max[r] + log32(t.sum[r])
		}
	}
}
