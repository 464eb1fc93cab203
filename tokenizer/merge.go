package tokenizer

// smallWord is the number of symbols up to which looking for the best pair in
// order beats a heap.
const smallWord = 48

// merger applies merges to the symbols of one word. It belongs to one
// goroutine and keeps its memory from word to word.
type merger struct {
	vals [smallWord]uint64

	// For long words: the pair that begins at each symbol, the symbols as a
	// linked list, and a heap of rank<<32 | position.
	long       []uint64
	prev, next []int32
	heap       []uint64
}

// apply merges ids in place and returns what is left: as long as two neighbors
// merge, those of the lowest rank do, of equal ranks the leftmost.
func (m *merger) apply(pairs *pairTable, ids []int32) []int32 {
	if len(ids) > smallWord {
		return m.applyLong(pairs, ids)
	}
	n := len(ids)
	if n < 2 {
		return ids
	}
	vals := m.vals[:n-1]
	pairs.all(vals, ids)
	for n > 1 {
		best := noMerge
		for _, v := range vals[:n-1] {
			best = min(best, v)
		}
		if best == noMerge {
			break
		}
		at := 0
		for vals[at] != best {
			at++
		}
		ids[at] = int32(uint32(best))
		for i := at + 1; i < n-1; i++ { // too few for copy to pay
			ids[i], vals[i-1] = ids[i+1], vals[i]
		}
		n--
		if at > 0 {
			vals[at-1] = pairs.get(ids[at-1], ids[at])
		}
		if at < n-1 {
			vals[at] = pairs.get(ids[at], ids[at+1])
		}
	}
	return ids[:n]
}

// applyLong does the same in O(n log n).
func (m *merger) applyLong(pairs *pairTable, ids []int32) []int32 {
	n := len(ids)
	if cap(m.long) < n {
		m.long = make([]uint64, n)
		m.prev, m.next = make([]int32, n), make([]int32, n)
	}
	vals, prev, next := m.long[:n], m.prev[:n], m.next[:n]
	m.heap = m.heap[:0]
	for i := range ids {
		prev[i], next[i], vals[i] = int32(i-1), int32(i+1), noMerge
		if i+1 < n {
			vals[i] = pairs.get(ids[i], ids[i+1])
		}
		if vals[i] != noMerge {
			m.heap = append(m.heap, vals[i]>>32<<32|uint64(i))
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	update := func(at int32) {
		vals[at] = noMerge
		if right := next[at]; right < int32(n) {
			vals[at] = pairs.get(ids[at], ids[right])
		}
		if vals[at] != noMerge {
			m.push(vals[at]>>32<<32 | uint64(at))
		}
	}
	for len(m.heap) > 0 {
		top := m.pop()
		at := int32(uint32(top))
		// A pair that has changed since has no entry of this rank: every pair
		// of one rank merges into the same token.
		if vals[at] == noMerge || vals[at]>>32 != top>>32 {
			continue
		}
		gone := next[at]
		ids[at] = int32(uint32(vals[at]))
		vals[gone] = noMerge
		next[at] = next[gone]
		if next[at] < int32(n) {
			prev[next[at]] = at
		}
		update(at)
		if prev[at] >= 0 {
			update(prev[at])
		}
	}
	out := ids[:0]
	for i := int32(0); i < int32(n); i = next[i] {
		out = append(out, ids[i])
	}
	return out
}

func (m *merger) push(v uint64) {
	m.heap = append(m.heap, v)
	i := len(m.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if m.heap[up] <= v {
			break
		}
		m.heap[i] = m.heap[up]
		i = up
	}
	m.heap[i] = v
}

func (m *merger) pop() uint64 {
	top := m.heap[0]
	last := len(m.heap) - 1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	if last > 0 {
		m.down(0)
	}
	return top
}

func (m *merger) down(i int) {
	h := m.heap
	v := h[i]
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[c] >= v {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = v
}

// release gives back the memory of an unusually long word.
func (m *merger) release() {
	if cap(m.long) > 1<<16 {
		m.long, m.prev, m.next, m.heap = nil, nil, nil, nil
	}
}
