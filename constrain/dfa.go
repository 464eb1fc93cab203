package constrain

import (
	"encoding/binary"
	"slices"
)

// none is the absent state.
const none int32 = -1

// dfa is a rule: deterministic over bytes and over calls, except that a state
// may at once go on by bytes, call rules and end. It starts in state 0. It is
// never changed after it was built.
type dfa struct {
	class [256]uint8 // of a byte
	width int        // number of classes
	table []int32    // [states, width]
	calls [][]call   // [states]
	final []bool     // [states]
}

func (d *dfa) next(state int32, b byte) int32 {
	return d.table[int(state)*d.width+int(d.class[b])]
}

// determinizer turns an nfa into a dfa by the subset construction.
type determinizer struct {
	nfa   *nfa
	dfa   *dfa
	ids   map[string]int32
	sets  [][]int32
	mark  []int32 // of an nfa state: the closure that visited it last
	turn  int32
	work  int // since it was spent
	key   []byte
	reach [256][]int32 // of a class, in expand: the targets
}

// determinize returns errSize if the automaton gets too large, or the error of
// l.spend.
func determinize(n *nfa, l limit) (*dfa, error) {
	if n.full {
		return nil, errSize
	}
	if err := l.spend(len(n.states) + n.edges); err != nil {
		return nil, err
	}
	d := &determinizer{nfa: n, dfa: &dfa{}, ids: map[string]int32{}, mark: make([]int32, len(n.states))}
	d.classes()
	// The first set is apart from all others: conditions at the beginning hold there only.
	start := d.closure([]int32{nfaStart}, atBegin)
	d.sets = append(d.sets, start)
	d.dfa.final = append(d.dfa.final, d.accepts(start, atBegin))
	for i := 0; i < len(d.sets); i++ {
		if len(d.sets) > l.states || len(d.dfa.table) > maxTable {
			return nil, errSize
		}
		d.expand(d.sets[i])
		if err := l.spend(d.work); err != nil {
			return nil, err
		}
		d.work = 0
	}
	return d.dfa, nil
}

// classes divides the bytes into intervals that no edge tells apart.
func (d *determinizer) classes() {
	var cut [257]bool
	for i := range d.nfa.states {
		for _, e := range d.nfa.states[i].edges {
			cut[e.lo], cut[int(e.hi)+1] = true, true
		}
	}
	class := 0
	for b := range 256 {
		if b > 0 && cut[b] {
			class++
		}
		d.dfa.class[b] = uint8(class)
	}
	d.dfa.width = class + 1
}

// closure is the set of states that from leads to by empty edges, those that
// hold always and those of the condition: sorted, and only states that matter.
func (d *determinizer) closure(from []int32, when condition) []int32 {
	d.turn++
	var todo, set []int32
	visit := func(s int32) {
		if d.mark[s] != d.turn {
			d.mark[s] = d.turn
			todo = append(todo, s)
		}
	}
	for _, s := range from {
		visit(s)
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		state := &d.nfa.states[s]
		d.work += 1 + len(state.empty)
		ending := false
		for _, e := range state.empty {
			if e.when == always || e.when == when {
				visit(e.to)
			}
			ending = ending || e.when == atEnd
		}
		if len(state.edges) > 0 || len(state.calls) > 0 || s == nfaAccept || ending {
			set = append(set, s)
		}
	}
	slices.Sort(set)
	return set
}

// accepts reports whether the text may end in set.
func (d *determinizer) accepts(set []int32, also condition) bool {
	if slices.Contains(set, nfaAccept) || !d.nfa.conditional {
		return slices.Contains(set, nfaAccept)
	}
	seen, todo := map[int32]bool{}, slices.Clone(set)
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s == nfaAccept {
			return true
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		d.work++
		for _, e := range d.nfa.states[s].empty {
			if e.when == always || e.when == atEnd || e.when == also {
				todo = append(todo, e.to)
			}
		}
	}
	return false
}

// id numbers the set that targets close to.
func (d *determinizer) id(targets []int32) int32 {
	slices.Sort(targets)
	set := d.closure(slices.Compact(targets), always)
	d.key = d.key[:0]
	for _, s := range set {
		d.key = binary.LittleEndian.AppendUint32(d.key, uint32(s))
	}
	id, ok := d.ids[string(d.key)]
	if !ok {
		id = int32(len(d.sets))
		d.ids[string(d.key)] = id
		d.sets = append(d.sets, set)
		d.dfa.final = append(d.dfa.final, d.accepts(set, always))
	}
	return id
}

// expand appends the transitions of set.
func (d *determinizer) expand(set []int32) {
	row := len(d.dfa.table)
	for range d.dfa.width {
		d.dfa.table = append(d.dfa.table, none)
	}
	var calls []call // to the states of the nfa
	for _, s := range set {
		state := &d.nfa.states[s]
		calls = append(calls, state.calls...)
		d.work += len(state.calls)
		for _, e := range state.edges {
			for c := int(d.dfa.class[e.lo]); c <= int(d.dfa.class[e.hi]); c++ {
				d.reach[c] = append(d.reach[c], e.to)
				d.work++
			}
		}
	}
	var previous []int32 // the targets of the class before, which often are the same
	same := none
	for c := range d.dfa.width {
		targets := d.reach[c]
		if len(targets) == 0 {
			continue
		}
		if same == none || !slices.Equal(targets, previous) {
			previous = append(previous[:0], targets...)
			same = d.id(targets)
		}
		d.dfa.table[row+c] = same
		d.reach[c] = targets[:0]
	}
	d.dfa.calls = append(d.dfa.calls, d.callsOf(calls))
}

// callsOf joins the calls of one rule.
func (d *determinizer) callsOf(calls []call) []call {
	if len(calls) == 0 {
		return nil
	}
	slices.SortStableFunc(calls, func(a, b call) int { return int(a.rule - b.rule) })
	var out []call
	for i := 0; i < len(calls); {
		var targets []int32
		rule := calls[i].rule
		for ; i < len(calls) && calls[i].rule == rule; i++ {
			targets = append(targets, calls[i].to)
		}
		out = append(out, call{rule, d.id(targets)})
	}
	return out
}
