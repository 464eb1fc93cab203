package formula

import "math/big"

// structure reads what a command makes of what follows it.
func (p *parser) structure(name string) (*node, error) {
	switch name {
	case "frac", "binom":
		a, err := p.argument()
		if err != nil {
			return nil, err
		}
		b, err := p.argument()
		if err != nil {
			return nil, err
		}
		if name == "binom" {
			return call("binom", a, b), nil
		}
		return &node{op: oDiv, kids: []*node{a, b}}, nil
	case "sqrt":
		return p.root()
	case "boxed", "fbox":
		return p.argument()
	case "overline", "bar", "vec", "hat":
		n, err := p.argument()
		if err != nil {
			return nil, err
		}
		return call(name, n), nil
	case "begin":
		return p.matrix()
	case "end":
		return nil, errFormula
	}
	return p.function(name)
}

func (p *parser) root() (*node, error) {
	degree := number(big.NewRat(2, 1))
	if p.take("[") {
		var err error
		if degree, err = p.sum(); err != nil || !p.take("]") {
			return nil, errFormula
		}
	}
	n, err := p.argument()
	if err != nil {
		return nil, err
	}
	return &node{op: oRoot, kids: []*node{n, degree}}, nil
}

// function reads a function with its argument: sin^2 x, \log_2 8, \sin(x), \cos 2x.
func (p *parser) function(name string) (*node, error) {
	var index, exponent *node
	var err error
	for p.sign("_", "^") {
		below := p.take("_")
		if !below {
			p.take("^")
		}
		n, err := p.exponent()
		if err != nil {
			return nil, err
		}
		if below {
			index = n
		} else {
			exponent = n
		}
	}
	argument, err := p.functionArgument()
	if err != nil {
		return nil, err
	}
	n := call(name, argument)
	if index != nil {
		n.kids = append(n.kids, index)
	}
	inverse := exponent != nil && (exponent.op == oNeg && exponent.kids[0].isOne() || exponent.op == oNumber && exponent.value.Cmp(big.NewRat(-1, 1)) == 0)
	if inverse {
		n.name = "arc" + name
	} else if exponent != nil {
		n = &node{op: oPow, kids: []*node{n, exponent}}
	}
	return n, nil
}

func (n *node) isOne() bool { return n.op == oNumber && n.value.Cmp(big.NewRat(1, 1)) == 0 }

// functionArgument reads a group, or a product up to the next sign or function.
func (p *parser) functionArgument() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if p.sign("(", "[", "{") {
		return p.power()
	}
	if p.take("-") {
		n, err := p.functionArgument()
		if err != nil {
			return nil, err
		}
		return &node{op: oNeg, kids: []*node{n}}, nil
	}
	n, err := p.power()
	if err != nil {
		return nil, err
	}
	for p.begins() {
		if t := p.peek(); t.kind == kCommand && t.text != "frac" && t.text != "sqrt" || t.kind == kWords {
			break
		}
		next, err := p.power()
		if err != nil {
			return nil, err
		}
		n = join(n, next, false)
	}
	return n, nil
}

// matrix reads an environment: rows that \\ ends, of columns with & between.
func (p *parser) matrix() (*node, error) {
	name, err := p.environment()
	if err != nil {
		return nil, err
	}
	if name == "array" && p.sign("{") { // how columns are set
		for !p.take("}") {
			if p.peek().kind == kEnd {
				return nil, errFormula
			}
			p.at++
		}
	}
	n := &node{op: oMatrix}
	row := &node{op: oRow}
	for {
		switch {
		case p.take(`\\`):
			n.kids = append(n.kids, row)
			row = &node{op: oRow}
		case p.take("&"):
		case p.peek().kind == kCommand && p.peek().text == "end":
			p.at++
			if _, err := p.environment(); err != nil {
				return nil, err
			}
			if len(row.kids) > 0 {
				n.kids = append(n.kids, row)
			}
			if name == "vmatrix" {
				return call("det", n), nil
			}
			return n, nil
		default:
			cell, err := p.list(oList)
			if err != nil {
				return nil, err
			}
			row.kids = append(row.kids, cell)
		}
	}
}

// environment reads the name of a matrix in braces.
func (p *parser) environment() (string, error) {
	if !p.take("{") {
		return "", errFormula
	}
	name := ""
	for p.peek().kind == kName || p.peek().kind == kWords {
		name += p.peek().text
		p.at++
	}
	if !p.take("}") {
		return "", errFormula
	}
	switch name {
	case "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "array", "smallmatrix":
		return name, nil
	}
	return "", errFormula
}
