package secrets

// lanes is the number of parts that are looked through side by side: each step in
// a part waits for the one before, and those of others do not.
const lanes = 4

// hit is a state in which keys end before text[end].
type hit struct {
	end   int
	state uint16
}

// walk follows text[from:to] from a state and sets the hits of each lane. It
// returns the state at the end.
func (w *worker) walk(state uint16, from, to int) uint16 {
	for i := range w.hits {
		w.hits[i] = w.hits[i][:0]
	}
	const short = 1 << 8
	if to-from < short {
		return w.lane(0, state, from, to)
	}
	a, n := w.keys, (to-from)/lanes
	next, shift, final := a.next, a.shift, a.final
	s := [lanes]uint16{state}
	for k := 1; k < lanes; k++ { // a state depends on no more text than the longest key has
		at := from + k*n
		s[k] = w.lane(k, 0, max(at-w.longest, 0), at)
		w.hits[k] = w.hits[k][:0]
	}
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	text := w.text[from:to]
	t0, t1, t2, t3 := text[:n], text[n:2*n], text[2*n:3*n], text[3*n:4*n]
	for i := range n {
		s0 = next[int(s0)<<shift|int(a.class[t0[i]])]
		s1 = next[int(s1)<<shift|int(a.class[t1[i]])]
		s2 = next[int(s2)<<shift|int(a.class[t2[i]])]
		s3 = next[int(s3)<<shift|int(a.class[t3[i]])]
		if max(s0, s1, s2, s3) < final {
			continue
		}
		for k, state := range [lanes]uint16{s0, s1, s2, s3} {
			if state >= final {
				w.hits[k] = append(w.hits[k], hit{from + k*n + i + 1, state})
			}
		}
	}
	return w.lane(lanes-1, s3, from+lanes*n, to)
}

// lane follows text[from:to] from a state and adds the hits of one lane.
func (w *worker) lane(lane int, state uint16, from, to int) uint16 {
	a := w.keys
	for i, b := range w.text[from:to] {
		if state = a.next[int(state)<<a.shift|int(a.class[b])]; state >= a.final {
			w.hits[lane] = append(w.hits[lane], hit{from + i + 1, state})
		}
	}
	return state
}
