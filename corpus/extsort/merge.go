package extsort

import (
	"bytes"
	"encoding/binary"
)

// merger merges runs. The tree is one of losers (Knuth, The Art of Computer
// Programming, volume 3, 5.4.1): node i holds the run that lost there, node 0
// the winner, and the leaves are below.
type merger struct {
	width   int
	readers []runReader
	tree    []int
	started bool
}

// merge begins to merge the runs, with a part of memory for each.
func (s *Sorter) merge(from *runs, list []run, memory []byte) (*merger, error) {
	m := &merger{width: s.width, readers: make([]runReader, len(list)), tree: make([]int, len(list))}
	block := len(memory) / len(list) / s.width * s.width
	for i := range list {
		r := &m.readers[i]
		*r = runReader{from: from, run: list[i], block: memory[i*block:][:block]}
		if err := r.fill(); err != nil {
			return nil, err
		}
		r.setKey(s.width)
	}
	m.build()
	return m, nil
}

// setKey sets the key to the first eight bytes of the record.
func (r *runReader) setKey(width int) {
	if len(r.data) >= 8 && width >= 8 {
		r.key = binary.BigEndian.Uint64(r.data)
		return
	}
	r.key = 0
	for i := range min(width, len(r.data)) {
		r.key |= uint64(r.data[i]) << (56 - 8*i)
	}
}

// before reports whether run a comes first. A run that is at its end comes
// last; of equal records the first run's comes first, which nobody sees.
func (m *merger) before(a, b int) bool {
	ra, rb := &m.readers[a], &m.readers[b]
	switch {
	case len(ra.data) == 0 || len(rb.data) == 0:
		return len(ra.data) > 0 || len(rb.data) == 0 && a < b
	case ra.key != rb.key:
		return ra.key < rb.key
	}
	c := bytes.Compare(ra.data[:m.width], rb.data[:m.width])
	return c < 0 || c == 0 && a < b
}

// build plays all games.
func (m *merger) build() {
	n := len(m.readers)
	winners := make([]int, 2*n)
	for i := range n {
		winners[n+i] = i
	}
	for i := n - 1; i > 0; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if m.before(b, a) {
			a, b = b, a
		}
		winners[i], m.tree[i] = a, b
	}
	m.tree[0] = winners[1]
}

// next returns the next record, which lasts until the next call, or nil at the
// end.
func (m *merger) next() ([]byte, error) {
	if m.started {
		if err := m.advance(); err != nil {
			return nil, err
		}
	}
	m.started = true
	r := &m.readers[m.tree[0]]
	if len(r.data) == 0 {
		return nil, nil
	}
	return r.data[:m.width], nil
}

// advance takes the winner's record away and plays its games again.
func (m *merger) advance() error {
	w := m.tree[0]
	r := &m.readers[w]
	if len(r.data) == 0 {
		return nil
	}
	r.data = r.data[m.width:]
	if len(r.data) == 0 {
		if err := r.fill(); err != nil {
			return err
		}
	}
	r.setKey(m.width)
	for i := (w + len(m.readers)) / 2; i > 0; i /= 2 {
		if m.before(m.tree[i], w) {
			w, m.tree[i] = m.tree[i], w
		}
	}
	m.tree[0] = w
	return nil
}
