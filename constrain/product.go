package constrain

import "slices"

// intersect accepts what both accept; neither may have calls.
func intersect(a, b *dfa, l limit) (*dfa, error) {
	return combine(a, b, l, func(inA, inB bool) bool { return inA && inB })
}

// subtract accepts what a accepts and b does not; neither may have calls.
func subtract(a, b *dfa, l limit) (*dfa, error) {
	return combine(a, b, l, func(inA, inB bool) bool { return inA && !inB })
}

// combine runs two automata side by side. A pair dies with its first half; its
// second half may be dead.
func combine(a, b *dfa, l limit, accept func(inA, inB bool) bool) (*dfa, error) {
	out := &dfa{}
	type pair struct{ a, b int32 }
	classes := map[[2]uint8]uint8{}
	var first []byte
	for i := range 256 {
		key := [2]uint8{a.class[i], b.class[i]}
		class, ok := classes[key]
		if !ok {
			class = uint8(len(classes))
			classes[key] = class
			first = append(first, byte(i))
		}
		out.class[i] = class
	}
	out.width = len(first)
	ids := map[pair]int32{{0, 0}: 0}
	todo := []pair{{0, 0}}
	for i := 0; i < len(todo); i++ {
		if len(todo) > l.states || len(out.table) > maxTable {
			return nil, errSize
		}
		if err := l.spend(len(first)); err != nil {
			return nil, err
		}
		p := todo[i]
		for _, c := range first {
			q := pair{a.next(p.a, c), none}
			if p.b != none {
				q.b = b.next(p.b, c)
			}
			to := none
			if q.a != none && (q.b != none || accept(true, false)) {
				var ok bool
				if to, ok = ids[q]; !ok {
					to = int32(len(todo))
					ids[q] = to
					todo = append(todo, q)
				}
			}
			out.table = append(out.table, to)
		}
		out.final = append(out.final, accept(a.final[p.a], p.b != none && b.final[p.b]))
	}
	out.calls = make([][]call, len(todo))
	return trimmed(out), nil
}

// enclosed is d, the inside of a JSON string, between quotes. Where d accepts, a
// quote does not go on.
func enclosed(d *dfa) *dfa {
	const start, end, shift = 0, 1, 2
	out := &dfa{width: d.width + 1}
	out.class = d.class
	quote := d.width
	if d.width == 256 { // the quote has a class of its own already
		out.width, quote = 256, int(d.class['"'])
	}
	out.class['"'] = uint8(quote)
	n := len(d.final) + shift
	out.table = make([]int32, n*out.width)
	for i := range out.table {
		out.table[i] = none
	}
	out.final, out.calls = make([]bool, n), make([][]call, n)
	out.final[end] = true
	out.table[start*out.width+quote] = shift
	for s := range d.final {
		row := out.table[(s+shift)*out.width : (s+shift+1)*out.width]
		for c, to := range d.table[s*d.width : (s+1)*d.width] {
			if to != none {
				row[c] = to + shift
			}
		}
		if to := d.next(int32(s), '"'); to != none {
			row[quote] = to + shift
		}
		if d.final[s] {
			row[quote] = end
		}
	}
	return out
}

// trimmed removes the transitions of a dfa without calls into states that no
// accepting state can be reached from. The start state stays.
func trimmed(d *dfa) *dfa {
	live := slices.Clone(d.final)
	before := gather(len(live), func(tell func(to, from int32)) { d.transitions(0, tell) })
	var todo []int32
	for s, final := range live {
		if final {
			todo = append(todo, int32(s))
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range before.of(s) {
			if !live[from] {
				live[from] = true
				todo = append(todo, from)
			}
		}
	}
	prune(d, live, nil)
	return d
}

// copy leads from one state to another over what d, which calls nothing,
// accepts.
func (n *nfa) copy(d *dfa, from, to int32) {
	states := make([]int32, len(d.final))
	for i := range states {
		states[i] = n.state()
	}
	n.skip(from, states[0])
	for i, s := range states {
		if d.final[i] {
			n.skip(s, to)
		}
		for b := 0; b < 256; {
			next := d.next(int32(i), byte(b))
			end := b
			for end < 255 && d.next(int32(i), byte(end+1)) == next {
				end++
			}
			if next != none && !n.full {
				n.edge(s, byte(b), byte(end), states[next])
			}
			b = end + 1
		}
	}
}
