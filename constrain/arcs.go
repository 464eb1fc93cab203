package constrain

// arcs are the edges of a graph, by the number that each is looked up by.
type arcs struct {
	first []int32 // of a number: where its edges begin
	edges []int32
}

// gather collects the edges that each tells of: edge is kept under key, which is
// less than keys. each is called twice, and tells the same.
func gather(keys int, each func(tell func(key, edge int32))) arcs {
	a := arcs{first: make([]int32, keys+2)}
	each(func(key, _ int32) { a.first[key+2]++ })
	for i := 1; i < len(a.first); i++ {
		a.first[i] += a.first[i-1]
	}
	a.edges = make([]int32, a.first[keys+1])
	each(func(key, edge int32) {
		a.edges[a.first[key+1]] = edge
		a.first[key+1]++
	})
	return a
}

// of are the edges under key.
func (a arcs) of(key int32) []int32 { return a.edges[a.first[key]:a.first[key+1]] }

// transitions tells from which states of d bytes lead to each, as numbers from
// base on.
func (d *dfa) transitions(base int32, tell func(to, from int32)) {
	for s := range d.final {
		previous := none
		for _, to := range d.table[s*d.width : (s+1)*d.width] {
			if to != none && to != previous {
				tell(base+to, base+int32(s))
			}
			previous = to
		}
	}
}

// callSite is a call and the state that makes it. States are those of the program.
type callSite struct{ from, rule, to int32 }

// callSites lists all calls, and gathers their places in the list by rule.
func (p *program) callSites() (sites []callSite, byRule arcs) {
	for r, d := range p.rules {
		for s, calls := range d.calls {
			for _, c := range calls {
				sites = append(sites, callSite{p.base[r] + int32(s), c.rule, p.base[r] + c.to})
			}
		}
	}
	return sites, gather(len(p.rules), func(tell func(key, edge int32)) {
		for i, c := range sites {
			tell(c.rule, int32(i))
		}
	})
}
