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
//
// The work is divided by span and head of keys. A span that would then keep one
// thread busy when the others are done is divided further, into blocks of keys
// and blocks of queries; that takes half as much work again, because both need
// the scores, and gives the same bits.
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
	job := backwardJobs.Get()
	job.AttentionShape = s
	job.dqkv, job.do, job.o, job.qkv, job.lse, job.spans = dqkv, do, o, qkv, lse, spans
	job.divide(par.Threads())
	items := job.number(job.items)
	par.Run(items, job)
	*job = backwardJob{attentionJob: attentionJob{first: job.first}}
	backwardJobs.Put(job)
}

// backwardJob has one item for each span and head of keys: the owner of the
// head's keys and values and of the queries that use them. Of a span that is
// divided, there is an item for each head and piece of keys, and another for
// each head and piece of queries.
type backwardJob struct {
	attentionJob
	longest int // work of a head of a span, above which the span is divided
	threads int
}

var backwardJobs par.FreeList[backwardJob]

// backwardScratch holds the operands of an item: of all its keys, and of some
// blocks of queries at a time.
type backwardScratch struct {
	backwardPart
	keyBlocks, values []tensor.BF16 // by block: as columns of weights
	keyRows           []tensor.BF16 // by block: as rows of weights
	dk, dv            []float32     // by block: [64 keys, head]
	blocks            []queryBlock
	weights, grads    []tensor.BF16 // bf16(w) and ds, [64 queries, 64 keys]
	scores, dp        []float32
	p, ds             operand // weights and grads, transposed
	rows              operand // grads
	gradScratch
}

// queryBlock holds what pairs need of a block of queries.
type queryBlock struct {
	q, do           operand       // queries and the derivatives of their outputs
	qPacked, packed []tensor.BF16 // the same as weights
	qT, doT         operand       // or their transposes
	dq              []float32     // [64 queries, head]
	delta, lse      [KeyBlock]float32
}

// nearQueries is the size of the blocks of queries that are taken at a time:
// those stay in the second cache while all keys and the sums of their
// derivatives pass by.
const nearQueries = 768 << 10

// groupLen is the number of blocks of queries taken at a time.
func (s AttentionShape) groupLen() int { return max(1, nearQueries/(4*2*s.partLen()+4*s.sumsLen())) }

func (j *backwardJob) Do(worker, i int) {
	span, item := j.find(i)
	s := workerScratch(worker)
	t := &s.attention.backward
	t.begin(j, s, span, j.part(span, item))
	for query := t.head * j.group(); query < (t.head+1)*j.group(); query++ {
		for c := t.queries; c < t.queriesEnd; c += len(t.blocks) {
			t.queryBlocks(j, s, span, query, c, min(c+len(t.blocks), t.queriesEnd))
		}
	}
	if t.ownsKeys {
		t.storeKeys(j, t.dk, span, j.key(t.head))
		t.storeKeys(j, t.dv, span, j.value(t.head))
	}
}

// queryBlocks takes the blocks [c, end) of a head of queries.
func (t *backwardScratch) queryBlocks(j *backwardJob, s *scratch, span *Span, query, c, end int) {
	for at := c; at < end; at++ {
		t.loadQueries(j, s, span, query, at, &t.blocks[at-c])
	}
	first, _ := j.seen(span, c)
	_, last := j.seen(span, end-1)
	for b := max(t.keys, first); b < min(t.keysEnd, last); b++ {
		for at := c; at < end; at++ {
			if from, to := j.seen(span, at); b < from || b >= to {
				continue
			}
			if t.op.pair != nil {
				t.pairNear(j, span, b, at, &t.blocks[at-c])
			} else {
				t.pair(j, span, b, at, &t.blocks[at-c])
			}
		}
	}
	for at := c; at < end && t.ownsQueries; at++ {
		t.store(j, t.blocks[at-c].dq, span, at, query*j.HeadDim)
	}
}

// sumsLen is the size of a block of dk, dv or dq. Tiles of any path make up 64
// rows exactly.
func (s AttentionShape) sumsLen() int { return KeyBlock * s.depth() * BlockK }

// squareLen is the size of weights and of grads: packT reads on.
const squareLen = KeyBlock*KeyBlock + 2*BlockK

// begin packs the keys and values of an item.
func (t *backwardScratch) begin(j *backwardJob, s *scratch, span *Span, item backwardPart) {
	t.backwardPart = item
	blocks, part := t.keysEnd-t.keys, j.partLen()
	t.op = j.attendGrad()
	t.grow(&j.AttentionShape, blocks)
	for b := range blocks {
		at := (t.keys + b) * KeyBlock
		rows := min(KeyBlock, span.Len-at)
		from := j.qkv[(span.Start+at)*j.width():]
		s.packKeys(t.keyBlocks[b*part:][:part], from[j.key(t.head):], j.width(), rows, j.HeadDim)
		s.packKeys(t.values[b*part:][:part], from[j.value(t.head):], j.width(), rows, j.HeadDim)
		if t.ownsQueries {
			s.packValues(t.keyRows[b*part:][:part], from[j.key(t.head):], j.width(), rows, j.HeadDim)
		}
	}
	clear(t.dk)
	clear(t.dv)
}

// grow makes room for an item with so many blocks of keys.
func (t *backwardScratch) grow(s *AttentionShape, blocks int) {
	part := s.partLen()
	t.keyBlocks, t.values = grow(t.keyBlocks, blocks*part), grow(t.values, blocks*part)
	if t.ownsQueries {
		t.keyRows = grow(t.keyRows, blocks*part)
	}
	if t.ownsKeys {
		t.dk, t.dv = grow(t.dk, blocks*s.sumsLen()), grow(t.dv, blocks*s.sumsLen())
	} else {
		t.dk, t.dv = t.dk[:0], t.dv[:0]
	}
	n := min(s.groupLen(), t.queriesEnd-t.queries)
	if n > cap(t.blocks) {
		t.blocks = append(t.blocks[:cap(t.blocks)], make([]queryBlock, n-cap(t.blocks))...)
	}
	t.blocks = t.blocks[:n]
	if t.op.pair != nil {
		t.prepare(s.depth() * BlockK)
		return
	}
	t.weights, t.grads = grow(t.weights, squareLen), grow(t.grads, squareLen)
	t.scores, t.dp = grow(t.scores, KeyBlock*KeyBlock), grow(t.dp, KeyBlock*KeyBlock)
}

// loadQueries prepares block c of a head of queries.
func (t *backwardScratch) loadQueries(j *backwardJob, s *scratch, span *Span, query, c int, to *queryBlock) {
	if t.ownsQueries {
		to.dq = grow(to.dq, j.sumsLen())
		clear(to.dq)
	}
	dim, width := j.HeadDim, j.Heads*j.HeadDim
	row := span.Start + c*KeyBlock
	n := min(KeyBlock, span.Len-c*KeyBlock)
	q, do := j.qkv[row*j.width()+query*dim:], j.do[row*width+query*dim:]
	o := j.o[row*width+query*dim:]
	for r := range n {
		to.delta[r] = Dot(do[r*width:][:dim], o[r*width:][:dim])
		to.lse[r] = j.lse[(row+r)*j.Heads+query]
	}
	if t.op.pair != nil {
		t.packNear(to, q, j.width(), do, width, n, dim)
		return
	}
	to.q.pack(q, j.width(), n, dim)
	to.do.pack(do, width, n, dim)
	if t.ownsKeys {
		to.qPacked, to.packed = grow(to.qPacked, j.partLen()), grow(to.packed, j.partLen())
		s.packValues(to.qPacked, q, j.width(), n, dim)
		s.packValues(to.packed, do, width, n, dim)
	}
}

// pair takes block b of keys with block c of queries.
func (t *backwardScratch) pair(j *backwardJob, span *Span, b, c int, q *queryBlock) {
	part, depth := j.partLen(), j.depth()
	at := b - t.keys
	n, keys := min(KeyBlock, span.Len-c*KeyBlock), min(KeyBlock, span.Len-b*KeyBlock)
	panels := usedPanels(keys)
	q.q.mul(t.scores, rowSums(keyPanels), t.keyBlocks[at*part:], panels, depth*blockLen, false)
	q.do.mul(t.dp, rowSums(keyPanels), t.values[at*part:], panels, depth*blockLen, false)
	for r := 0; r < n && !j.seeAll(span, c*KeyBlock, c*KeyBlock+n, b); r++ {
		lo, hi := j.visible(span, c*KeyBlock+r, b)
		if lo > 0 || hi < KeyBlock {
			maskScores(t.scores[r*KeyBlock:][:KeyBlock], t.dp[r*KeyBlock:][:KeyBlock], lo, hi)
		}
	}
	size := n * KeyBlock
	scoreRowsGrad(t.weights[:size], t.grads[:size], t.scores[:size], t.dp[:size], q.lse[:n], q.delta[:n], j.Scale)
	as := rowSums(depth)
	if t.ownsKeys {
		used := usedPanels(n) * PanelN
		clear(t.weights[size : used*KeyBlock])
		clear(t.grads[size : used*KeyBlock])
		t.p.packT(t.weights, KeyBlock, keys, used)
		t.ds.packT(t.grads, KeyBlock, keys, used)
		t.p.mul(t.dv[at*j.sumsLen():], as, q.packed, depth, keyPanels*blockLen, true)
		t.ds.mul(t.dk[at*j.sumsLen():], as, q.qPacked, depth, keyPanels*blockLen, true)
	}
	if t.ownsQueries {
		t.rows.pack(t.grads, KeyBlock, n, panels*PanelN)
		t.rows.mul(q.dq, as, t.keyRows[at*part:], depth, keyPanels*blockLen, true)
	}
}

// store rounds the sums of a block to a column of dqkv.
func (t *backwardScratch) store(j *backwardJob, sums []float32, span *Span, block, column int) {
	wide := j.depth() * BlockK
	row := span.Start + block*KeyBlock
	for r := range min(KeyBlock, span.Len-block*KeyBlock) {
		ToBF16(j.dqkv[(row+r)*j.width()+column:][:j.HeadDim], sums[r*wide:][:j.HeadDim])
	}
}

// storeKeys stores the sums of all blocks of keys.
func (t *backwardScratch) storeKeys(j *backwardJob, sums []float32, span *Span, column int) {
	for b := t.keys; b < t.keysEnd; b++ {
		block := sums[(b-t.keys)*j.sumsLen():][:j.sumsLen()]
		if t.op.pair != nil {
			t.storeTurned(j, block, span, b, column)
		} else {
			t.store(j, block, span, b, column)
		}
	}
}
