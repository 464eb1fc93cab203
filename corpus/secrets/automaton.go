package secrets

// automaton finds all keys in a text in one pass, whatever the case of their
// letters (Aho and Corasick, Efficient String Matching, 1975). States with keys are
// numbered last, so that one comparison tells them.
type automaton struct {
	class [256]uint8 // of a byte, with all that no key has in class 0
	next  []uint16   // by state << shift | class
	shift uint
	final uint16     // the first state with keys
	keys  [][]uint16 // of each such state, the longest first
}

// newAutomaton takes keys in lower case.
func newAutomaton(keys []string) *automaton {
	a := &automaton{}
	classes := 1
	for _, key := range keys {
		for i := range len(key) {
			if b := key[i]; a.class[b] == 0 {
				a.class[b] = uint8(classes)
				if b >= 'a' && b <= 'z' {
					a.class[b-'a'+'A'] = uint8(classes)
				}
				classes++
			}
		}
	}
	for 1<<a.shift < classes {
		a.shift++
	}
	t := newTrie(keys, &a.class, classes)
	order := t.order() // old numbers by new
	number := make([]uint16, len(order))
	for n, old := range order {
		number[old] = uint16(n)
	}
	a.next = make([]uint16, len(order)<<a.shift)
	for n, old := range order {
		for c, to := range t.next[old] {
			a.next[n<<a.shift|c] = number[to]
		}
		if len(t.keys[old]) > 0 {
			if a.keys == nil {
				a.final = uint16(n)
			}
			a.keys = append(a.keys, t.keys[old])
		}
	}
	return a
}

// trie is the automaton while it is made, with states in the order they came.
type trie struct {
	next [][]int
	keys [][]uint16
}

func newTrie(keys []string, class *[256]uint8, classes int) *trie {
	t := &trie{next: [][]int{make([]int, classes)}, keys: [][]uint16{nil}}
	for k, key := range keys {
		s := 0
		for i := range len(key) {
			c := class[key[i]]
			if t.next[s][c] == 0 {
				t.next[s][c] = len(t.next)
				t.next, t.keys = append(t.next, make([]int, classes)), append(t.keys, nil)
			}
			s = t.next[s][c]
		}
		t.keys[s] = append(t.keys[s], uint16(k))
	}
	t.link()
	return t
}

// link makes of each missing step the one that the longest suffix has, in the
// order of depth.
func (t *trie) link() {
	suffix := make([]int, len(t.next))
	queue := []int{0}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for c, to := range t.next[s] {
			switch {
			case to == 0:
				t.next[s][c] = t.next[suffix[s]][c]
			default:
				if s != 0 {
					suffix[to] = t.next[suffix[s]][c]
				}
				t.keys[to] = append(t.keys[to], t.keys[suffix[to]]...)
				queue = append(queue, to)
			}
		}
	}
}

// order lists the states, those without keys first; the root stays the first.
func (t *trie) order() (order []int) {
	for _, final := range []bool{false, true} {
		for s := range t.next {
			if (len(t.keys[s]) > 0) == final {
				order = append(order, s)
			}
		}
	}
	return order
}
