package formula

import "math/big"

// product reads factors with signs or nothing between them. Words beside a value
// are its unit, or say what it is, and are left out.
func (p *parser) product() (*node, error) {
	left, err := p.signed()
	if err != nil {
		return nil, err
	}
	unit := false // what is being read is a unit
	for {
		spaced, closed := p.peek().space, p.tokens[p.at-1].text == ")"
		switch {
		case p.sign("*", "/"):
			divide := p.peek().text == "/"
			p.at++
			right, err := p.signed()
			if err != nil {
				return nil, err
			}
			if !(unit && divide && right.op == oName) { // miles/h
				unit = isUnit(right)
				left = join(left, right, divide)
			}
		case p.begins():
			right, err := p.power()
			if err != nil {
				return nil, err
			}
			unit = isUnit(right)
			if left, err = p.beside(left, right, spaced, closed); err != nil {
				return nil, err
			}
		default:
			return left, nil
		}
	}
}

// join multiplies or divides.
func join(left, right *node, divide bool) *node {
	switch {
	case isUnit(right):
		return left
	case isUnit(left):
		return right
	case divide:
		return &node{op: oDiv, kids: []*node{left, right}}
	case left.op == oMul:
		left.kids = append(left.kids, right)
		return left
	}
	return &node{op: oMul, kids: []*node{left, right}}
}

// isUnit reports whether n is words, or a power of words.
func isUnit(n *node) bool {
	for n.op == oPow {
		n = n.kids[0]
	}
	return n.op == oWords
}

// beside joins two factors without a sign between: a product, or a mixed number.
// spaced says that white space stands between, closed that left ends in a bracket.
func (p *parser) beside(left, right *node, spaced, closed bool) (*node, error) {
	if left.op == oWords && right.op == oWords {
		return &node{op: oWords, name: left.name + " " + right.name}, nil
	}
	whole := left.op == oNumber && left.value.IsInt()
	if whole && right.op == oDiv && wholeNumbers(right.kids) {
		return mixed(left, right), nil
	}
	if right.op == oNumber {
		if closed || !whole || !spaced || !p.sign("/") || left.op != oNumber {
			if left.op == oWords {
				return right, nil
			}
			if !closed && (left.op == oNumber || left.op == oMul) {
				return nil, errFormula // 2 3 is nothing
			}
			return join(left, right, false), nil
		}
		p.at++ // 2 1/2
		under, err := p.power()
		if err != nil {
			return nil, err
		}
		return mixed(left, &node{op: oDiv, kids: []*node{right, under}}), nil
	}
	return join(left, right, false), nil
}

// mixed is a whole number with a fraction: -1 1/2 is -1.5.
func mixed(whole, fraction *node) *node {
	if whole.value.Sign() < 0 {
		fraction = &node{op: oNeg, kids: []*node{fraction}}
	}
	return &node{op: oAdd, kids: []*node{whole, fraction}}
}

func wholeNumbers(kids []*node) bool {
	for _, k := range kids {
		if k.op != oNumber || !k.value.IsInt() {
			return false
		}
	}
	return true
}

// signed reads a factor that may have a sign before it.
func (p *parser) signed() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("+"):
		return p.signed()
	case p.take("-"):
		n, err := p.signed()
		if err != nil {
			return nil, err
		}
		if n.op == oNumber {
			return number(new(big.Rat).Neg(n.value)), nil
		}
		return &node{op: oNeg, kids: []*node{n}}, nil
	case p.sign("±", "∓"):
		name := p.peek().text
		p.at++
		n, err := p.signed()
		if err != nil {
			return nil, err
		}
		return &node{op: oPM, kids: []*node{n}, name: name}, nil
	}
	return p.power()
}

func number(value *big.Rat) *node { return &node{op: oNumber, value: value} }
