package kernel

// minPiece is the least number of blocks of a piece: the other operands are
// packed for each.
const minPiece = 4

// pairs is the number of pairs of blocks of keys and queries of a span.
func (j *backwardJob) pairs(span *Span) int {
	n := ceilDiv(span.Len, KeyBlock)
	if j.Bidirectional {
		return n * n
	}
	seen := n
	if j.Window > 0 {
		seen = min(n, ceilDiv(j.Window, KeyBlock)+1)
	}
	return seen*(seen+1)/2 + (n-seen)*seen
}

// divide chooses which spans to divide: those whose heads take longer than all
// the work, grown by half, takes all threads.
func (j *backwardJob) divide(threads int) {
	total := 0
	for i := range j.spans {
		total += j.pairs(&j.spans[i]) * j.KVHeads
	}
	j.threads, j.longest = threads, total*3/2/threads
}

// piece returns the number of blocks of a piece of a span and how many pieces
// there are, 1 if the span is not divided.
func (j *backwardJob) piece(span *Span) (blocks, pieces int) {
	n := ceilDiv(span.Len, KeyBlock)
	blocks = max(minPiece, n/(itemsPerThread*j.threads))
	if j.pairs(span) <= j.longest || n <= blocks {
		return n, min(n, 1)
	}
	return blocks, ceilDiv(n, blocks)
}

func (j *backwardJob) items(span *Span) int {
	_, pieces := j.piece(span)
	if pieces > 1 {
		pieces *= 2
	}
	return pieces * j.KVHeads
}

// backwardPart is what an item takes: pairs of blocks of a head.
type backwardPart struct {
	head                  int
	keys, keysEnd         int // blocks
	queries, queriesEnd   int
	ownsKeys, ownsQueries bool // whether the derivatives by them are the item's
}

// part returns the part of an item. The largest come first.
func (j *backwardJob) part(span *Span, item int) backwardPart {
	blocks, pieces := j.piece(span)
	n := ceilDiv(span.Len, KeyBlock)
	p := backwardPart{item % j.KVHeads, 0, n, 0, n, true, true}
	if pieces == 1 {
		return p
	}
	number := item / j.KVHeads / 2
	if item/j.KVHeads%2 == 0 {
		p.ownsQueries = false
		p.keys = number * blocks
		p.keysEnd = min(n, p.keys+blocks)
		if !j.Bidirectional {
			p.queries = p.keys
		}
		if j.Window > 0 {
			p.queriesEnd = min(n, (p.keysEnd*KeyBlock+j.Window-2)/KeyBlock+1)
		}
		return p
	}
	p.ownsKeys = false
	p.queries = (pieces - 1 - number) * blocks
	p.queriesEnd = min(n, p.queries+blocks)
	p.keys, _ = j.seen(span, p.queries)
	_, p.keysEnd = j.seen(span, p.queriesEnd-1)
	return p
}

// seen returns the blocks [first, last) of keys that a block of queries of a span
// sees something of.
func (j *backwardJob) seen(span *Span, queries int) (first, last int) {
	if j.Bidirectional {
		return 0, ceilDiv(span.Len, KeyBlock)
	}
	return j.AttentionShape.first(queries*KeyBlock) / KeyBlock, queries + 1
}
