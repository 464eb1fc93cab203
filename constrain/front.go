package constrain

// findNullable finds the rules that accept the empty text.
func (p *program) findNullable() {
	p.nullable = make([]bool, len(p.rules))
	sites, byRule := p.callSites()
	front := make([]bool, len(p.rule)) // of a state: no byte is needed for it
	var todo []int32
	visit := func(s int32) {
		if !front[s] {
			front[s] = true
			todo = append(todo, s)
		}
	}
	for _, s := range p.base {
		visit(s)
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		calls, base := p.calls(s)
		for _, c := range calls {
			if p.nullable[c.rule] {
				visit(base + c.to)
			}
		}
		if r := p.rule[s]; p.ends[s] && !p.nullable[r] {
			p.nullable[r] = true
			for _, i := range byRule.of(r) {
				if front[sites[i].from] {
					visit(sites[i].to)
				}
			}
		}
	}
}

// front visits the states of rule that no byte is needed for.
func (p *program) front(rule int32, visit func(state int32)) {
	d := p.rules[rule]
	seen, todo := map[int32]bool{0: true}, []int32{0}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visit(s)
		for _, c := range d.calls[s] {
			if p.nullable[c.rule] && !seen[c.to] {
				seen[c.to] = true
				todo = append(todo, c.to)
			}
		}
	}
}

// leftRecursive returns a rule that may call itself before any byte, or -1.
func (p *program) leftRecursive() int32 {
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(p.rules))
	var visit func(r int32) int32
	visit = func(r int32) int32 {
		state[r] = open
		found := none
		p.front(r, func(s int32) {
			for _, c := range p.rules[r].calls[s] {
				switch {
				case found != none || state[c.rule] == done:
				case state[c.rule] == open:
					found = c.rule
				default:
					found = visit(c.rule)
				}
			}
		})
		state[r] = done
		return found
	}
	for r := range p.rules {
		if state[r] == unseen {
			if found := visit(int32(r)); found != none {
				return found
			}
		}
	}
	return none
}
