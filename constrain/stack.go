package constrain

import "slices"

// maxItems bounds the states that are followed at once. Deterministic grammars
// need a handful; a grammar so ambiguous that it needs more is followed in
// part: sentences may be lost, but none is wrongly allowed.
const maxItems = 1024

// fewItems are looked through without a map.
const fewItems = 32

// target is where a rule returns to: a state, and the call that state's own
// rule is in.
type target struct {
	state int32
	frame *frame
}

// frame is one call of a rule at one place of the text. Several callers at the
// same place share it. It is not changed once the step that made it is over.
type frame struct {
	rule    int32
	returns []target
	hash    hash
	step    uint64 // that made it; 0: none that is under way
	done    bool   // its hash is known
}

// item is a state that the text may be in.
type item struct {
	state int32
	frame *frame
}

// hash is of 128 bits: what is kept under it is not compared.
type hash struct{ a, b uint64 }

func (h hash) plus(o hash) hash { return hash{h.a + o.a, h.b + o.b} }

// mix hashes a state and the hash of its frame.
func mix(state int32, h hash) hash {
	return hash{
		scramble(h.a ^ scramble(uint64(state)+0x9e3779b97f4a7c15)),
		scramble(h.b ^ scramble(uint64(state)*0xd6e8feb86659fd93+0x2545f4914f6cdd1d)),
	}
}

// scramble is the finalizer of SplitMix64.
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// stepper advances items by bytes. One goroutine.
type stepper struct {
	p     *program
	step  uint64
	fresh []*frame // made in this step
	pool  []*frame // that may be used again, in a walk
	used  int      // of pool
	keep  bool     // frames outlive the walk
	work  int
	seen  map[item]bool // of the items that are being put, if they are many
}

// frameOf returns this step's frame of rule.
func (s *stepper) frameOf(rule int32) (f *frame, made bool) {
	for _, f := range s.fresh {
		if f.rule == rule {
			return f, false
		}
	}
	switch {
	case s.keep:
		f = &frame{}
	case s.used < len(s.pool):
		f = s.pool[s.used]
		s.used++
	default:
		f = &frame{}
		s.pool = append(s.pool, f)
		s.used++
	}
	*f = frame{rule: rule, returns: f.returns[:0], step: s.step}
	s.fresh = append(s.fresh, f)
	return f, true
}

// put adds an item unless it is there, in items[from:].
func (s *stepper) put(items []item, from int, it item) []item {
	switch n := len(items) - from; {
	case n >= maxItems:
		return items
	case n < fewItems:
		if slices.Contains(items[from:], it) {
			return items
		}
	default:
		if len(s.seen) == 0 {
			if s.seen == nil {
				s.seen = map[item]bool{}
			}
			for _, have := range items[from:] {
				s.seen[have] = true
			}
		}
		if s.seen[it] {
			return items
		}
		s.seen[it] = true
	}
	return append(items, it)
}

// close completes items[from:], the states that a byte led to: it enters the
// rules they call and leaves the rules they end. Items that no byte can follow
// are dropped, except those in reserved states, which come first.
func (s *stepper) close(items []item, from int) []item {
	s.step++
	s.fresh = s.fresh[:0]
	clear(s.seen)
	for i := from; i < len(items); i++ {
		it := items[i]
		s.work++
		calls, base := s.p.calls(it.state)
		for _, c := range calls {
			items = s.enter(items, from, it, c, base)
		}
		// A frame of this step has no bytes in it: nullable covers it.
		if s.p.ends[it.state] && it.frame.step != s.step {
			for _, t := range it.frame.returns {
				items = s.put(items, from, item(t))
			}
		}
	}
	if s.keep {
		for _, f := range s.fresh {
			s.finish(f)
		}
	}
	return s.drop(items, from)
}

func (s *stepper) enter(items []item, from int, it item, c call, base int32) []item {
	f, made := s.frameOf(c.rule)
	back := target{base + c.to, it.frame}
	f.returns = append(f.returns, back)
	if made {
		items = s.put(items, from, item{s.p.base[c.rule], f})
	}
	if s.p.nullable[c.rule] {
		items = s.put(items, from, item(back))
	}
	return items
}

// drop removes the items that no byte can follow.
func (s *stepper) drop(items []item, from int) []item {
	kept, reserved := from, from
	for i := from; i < len(items); i++ {
		it := items[i]
		switch {
		case it.state < numReserved:
			items[kept] = items[reserved]
			items[reserved] = it
			reserved++
			kept++
		case s.p.moves(it.state):
			items[kept] = it
			kept++
		}
	}
	return items[:kept]
}

// moves reports whether a byte can follow state without a call.
func (p *program) moves(state int32) bool {
	r := p.rule[state]
	return hasNext(p.rules[r], int(state-p.base[r]))
}

// finish gives a frame its hash. A return into a state that only returns again
// is replaced by where that returns to, so that the stack of a right-recursive
// rule does not grow. Frames of one step form no cycle: the grammar has no left
// recursion.
func (s *stepper) finish(f *frame) {
	if f.done {
		return
	}
	f.done, f.step = true, 0 // other steppers count their own steps
	flat := f.returns[:0:0]
	add := func(t target) {
		for _, have := range flat {
			if have == t {
				return
			}
		}
		flat = append(flat, t)
	}
	for _, t := range f.returns {
		if t.frame != nil {
			s.finish(t.frame)
		}
		if t.state >= numReserved && s.p.tail[t.state] {
			for _, u := range t.frame.returns {
				add(u)
			}
		} else {
			add(t)
		}
	}
	f.returns = flat
	f.hash = mix(f.rule, hash{})
	for _, t := range flat {
		var below hash
		if t.frame != nil {
			below = t.frame.hash
		}
		f.hash = f.hash.plus(mix(t.state, below))
	}
	f.hash = mix(0, f.hash)
}

// advance appends to items where those of from go by b, not closed.
func (s *stepper) advance(items, from []item, b byte) []item {
	start := len(items)
	clear(s.seen)
	for _, it := range from {
		if to := s.p.next(it.state, b); to != none {
			items = s.put(items, start, item{to, it.frame})
		}
	}
	s.work += len(from)
	return items
}
