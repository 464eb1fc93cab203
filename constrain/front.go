package constrain

// findNullable finds the rules that accept the empty text.
func (p *program) findNullable() {
	p.nullable = make([]bool, len(p.rules))
	for changed := true; changed; {
		changed = false
		for r := range p.rules {
			if !p.nullable[r] && p.acceptsEmpty(int32(r)) {
				p.nullable[r], changed = true, true
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

func (p *program) acceptsEmpty(rule int32) (yes bool) {
	p.front(rule, func(s int32) { yes = yes || p.rules[rule].final[s] })
	return yes
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
