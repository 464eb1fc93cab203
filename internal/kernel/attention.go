package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// KeyBlock is the number of keys that attention takes in one step. Blocks are
// counted from the first token of a document.
const KeyBlock = 64

const keyPanels = KeyBlock / PanelN

// AttentionShape describes attention with Heads query heads, of which
// Heads/KVHeads in sequence share one head of keys and values. A query sees
// the keys up to its own position, the last Window of them if Window is not 0;
// or, if attention is Bidirectional, all keys of its span, which then is a whole
// document (Pos 0) and Window 0. Scale, which is positive, multiplies the
// products of queries and keys.
//
// A batch is a matrix qkv [T, (Heads+2*KVHeads)*HeadDim]: the query heads of a
// token, then its key heads, then its value heads.
//
// The methods are parallel regions, panic if sizes do not agree, and may be
// called by several goroutines.
type AttentionShape struct {
	Heads, KVHeads, HeadDim, Window int
	Scale                           float32
	Bidirectional                   bool
}

// Span is a run of tokens of one document: rows [Start, Start+Len) of the
// batch, the first of which is at position Pos of the document.
//
// Block b of Blocks holds the keys and values at positions [64*b, 64*b+64),
// in either form. Blocks must reach the span's last position, and blocks that no
// query can see any more because of the window may be empty.
type Span struct {
	Start, Len, Pos int
	Blocks          []Block
}

// depth is the number of blocks, or panels, of 32 along a head.
func (s AttentionShape) depth() int { return ceilDiv(s.HeadDim, BlockK) }

// partLen is the size of the keys, or values, of one head in a block.
func (s AttentionShape) partLen() int { return keyPanels * s.depth() * blockLen }

func (s AttentionShape) headLen() int { return 2 * s.partLen() }

func (s AttentionShape) group() int { return s.Heads / s.KVHeads }

// width is the length of a row of qkv.
func (s AttentionShape) width() int { return (s.Heads + 2*s.KVHeads) * s.HeadDim }

// key and value return where a head begins in a row of qkv.
func (s AttentionShape) key(head int) int   { return (s.Heads + head) * s.HeadDim }
func (s AttentionShape) value(head int) int { return (s.Heads + s.KVHeads + head) * s.HeadDim }

// first returns the first position that a query sees.
func (s AttentionShape) first(position int) int {
	if s.Window == 0 {
		return 0
	}
	return max(0, position-s.Window+1)
}

// end returns the position after the last that a query of a span sees.
func (s AttentionShape) end(span *Span, position int) int {
	if s.Bidirectional {
		return span.Len
	}
	return position + 1
}

// visible returns the part [lo, hi) of a block of keys that a query of a span
// sees.
func (s AttentionShape) visible(span *Span, position, block int) (lo, hi int) {
	return max(0, s.first(position)-block*KeyBlock), min(KeyBlock, s.end(span, position)-block*KeyBlock)
}

// seeAll reports whether the queries [from, to) of a span see all keys of a
// block.
func (s AttentionShape) seeAll(span *Span, from, to, block int) bool {
	return s.first(to-1) <= block*KeyBlock && s.end(span, from) >= (block+1)*KeyBlock
}

func (s AttentionShape) check(qkv []tensor.BF16, spans []Span) {
	if s.KVHeads <= 0 || s.Heads <= 0 || s.Heads%s.KVHeads != 0 || s.HeadDim <= 0 || s.Window < 0 || !(s.Scale > 0) || s.Bidirectional && s.Window > 0 {
		panic(fmt.Sprintf("kernel: attention of shape %+v", s))
	}
	rows := len(qkv) / s.width()
	if len(qkv) != rows*s.width() {
		panic(fmt.Sprintf("kernel: attention of shape %+v on %d values", s, len(qkv)))
	}
	for i := range spans {
		span := &spans[i]
		if span.Start < 0 || span.Len < 0 || span.Pos < 0 || span.Start+span.Len > rows {
			panic(fmt.Sprintf("kernel: attention on %d rows from %d, at position %d, of %d", span.Len, span.Start, span.Pos, rows))
		}
		if s.Bidirectional && span.Pos > 0 {
			panic(fmt.Sprintf("kernel: attention to both sides from position %d; it needs whole documents", span.Pos))
		}
	}
}

func (s AttentionShape) checkBlocks(spans []Span) {
	for i := range spans {
		span := &spans[i]
		if span.Len == 0 {
			continue
		}
		for b := s.first(span.Pos) / KeyBlock; b*KeyBlock < span.Pos+span.Len; b++ {
			if b >= len(span.Blocks) || !span.Blocks[b].fits(&s) {
				panic(fmt.Sprintf("kernel: attention at positions %d to %d lacks block %d of keys", span.Pos, span.Pos+span.Len, b))
			}
		}
	}
}

// attentionJob is one call on a batch. Its items are numbered span by span.
type attentionJob struct {
	AttentionShape
	qkv, o, do, dqkv []tensor.BF16
	lse              []float32
	spans            []Span
	first            []int // by span, the first item
	queries          int   // queries of an item of the forward pass
}

// number numbers the items of all spans, of which a span has perSpan, and
// returns how many there are in all.
func (j *attentionJob) number(perSpan func(span *Span) int) (items int) {
	j.first = j.first[:0]
	for i := range j.spans {
		j.first = append(j.first, items)
		items += perSpan(&j.spans[i])
	}
	return items
}

// find returns the span of an item and the item's number in it.
func (j *attentionJob) find(i int) (*Span, int) {
	low, high := 0, len(j.first) // the last span whose first item is at most i
	for low+1 < high {
		if mid := (low + high) / 2; j.first[mid] <= i {
			low = mid
		} else {
			high = mid
		}
	}
	return &j.spans[low], i - j.first[low]
}

// chunks returns how many pieces of n, counted from position 0, a span
// touches, and the number of the first.
func (span *Span) chunks(n int) (first, count int) {
	if span.Len == 0 {
		return 0, 0
	}
	first = span.Pos / n
	return first, (span.Pos+span.Len-1)/n - first + 1
}

// chunk returns the positions of the span in piece c.
func (span *Span) chunk(n, c int) (from, to int) {
	return max(span.Pos, c*n), min(span.Pos+span.Len, (c+1)*n)
}

// row returns the row of the batch of a position.
func (span *Span) row(position int) int { return span.Start + position - span.Pos }

// Append packs the keys and values of the batch's rows into the blocks of
// their spans. A block is cleared when its first position is written; rows of
// a document must therefore come in order.
func (s AttentionShape) Append(qkv []tensor.BF16, spans []Span) {
	s.check(qkv, spans)
	for i := range spans {
		span := &spans[i]
		first, count := span.chunks(KeyBlock)
		for b := first; b < first+count; b++ {
			if b >= len(span.Blocks) || !span.Blocks[b].fits(&s) {
				panic(fmt.Sprintf("kernel: appending positions %d to %d needs block %d of keys", span.Pos, span.Pos+span.Len, b))
			}
		}
	}
	job := appendJobs.Get()
	job.AttentionShape, job.qkv, job.spans = s, qkv, spans
	items := job.number(func(span *Span) int {
		_, count := span.chunks(KeyBlock)
		return count * s.KVHeads
	})
	par.Run(items, job)
	job.attentionJob = attentionJob{first: job.first}
	appendJobs.Put(job)
}

// appendJob has one item for each block and head.
type appendJob struct{ attentionJob }

var appendJobs par.FreeList[appendJob]

func (j *appendJob) Do(worker, i int) {
	span, item := j.find(i)
	first, _ := span.chunks(KeyBlock)
	b, head := first+item/j.KVHeads, item%j.KVHeads
	from, to := span.chunk(KeyBlock, b)
	rows := j.qkv[span.row(from)*j.width():]
	if span.Blocks[b].BF16 == nil {
		j.append8(j.head8(&span.Blocks[b], head), rows, head, from, to)
		return
	}
	dst := span.Blocks[b].BF16[head*j.headLen():][:j.headLen()]
	keys, values := dst[:j.partLen()], dst[j.partLen():]
	if from%KeyBlock > 0 { // the block was begun before
		for p := from; p < to; p++ {
			row := rows[(p-from)*j.width():]
			putKey(keys, row[j.key(head):][:j.HeadDim], p%KeyBlock, j.depth())
			putValue(values, row[j.value(head):][:j.HeadDim], p%KeyBlock)
		}
		return
	}
	s := workerScratch(worker)
	s.packKeys(keys, rows[j.key(head):], j.width(), to-from, j.HeadDim)
	s.packValues(values, rows[j.value(head):], j.width(), to-from, j.HeadDim)
}

// append8 is Do for a block in 8 bits.
func (j *appendJob) append8(h head8, rows []tensor.BF16, head, from, to int) {
	if from%KeyBlock == 0 {
		h.clear()
	}
	for p := from; p < to; p++ {
		row := rows[(p-from)*j.width():]
		h.putKey(row[j.key(head):][:j.HeadDim], p%KeyBlock, j.depth())
		h.putValue(row[j.value(head):][:j.HeadDim], p%KeyBlock)
	}
}

// putKey writes one column of packed keys.
func putKey(keys, x []tensor.BF16, slot, depth int) {
	column := keys[slot/PanelN*depth*blockLen+slot%PanelN/halfN*halfLen+slot%halfN*2:]
	for k, v := range x {
		column[k/BlockK*blockLen+k%BlockK/2*pairLen+k%2] = v
	}
}

// putValue writes one row of packed values.
func putValue(values, x []tensor.BF16, slot int) {
	row := values[slot/BlockK*blockLen+slot%BlockK/2*pairLen+slot%2:]
	for n, v := range x {
		row[n/PanelN*keyPanels*blockLen+n%PanelN/halfN*halfLen+n%halfN*2] = v
	}
}

// packKeys packs up to 64 rows of dim values as the columns of weights
// [dim, 64]; what is beyond is zero.
func (s *scratch) packKeys(dst, x []tensor.BF16, stride, rows, dim int) {
	depth, panels := ceilDiv(dim, BlockK), usedPanels(rows)
	clear(dst[panels*depth*blockLen:])
	if rows < panels*PanelN || dim%BlockK > 0 {
		wide := depth * BlockK
		s.at = grow(s.at, panels*PanelN*wide)
		clear(s.at)
		for r := range rows {
			copy(s.at[r*wide:][:dim], x[r*stride:])
		}
		x, stride = s.at, wide
	}
	for h := range panels * PanelN / halfN {
		cpu.packRows(&dst[h/2*depth*blockLen+h%2*halfLen], &x[h*halfN*stride], stride, depth)
	}
}

// packValues packs up to 64 rows of dim values as weights [64, dim].
func (s *scratch) packValues(dst, x []tensor.BF16, stride, rows, dim int) {
	for block := range keyPanels {
		n := max(0, min(BlockK, rows-block*BlockK))
		if n == 0 {
			for p := range ceilDiv(dim, PanelN) {
				clear(dst[(p*keyPanels+block)*blockLen:][:blockLen])
			}
			continue
		}
		packColsEdge(dst[block*blockLen:], keyPanels*blockLen, x[block*BlockK*stride:], stride, n, dim, s)
	}
}
