package formula

import "math/big"

// parser reads tokens by recursive descent: lists of relations of unions of sums
// of products of powers.
type parser struct {
	tokens []token
	at     int
	depth  int
	bars   int // open |
}

// parse reads a whole text.
func parse(text string, grouped bool) (*node, error) {
	tokens, err := scan(text, grouped)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.list(oList)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.tokens) {
		return nil, errFormula
	}
	return n, nil
}

func (p *parser) peek() token {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return token{kind: kEnd}
}

// sign reports whether one of the signs comes next.
func (p *parser) sign(signs ...string) bool {
	t := p.peek()
	if t.kind != kSign {
		return false
	}
	for _, s := range signs {
		if t.text == s {
			return true
		}
	}
	return false
}

// take reads the sign if it comes next.
func (p *parser) take(sign string) bool {
	if p.sign(sign) {
		p.at++
		return true
	}
	return false
}

// enter bounds how deep formulas are nested.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return errFormula
	}
	return nil
}

// list reads what stands between commas. One thing alone is no list.
func (p *parser) list(o op) (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	var kids []*node
	for {
		for p.sign(",", ";") {
			p.at++
		}
		if p.closes() {
			break
		}
		n, err := p.relation()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if !p.sign(",", ";") {
			break
		}
	}
	switch len(kids) {
	case 0:
		return nil, errFormula
	case 1:
		return kids[0], nil
	}
	return &node{op: o, kids: kids}, nil
}

// closes reports whether what is being read ends here.
func (p *parser) closes() bool {
	t := p.peek()
	return t.kind == kEnd || t.kind == kCommand && t.text == "end" || p.sign(")", "]", "}", `\}`, `\\`, "&")
}

func (p *parser) relation() (*node, error) {
	p.take("=") // \approx 6.8: of what is not said
	first, err := p.union()
	if err != nil {
		return nil, err
	}
	kids, name := []*node{first}, ""
	for p.sign("=", "<", ">", "<=", ">=", "!=", "∈") {
		name += " " + p.peek().text
		p.at++
		next, err := p.union()
		if err != nil {
			return nil, err
		}
		kids = append(kids, next)
	}
	if len(kids) == 1 {
		return first, nil
	}
	return &node{op: oRelation, kids: kids, name: name[1:]}, nil
}

func (p *parser) union() (*node, error) {
	left, err := p.ratio()
	if err != nil {
		return nil, err
	}
	for p.sign("∪", "∩", `\`) {
		o := map[string]op{"∪": oUnion, "∩": oMeet, `\`: oMinus}[p.peek().text]
		p.at++
		right, err := p.ratio()
		if err != nil {
			return nil, err
		}
		if left.op == o && o != oMinus {
			left.kids = append(left.kids, right)
			continue
		}
		left = &node{op: o, kids: []*node{left, right}}
	}
	return left, nil
}

func (p *parser) ratio() (*node, error) {
	left, err := p.sum()
	if err != nil || !p.sign(":") {
		return left, err
	}
	n := &node{op: oRatio, kids: []*node{left}}
	for p.take(":") {
		next, err := p.sum()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, next)
	}
	return n, nil
}

func (p *parser) sum() (*node, error) {
	left, err := p.product()
	if err != nil {
		return nil, err
	}
	for p.sign("+", "-", "±", "∓") {
		sign := p.peek().text
		p.at++
		right, err := p.product()
		if err != nil {
			return nil, err
		}
		switch sign {
		case "-":
			right = &node{op: oNeg, kids: []*node{right}}
			fallthrough
		case "+":
			if left.op == oAdd {
				left.kids = append(left.kids, right)
			} else {
				left = &node{op: oAdd, kids: []*node{left, right}}
			}
		default:
			left = &node{op: oPM, kids: []*node{left, right}, name: sign}
		}
	}
	return left, nil
}

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
