package tokenizer

import (
	"errors"
	"math"
)

// learner finds merges. It holds every different word once, byte after byte,
// and for each pair of neighboring symbols where it occurs; so a merge costs
// as much as it has places, and all merges together no more than the words
// have bytes.
type learner struct {
	// A symbol of n bytes at p has its id in symbols[p] and, for n > 1, -n in
	// symbols[p+n-1], so that both neighbors can be found; in between is no
	// id. A wall stands before and after each word.
	symbols []int32
	wordAt  []int32 // which word each byte belongs to
	counts  []int64 // how often each word occurs
	sizes   []int32 // bytes of each token

	index  map[uint64]int32 // pairs by key
	pairs  []pairCount
	places []int32
	events []event
	heap   []candidate
}

const (
	wall   = math.MinInt32
	inside = -1
)

// pairCount is a pair, how often it occurs now, and where it occurred when its
// younger symbol was made: places[from:from+n].
type pairCount struct {
	key   uint64
	count int64
	from  int
	n     int
}

// event is an occurrence of a pair that a merge has made.
type event struct{ pair, at int32 }

// candidate is a pair in the heap; count is what it was when it was put there
// and can only have become less.
type candidate struct {
	count int64
	pair  int32
}

var errTooManyWords = errors.New("the words take more than 2 GiB; lower MaxWords")

// newLearner takes over the words of c.
func newLearner(c *counter) (*learner, error) {
	size := 1
	for i := range c.total {
		c.total[i].each(func(word []byte, _ int64) { size += len(word) + 1 })
	}
	if size >= math.MaxInt32 {
		return nil, errTooManyWords
	}
	l := &learner{
		symbols: make([]int32, 0, size),
		wordAt:  make([]int32, 0, size),
		counts:  make([]int64, 0, c.words()),
		sizes:   make([]int32, 256),
		index:   make(map[uint64]int32),
	}
	for b := range l.sizes {
		l.sizes[b] = 1
	}
	l.symbols, l.wordAt = append(l.symbols, wall), append(l.wordAt, -1)
	for i := range c.total {
		c.total[i].each(func(word []byte, n int64) {
			for _, b := range word {
				l.symbols = append(l.symbols, int32(b))
				l.wordAt = append(l.wordAt, int32(len(l.counts)))
			}
			l.symbols, l.wordAt = append(l.symbols, wall), append(l.wordAt, -1)
			l.counts = append(l.counts, n)
		})
		c.total[i] = wordTable{}
	}
	for p, left := range l.symbols[:len(l.symbols)-1] {
		if right := l.symbols[p+1]; left >= 0 && right >= 0 {
			l.appear(left, right, int32(p), l.counts[l.wordAt[p]])
		}
	}
	l.settle(0)
	return l, nil
}

// best returns the pair that occurs most often, of several the one of the
// lowest left id, and of these of the lowest right id; false where none occurs
// least times.
func (l *learner) best(least int64) (pair int32, ok bool) {
	for len(l.heap) > 0 {
		top := l.heap[0]
		now := l.pairs[top.pair].count
		if now == top.count {
			return top.pair, now >= least
		}
		if now > 0 {
			l.heap[0].count = now
		} else {
			last := len(l.heap) - 1
			l.heap[0] = l.heap[last]
			l.heap = l.heap[:last]
		}
		l.down(0)
	}
	return 0, false
}

// merge makes a new token of a pair, everywhere; within a word from left to
// right. It returns what the token is made of.
func (l *learner) merge(pair int32) merge {
	p := l.pairs[pair]
	left, right := int32(p.key>>32), int32(uint32(p.key))
	id := int32(len(l.sizes))
	size := l.sizes[left] + l.sizes[right]
	l.sizes = append(l.sizes, size)
	first := len(l.pairs)
	for _, at := range l.places[p.from : p.from+p.n] {
		second := at + l.sizes[left]
		// The place may be gone, its symbols part of others.
		if l.symbols[at] != left || l.symbols[second] != right {
			continue
		}
		n := l.counts[l.wordAt[at]]
		end := at + size
		l.symbols[second] = inside
		l.symbols[at], l.symbols[end-1] = id, -size
		if before := l.symbols[at-1]; before != wall {
			start := at - 1
			if before < 0 {
				start = at + before
				before = l.symbols[start]
			}
			l.vanish(before, left, n)
			l.appear(before, id, start, n)
		}
		if after := l.symbols[end]; after != wall {
			l.vanish(right, after, n)
			l.appear(id, after, at, n)
		}
	}
	l.pairs[pair].count = 0
	l.settle(first)
	return merge{left, right, id}
}

func (l *learner) vanish(left, right int32, n int64) {
	l.pairs[l.index[pairKey(left, right)]].count -= n
}

func (l *learner) appear(left, right, at int32, n int64) {
	key := pairKey(left, right)
	i, ok := l.index[key]
	if !ok {
		i = int32(len(l.pairs))
		l.index[key] = i
		l.pairs = append(l.pairs, pairCount{key: key})
	}
	l.pairs[i].count += n
	l.pairs[i].n++
	l.events = append(l.events, event{i, at})
}

// settle gives the pairs from first on, all that the events speak of, their
// places in order, and puts them into the heap.
func (l *learner) settle(first int) {
	from := len(l.places)
	for i := first; i < len(l.pairs); i++ {
		p := &l.pairs[i]
		p.from, from = from, from+p.n
		p.n = 0
	}
	if cap(l.places) < from {
		l.places = append(make([]int32, 0, max(from, 2*cap(l.places))), l.places...)
	}
	l.places = l.places[:from]
	for _, e := range l.events {
		p := &l.pairs[e.pair]
		l.places[p.from+p.n] = e.at
		p.n++
	}
	l.events = l.events[:0]
	for i := first; i < len(l.pairs); i++ {
		if n := l.pairs[i].count; n > 0 {
			l.heap = append(l.heap, candidate{n, int32(i)})
			l.up(len(l.heap) - 1)
		}
	}
}

// before tells whether a is to be merged before b.
func (l *learner) before(a, b candidate) bool {
	if a.count != b.count {
		return a.count > b.count
	}
	return l.pairs[a.pair].key < l.pairs[b.pair].key
}

func (l *learner) up(i int) {
	h := l.heap
	for v := h[i]; i > 0; {
		parent := (i - 1) / 2
		if !l.before(v, h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], v
		i = parent
	}
}

func (l *learner) down(i int) {
	h := l.heap
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && l.before(h[c+1], h[c]) {
			c++
		}
		if !l.before(h[c], h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}
