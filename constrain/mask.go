package constrain

import "sync/atomic"

var grammars atomic.Uint64

// Grammar is a compiled grammar for one vocabulary. Immutable; goroutines may
// share it.
type Grammar struct {
	vocabulary *Vocabulary
	program    *program
	id         uint64
	start      []item
}

func newGrammar(v *Vocabulary, p *program) (*Grammar, error) {
	g := &Grammar{vocabulary: v, program: p, id: grammars.Add(1)}
	bottom := &frame{returns: []item{{stateEnd, &frame{}}}}
	s := stepper{p: p, keep: true}
	s.allow()
	items := []item{{p.base[p.root], bottom}}
	g.start = s.close(items, 0)
	// Masks share what is below, so nothing of it may be left for them to finish.
	s.finish(bottom)
	if s.exhausted() {
		return nil, ErrAmbiguous
	}
	return g, nil
}

// NewMask returns a mask for one completion.
func (g *Grammar) NewMask() *Mask {
	m := &Mask{grammar: g, items: g.start}
	m.stepper = stepper{p: g.program, keep: true}
	return m
}

// Mask follows one completion and says which tokens may come next: an
// infer.Mask. One goroutine at a time.
type Mask struct {
	grammar *Grammar
	stepper stepper
	items   []item    // closed; never changed in place
	buffers [2][]item // items is in neither or in the one used last
	turn    int
	ended   bool // an end token was accepted
	err     error
}

// Err is ErrAmbiguous once the mask has given up: it allows no token then. It is
// nil where the grammar is what allows none.
func (m *Mask) Err() error { return m.err }

// Restrict sets the logits of the tokens that must not follow to negative
// infinity, those of ids beyond the vocabulary too. Its work is bounded: see Err.
func (m *Mask) Restrict(logits []float32) {
	m.allowed().restrict(logits)
}

// Accept moves on by a token. After one that must not follow, none may.
func (m *Mask) Accept(token int32) {
	v := m.grammar.vocabulary
	switch {
	case token >= 0 && v.ends.has(token):
		if !m.Complete() {
			m.items = nil
		}
		m.ended = true
	case m.ended || token < 0 || int(token) >= len(v.tokens) || !v.usable.has(token) || len(v.tokens[token]) == 0:
		m.items = nil
	default:
		m.acceptBytes(v.tokens[token])
	}
}

// acceptBytes moves on by text.
func (m *Mask) acceptBytes(text []byte) {
	m.stepper.allow()
	for _, b := range text {
		m.turn ^= 1
		next := m.stepper.advance(m.buffers[m.turn][:0], m.items, b)
		m.items = m.stepper.close(next, 0)
		m.buffers[m.turn] = m.items
		if m.stepper.exhausted() {
			m.giveUp()
			return
		}
	}
}

// giveUp ends a mask that takes too much work.
func (m *Mask) giveUp() { m.items, m.err = nil, ErrAmbiguous }

// Complete reports whether the text so far is a sentence of the grammar.
func (m *Mask) Complete() bool {
	return len(m.items) > 0 && m.items[0].state == stateEnd
}

// allowed is the set of tokens that may follow; it is shared and must not be
// changed.
func (m *Mask) allowed() bitset {
	v := m.grammar.vocabulary
	if m.ended || len(m.items) == 0 {
		if m.ended && len(m.items) > 0 {
			return v.ends
		}
		return newBitset(len(v.tokens))
	}
	key := maskKey{m.grammar.id, hashItems(m.items)}
	if set, ok := v.masks.get(key); ok {
		return set
	}
	set, ok := m.compute()
	if !ok {
		m.giveUp()
		return newBitset(len(v.tokens))
	}
	v.masks.put(key, set, int64(8*len(set)+128))
	return set
}

func hashItems(items []item) (h hash) {
	for _, it := range items {
		h = h.plus(mix(it.state, it.frame.hash))
	}
	return h
}

// compute finds the tokens that may follow; not ok: it takes too much work.
func (m *Mask) compute() (set bitset, ok bool) {
	v := m.grammar.vocabulary
	set = newBitset(len(v.tokens))
	if m.Complete() {
		set.union(v.ends)
	}
	w, _ := v.walkers.Get().(*walker)
	if w == nil {
		w = &walker{trie: v.trie}
	}
	w.p = m.grammar.program
	w.allow()
	for _, it := range m.items {
		if it.state < numReserved || w.exhausted() {
			continue
		}
		r := v.reach(w, it.state)
		set.union(r.tokens)
		if len(r.leaves) > 0 {
			w.begin(set)
			w.resume(r.leaves, it.frame)
		}
	}
	ok = !w.exhausted()
	w.p = nil
	v.walkers.Put(w)
	return set, ok
}
