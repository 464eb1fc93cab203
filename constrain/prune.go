package constrain

// forbid removes the transitions over missing bytes and returns the first of
// them that there was, or -1. A class that has bytes of both kinds is divided.
func forbid(rules []*dfa, missing *[256]bool) int {
	lost := -1
	for i, d := range rules {
		if !anyMissing(d, missing) {
			continue
		}
		for b := range 256 {
			if missing[b] && hasByte(d, byte(b)) && (lost < 0 || b < lost) {
				lost = b
			}
		}
		rules[i] = without(d, missing)
	}
	return lost
}

func anyMissing(d *dfa, missing *[256]bool) bool {
	for b := range 256 {
		if missing[b] && hasByte(d, byte(b)) {
			return true
		}
	}
	return false
}

func hasByte(d *dfa, b byte) bool {
	for i := int(d.class[b]); i < len(d.table); i += d.width {
		if d.table[i] != none {
			return true
		}
	}
	return false
}

// without copies d, the transitions over missing bytes removed.
func without(d *dfa, missing *[256]bool) *dfa {
	out := &dfa{calls: d.calls, final: d.final}
	// Bytes of one class, missing or not, stay one class.
	type group struct {
		class   uint8
		missing bool
	}
	classes := map[group]uint8{}
	var groups []group
	for b := range 256 {
		g := group{d.class[b], missing[b]}
		class, ok := classes[g]
		if !ok {
			class = uint8(len(groups))
			classes[g] = class
			groups = append(groups, g)
		}
		out.class[b] = class
	}
	out.width = len(groups)
	for s := range d.final {
		row := d.table[s*d.width : (s+1)*d.width]
		for _, g := range groups {
			to := row[g.class]
			if g.missing {
				to = none
			}
			out.table = append(out.table, to)
		}
	}
	return out
}

// productive finds the rules that derive a text, and removes from all rules
// what leads nowhere.
func productive(rules []*dfa) []bool {
	ok := make([]bool, len(rules))
	live := make([][]bool, len(rules))
	for r, d := range rules {
		live[r] = make([]bool, len(d.final))
		copy(live[r], d.final)
	}
	for changed := true; changed; {
		changed = false
		for r := len(rules) - 1; r >= 0; r-- {
			again := spread(rules[r], live[r], ok)
			changed = changed || again || ok[r] != live[r][0]
			ok[r] = live[r][0]
		}
	}
	for r, d := range rules {
		prune(d, live[r], ok)
	}
	return ok
}

// spread marks the states that reach a live one, until no more are found.
func spread(d *dfa, live, ok []bool) (changed bool) {
	for again := true; again; {
		again = false
		for s := len(live) - 1; s >= 0; s-- {
			if !live[s] && leads(d, s, live, ok) {
				live[s], again, changed = true, true, true
			}
		}
	}
	return changed
}

func leads(d *dfa, s int, live, ok []bool) bool {
	for _, to := range d.table[s*d.width : (s+1)*d.width] {
		if to != none && live[to] {
			return true
		}
	}
	for _, c := range d.calls[s] {
		if live[c.to] && ok[c.rule] {
			return true
		}
	}
	return false
}

func prune(d *dfa, live, ok []bool) {
	for i, to := range d.table {
		if to != none && !live[to] {
			d.table[i] = none
		}
	}
	for s, calls := range d.calls {
		var kept []call
		for _, c := range calls {
			if live[c.to] && ok[c.rule] {
				kept = append(kept, c)
			}
		}
		d.calls[s] = kept
	}
}
