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
func (p *program) productive() []bool {
	l := &liveness{p: p, live: make([]bool, len(p.rule)), ok: make([]bool, len(p.rules))}
	l.sites, l.byRule = p.callSites()
	l.byEnd = gather(len(p.rule), func(tell func(key, edge int32)) {
		for i, c := range l.sites {
			tell(c.to, int32(i))
		}
	})
	l.before = gather(len(p.rule), func(tell func(key, edge int32)) {
		for r, d := range p.rules {
			d.transitions(p.base[r], tell)
		}
	})
	l.spread()
	for r, d := range p.rules {
		prune(d, l.live[p.base[r]:], l.ok)
	}
	return l.ok
}

// liveness finds the states from which their rule can be brought to its end.
type liveness struct {
	p      *program
	sites  []callSite
	byRule arcs // places in sites
	byEnd  arcs // places in sites, by to
	before arcs // states that bytes lead from, by where they lead
	live   []bool
	ok     []bool // of a rule: its first state is live
	todo   []int32
}

func (l *liveness) visit(s int32) {
	if !l.live[s] {
		l.live[s] = true
		l.todo = append(l.todo, s)
	}
}

// spread finds all of them.
func (l *liveness) spread() {
	for r, d := range l.p.rules {
		for s, final := range d.final {
			if final {
				l.visit(l.p.base[r] + int32(s))
			}
		}
	}
	for len(l.todo) > 0 {
		s := l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		for _, from := range l.before.of(s) {
			l.visit(from)
		}
		for _, i := range l.byEnd.of(s) {
			if l.ok[l.sites[i].rule] {
				l.visit(l.sites[i].from)
			}
		}
		if r := l.p.rule[s]; s == l.p.base[r] {
			l.derives(r)
		}
	}
}

// derives takes note of a rule whose first state is live.
func (l *liveness) derives(rule int32) {
	l.ok[rule] = true
	for _, i := range l.byRule.of(rule) {
		if l.live[l.sites[i].to] {
			l.visit(l.sites[i].from)
		}
	}
}

// prune removes what leads to states that are not live, and the calls of rules
// that are not ok.
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
