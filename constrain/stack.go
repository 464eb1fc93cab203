package constrain

import "slices"

// maxItems bounds the states that are followed at once. Deterministic grammars
// need a handful; a grammar so ambiguous that it needs more is followed in
// part: sentences may be lost, but none is wrongly allowed.
const maxItems = 1024

// fewItems are looked through without a map.
const fewItems = 32

// frame is one call of a rule at one place of the text. Several callers at the
// same place share it. It is not changed once the step that made it is over.
type frame struct {
	rule    int32
	returns []item // where the rule returns to
	hash    hash
	step    uint64 // that made it; 0: none that is under way
	done    bool   // its hash is known
}

// item is a state that the text may be in, and the call that the state's rule
// is in.
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
	p      *program
	step   uint64
	fresh  []*frame      // made in this step
	latest []*frame      // of a rule: the frame that was made last
	pool   []*frame      // that may be used again, in a walk
	used   int           // of pool
	keep   bool          // frames outlive the walk
	work   int           // items, calls and returns that were looked at
	limit  int           // of work: with it everything ends, and what was found is not whole
	seen   map[item]bool // of the items that are being put, if they are many
}

// allow lets the stepper do as much as one token may take.
func (s *stepper) allow() { s.limit = s.work + maxMaskWork }

// exhausted reports whether the limit was reached.
func (s *stepper) exhausted() bool { return s.work >= s.limit }

// frameOf returns this step's frame of rule.
func (s *stepper) frameOf(rule int32) (f *frame, made bool) {
	if int(rule) >= len(s.latest) {
		s.latest = append(s.latest, make([]*frame, len(s.p.rules)-len(s.latest))...)
	}
	// One of the pool may be another rule's by now.
	if f := s.latest[rule]; f != nil && f.step == s.step && f.rule == rule {
		return f, false
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
	s.latest[rule] = f
	return f, true
}

// put adds an item unless it is there, in items[from:].
func (s *stepper) put(items []item, from int, it item) []item {
	if len(items)-from >= maxItems || s.has(items[from:], it) {
		return items
	}
	return append(items, it)
}

// has reports whether it is among items, those that were put since seen was
// cleared. If it is not, it must be the next one.
func (s *stepper) has(items []item, it item) bool {
	if len(items) < fewItems {
		return slices.Contains(items, it)
	}
	if len(s.seen) == 0 {
		if s.seen == nil {
			s.seen = map[item]bool{}
		}
		for _, have := range items {
			s.seen[have] = true
		}
	}
	if s.seen[it] {
		return true
	}
	s.seen[it] = true
	return false
}

// close completes items[from:], the states that a byte led to: it enters the
// rules they call and leaves the rules they end. Items that no byte can follow
// are dropped, except those in reserved states, which come first.
func (s *stepper) close(items []item, from int) []item {
	s.step++
	s.fresh = s.fresh[:0]
	clear(s.seen)
	for i := from; i < len(items) && !s.exhausted(); i++ {
		it := items[i]
		calls, base := s.p.calls(it.state)
		s.work += 1 + len(calls)
		for _, c := range calls {
			items = s.enter(items, from, it, c, base)
		}
		// A frame of this step has no bytes in it: nullable covers it.
		if s.p.ends[it.state] && it.frame.step != s.step {
			s.work += len(it.frame.returns)
			for _, back := range it.frame.returns {
				items = s.put(items, from, back)
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
	back := item{base + c.to, it.frame}
	f.returns = append(f.returns, back)
	if made {
		items = s.put(items, from, item{s.p.base[c.rule], f})
	}
	if s.p.nullable[c.rule] {
		items = s.put(items, from, back)
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
		case s.p.moves[it.state]:
			items[kept] = it
			kept++
		}
	}
	return items[:kept]
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
	for _, back := range f.returns {
		s.finish(back.frame)
	}
	f.returns = s.flat(f.returns)
	f.hash = mix(f.rule, hash{})
	for _, back := range f.returns {
		f.hash = f.hash.plus(mix(back.state, back.frame.hash))
	}
	f.hash = mix(0, f.hash)
}

// flat is returns, into finished frames, without those that only return again
// and each once.
func (s *stepper) flat(returns []item) (out []item) {
	clear(s.seen)
	for i := range returns {
		through := returns[i : i+1]
		if back := returns[i]; back.state >= numReserved && s.p.tail[back.state] {
			through = back.frame.returns
		}
		if s.work += len(through); s.exhausted() {
			return nil
		}
		for _, back := range through {
			if !s.has(out, back) {
				out = append(out, back)
			}
		}
	}
	return out
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
