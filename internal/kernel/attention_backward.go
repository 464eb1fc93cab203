package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Backward computes the derivative by qkv, given the derivative by the output,
// for spans that are whole documents (Pos 0). Blocks are not used.
//
//	dqkv like qkv    do, o [T, Heads*HeadDim]    lse [T, Heads] from Forward
//
// Rows outside of the spans are left as they are. dqkv must not overlap qkv.
// With the weights w = exp(s*Scale - lse) of scoreRowsGrad, and sums as in MatMul:
//
//	delta = do·o                            Dot
//	dv = sum bf16(w)ᵀ·do                    over the group's heads in order and, in
//	dk = sum dsᵀ·q                          each, blocks of 64 queries, ascending
//	ds = bf16(w*(do·v - delta)*Scale)
//	dq = sum ds·k                           over blocks of 64 keys, ascending
//
// (FlashAttention-2, arXiv:2307.08691, algorithm 2.)
func (s AttentionShape) Backward(dqkv, do, o, qkv []tensor.BF16, lse []float32, spans []Span) {
	s.check(qkv, spans)
	rows := len(qkv) / s.width()
	outputs := rows * s.Heads * s.HeadDim
	if len(dqkv) != len(qkv) || len(do) != outputs || len(o) != outputs || len(lse) != rows*s.Heads {
		panic(fmt.Sprintf("kernel: gradient of attention on %d rows: %d, %d, %d and %d values", rows, len(dqkv), len(do), len(o), len(lse)))
	}
	for i := range spans {
		if spans[i].Pos != 0 {
			panic(fmt.Sprintf("kernel: gradient of attention from position %d; it needs whole documents", spans[i].Pos))
		}
	}
	job := backwardJobs.get()
	job.AttentionShape = s
	job.dqkv, job.do, job.o, job.qkv, job.lse, job.spans = dqkv, do, o, qkv, lse, spans
	items := job.number(func(j *attentionJob, span *Span) int { return min(span.Len, 1) * j.KVHeads })
	prepareScratch()
	par.Run(items, job)
	job.attentionJob = attentionJob{first: job.first}
	backwardJobs.put(job)
}

// backwardJob has one item for each span and head of keys: the owner of the
// head's keys and values and of the queries that use them.
type backwardJob struct{ attentionJob }

var backwardJobs freelist[backwardJob]

// backwardScratch holds a whole span's operands of one head.
type backwardScratch struct {
	keys, values   []tensor.BF16 // by block: as columns of weights
	keyRows        []tensor.BF16 // by block: as rows of weights
	queries        []queryBlock
	p, ds          operand // transposed
	rows           operand
	weights, grads []tensor.BF16 // bf16(w) and ds, [64 queries, 64 keys]
	scores, dp     []float32
	dk, dv, dq     []float32 // by block: [rows, head]
	delta, lse     []float32 // by query
}

// queryBlock holds 64 queries and the derivatives of their outputs, as rows
// and as weights.
type queryBlock struct {
	q, do           operand
	qPacked, packed []tensor.BF16
}

func (j *backwardJob) Do(worker, i int) {
	span, head := j.find(i)
	s := workerScratch(worker)
	t := &s.attention.backward
	t.begin(j, s, span, head)
	for query := head * j.group(); query < (head+1)*j.group(); query++ {
		t.loadQueries(j, s, span, query)
		for b := 0; b*KeyBlock < span.Len; b++ {
			for c := b; c*KeyBlock < span.Len && j.AttentionShape.first(c*KeyBlock) < (b+1)*KeyBlock; c++ {
				t.pair(j, span, query, b, c)
			}
		}
		t.store(j, t.dq, span, query*j.HeadDim)
	}
	t.store(j, t.dk, span, j.key(head))
	t.store(j, t.dv, span, j.value(head))
}

// sumsLen is the size of a block of dk, dv or dq. Tiles of any path make up 64
// rows exactly.
func (j *backwardJob) sumsLen() int { return KeyBlock * j.depth() * BlockK }

// begin packs the keys and values of a head.
func (t *backwardScratch) begin(j *backwardJob, s *scratch, span *Span, head int) {
	blocks, part := ceilDiv(span.Len, KeyBlock), j.partLen()
	t.keys, t.values = grow(t.keys, blocks*part), grow(t.values, blocks*part)
	t.keyRows = grow(t.keyRows, blocks*part)
	for b := range blocks {
		rows := min(KeyBlock, span.Len-b*KeyBlock)
		from := j.qkv[(span.Start+b*KeyBlock)*j.width():]
		s.packKeys(t.keys[b*part:][:part], from[j.key(head):], j.width(), rows, j.HeadDim)
		s.packKeys(t.values[b*part:][:part], from[j.value(head):], j.width(), rows, j.HeadDim)
		s.packValues(t.keyRows[b*part:][:part], from[j.key(head):], j.width(), rows, j.HeadDim)
	}
	t.dk, t.dv = grow(t.dk, blocks*j.sumsLen()), grow(t.dv, blocks*j.sumsLen())
	t.dq = grow(t.dq, blocks*j.sumsLen())
	clear(t.dk)
	clear(t.dv)
	t.delta, t.lse = grow(t.delta, span.Len), grow(t.lse, span.Len)
	const square = KeyBlock*KeyBlock + 2*BlockK // packT reads on
	t.weights, t.grads = grow(t.weights, square), grow(t.grads, square)
	t.scores, t.dp = grow(t.scores, KeyBlock*KeyBlock), grow(t.dp, KeyBlock*KeyBlock)
	for len(t.queries) < blocks {
		t.queries = append(t.queries, queryBlock{})
	}
}

// loadQueries prepares one head of queries.
func (t *backwardScratch) loadQueries(j *backwardJob, s *scratch, span *Span, query int) {
	clear(t.dq)
	dim, part, width := j.HeadDim, j.partLen(), j.Heads*j.HeadDim
	for c := range ceilDiv(span.Len, KeyBlock) {
		row := span.Start + c*KeyBlock
		n := min(KeyBlock, span.Len-c*KeyBlock)
		q, do := j.qkv[row*j.width()+query*dim:], j.do[row*width+query*dim:]
		o := j.o[row*width+query*dim:]
		b := &t.queries[c]
		b.qPacked, b.packed = grow(b.qPacked, part), grow(b.packed, part)
		b.q.pack(q, j.width(), n, dim)
		b.do.pack(do, width, n, dim)
		s.packValues(b.qPacked, q, j.width(), n, dim)
		s.packValues(b.packed, do, width, n, dim)
		for r := range n {
			t.delta[c*KeyBlock+r] = Dot(do[r*width:][:dim], o[r*width:][:dim])
			t.lse[c*KeyBlock+r] = j.lse[(row+r)*j.Heads+query]
		}
	}
}

// pair takes block b of keys with block c of queries.
func (t *backwardScratch) pair(j *backwardJob, span *Span, query, b, c int) {
	part, depth := j.partLen(), j.depth()
	q := &t.queries[c]
	q.q.mul(t.scores, rowSums(keyPanels), t.keys[b*part:], keyPanels, depth*blockLen, false)
	q.do.mul(t.dp, rowSums(keyPanels), t.values[b*part:], keyPanels, depth*blockLen, false)
	n := min(KeyBlock, span.Len-c*KeyBlock)
	for r := range n {
		lo, hi := j.visible(c*KeyBlock+r, b)
		if lo > 0 || hi < KeyBlock {
			maskScores(t.scores[r*KeyBlock:][:KeyBlock], t.dp[r*KeyBlock:][:KeyBlock], lo, hi)
		}
	}
	size := n * KeyBlock
	scoreRowsGrad(t.weights[:size], t.grads[:size], t.scores[:size], t.dp[:size], t.lse[c*KeyBlock:][:n], t.delta[c*KeyBlock:][:n], j.Scale)
	clear(t.weights[n*KeyBlock:])
	clear(t.grads[n*KeyBlock:])
	keys := min(KeyBlock, span.Len-b*KeyBlock)
	t.p.packT(t.weights, KeyBlock, keys, KeyBlock)
	t.ds.packT(t.grads, KeyBlock, keys, KeyBlock)
	t.rows.pack(t.grads, KeyBlock, n, KeyBlock)
	as := rowSums(depth)
	t.p.mul(t.dv[b*j.sumsLen():], as, q.packed, depth, keyPanels*blockLen, true)
	t.ds.mul(t.dk[b*j.sumsLen():], as, q.qPacked, depth, keyPanels*blockLen, true)
	t.rows.mul(t.dq[c*j.sumsLen():], as, t.keyRows[b*part:], depth, keyPanels*blockLen, true)
}

// store rounds the sums of a head to a column of dqkv.
func (t *backwardScratch) store(j *backwardJob, sums []float32, span *Span, column int) {
	wide := j.depth() * BlockK
	for r := range span.Len {
		ToBF16(j.dqkv[(span.Start+r)*j.width()+column:][:j.HeadDim], sums[r*wide:][:j.HeadDim])
	}
}
