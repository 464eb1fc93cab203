package constrain

import "slices"

// maxMaskWork bounds the steps of computing one set of tokens and those of
// accepting one: about 0.1 s. A character class that calls itself takes 4 million
// where nothing is known yet of a vocabulary of 200,000.
const maxMaskWork = 1 << 23

// reach is what a state allows whatever its stack: tokens, and the places in
// the trie at which its rule may be left with bytes of tokens still to come.
type reach struct {
	tokens bitset
	leaves []int32 // trie nodes that have children
	work   int     // of finding it
}

// walker goes through the trie with the items of a grammar. One goroutine.
type walker struct {
	stepper
	trie  *trie
	items []item // a stack
	out   bitset
	left  []int32
}

// outside is the frame of a state whose stack is not looked at.
var outside = &frame{returns: []item{{stateOutside, &frame{}}}}

// reach computes the reach of state, a part of it if the walker gets exhausted.
func (w *walker) reach(state int32, numTokens int) *reach {
	w.begin(newBitset(numTokens))
	w.items = append(w.items, item{state, outside})
	begin := w.work
	if w.plainFollows(state) {
		w.out.union(w.trie.plain)
	} else {
		w.walk(0, 0)
	}
	w.walk(w.trie.others, 0)
	return &reach{w.out, slices.Clone(w.left), w.work - begin}
}

func (w *walker) begin(out bitset) {
	w.items, w.left, w.used, w.out = w.items[:0], w.left[:0], 0, out
}

// resume adds the tokens that, after they left a state's rule at the nodes,
// go on where the frame returns to.
func (w *walker) resume(nodes []int32, f *frame) {
	w.items, w.used = w.items[:0], 0
	clear(w.seen)
	w.work += len(f.returns)
	for _, back := range f.returns {
		w.items = w.put(w.items, 0, back)
	}
	w.items = w.close(w.items, 0)
	for _, node := range nodes {
		w.walk(node, 0)
	}
}

// walk visits what is below node with the closed items[from:].
func (w *walker) walk(node int32, from int) {
	hi := len(w.items)
	for c := node + 1; c < w.trie.end[node] && !w.exhausted(); c = w.trie.end[c] {
		w.items = w.advance(w.items, w.items[from:hi], w.trie.bytes[c])
		if len(w.items) > hi {
			w.enter(c, hi)
		}
		w.items = w.items[:hi]
	}
}

// enter visits node c, whose byte led to items[from:].
func (w *walker) enter(c int32, from int) {
	w.trie.mark(c, w.out)
	if w.trie.leaf(c) {
		return
	}
	if it := w.items[from]; len(w.items) == from+1 && w.p.simple[it.state] {
		r := w.p.rule[it.state]
		w.follow(c, w.p.rules[r], w.p.base[r], it.state-w.p.base[r], it.frame)
		return
	}
	used := w.used
	w.items = w.close(w.items, from)
	for _, it := range w.items[from:] {
		if it.state == stateOutside {
			w.left = append(w.left, c)
		}
	}
	w.walk(c, from)
	w.used = used
}

// follow is walk for one state that goes on by bytes only.
func (w *walker) follow(node int32, d *dfa, base, state int32, f *frame) {
	row := d.table[int(state)*d.width : (int(state)+1)*d.width]
	for c := node + 1; c < w.trie.end[node] && !w.exhausted(); c = w.trie.end[c] {
		w.work++
		to := row[d.class[w.trie.bytes[c]]]
		if to == none {
			continue
		}
		w.trie.mark(c, w.out)
		if w.trie.leaf(c) {
			continue
		}
		if w.p.simple[base+to] {
			w.follow(c, d, base, to, f)
			continue
		}
		from := len(w.items)
		w.items = append(w.items, item{base + to, f})
		w.enter(c, from)
		w.items = w.items[:from]
	}
}

// plainFollows reports whether state allows all plain tokens by bytes of its
// own rule alone.
func (w *walker) plainFollows(state int32) bool {
	r := w.p.rule[state]
	d := w.p.rules[r]
	seen := map[int32]bool{}
	states := []int32{state - w.p.base[r]}
	for range maxPlainRunes {
		var next []int32
		for _, s := range states {
			if seen[s] {
				continue
			}
			seen[s] = true
			ok := false
			if next, ok = w.afterPlain(d, s, next); !ok || len(next) > 8 {
				return false
			}
		}
		states = next
	}
	return true
}

// afterPlain appends the states after one plain character; not ok: some
// character is not possible.
func (w *walker) afterPlain(d *dfa, s int32, out []int32) (_ []int32, ok bool) {
	step := func(from int32, lo, hi int) (to []int32) {
		if w.work += hi - lo + 1; w.exhausted() {
			return nil
		}
		for b := lo; b <= hi; b++ {
			next := d.next(from, byte(b))
			if next == none {
				return nil
			}
			if !slices.Contains(to, next) {
				to = append(to, next)
			}
		}
		return to
	}
	add := func(to []int32) {
		for _, s := range to {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		ok = ok && len(to) > 0
	}
	ok = true
	for _, r := range [][2]int{{' ', '!'}, {'#', '['}, {']', '~'}} {
		add(step(s, r[0], r[1]))
	}
	for _, seq := range utf8Sequences {
		if !ok {
			return out, false
		}
		states := step(s, seq[0][0], seq[0][1])
		for _, r := range seq[1:] {
			var after []int32
			for _, s := range states {
				to := step(s, r[0], r[1])
				if to == nil {
					return out, false
				}
				after = append(after, to...)
			}
			slices.Sort(after)
			states = slices.Compact(after)
		}
		add(states)
	}
	return out, ok
}

// utf8Sequences are the well-formed sequences of more than one byte (Unicode,
// table 3-7).
var utf8Sequences = [][][2]int{
	{{0xc2, 0xdf}, {0x80, 0xbf}},
	{{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
	{{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
	{{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
}
