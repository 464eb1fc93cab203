package formula

// begins reports whether an operand comes next.
func (p *parser) begins() bool {
	switch t := p.peek(); t.kind {
	case kNumber, kName, kWords:
		return true
	case kCommand:
		return t.text != "end"
	case kSign:
		switch t.text {
		case "(", "[", "{", `\{`, "⌊", "⌈":
			return true
		case "|":
			return p.bars == 0
		}
	}
	return false
}

// power reads an operand with what stands above, below and behind it.
func (p *parser) power() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	n, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.marks(n)
}

func (p *parser) marks(n *node) (*node, error) {
	for marks := 0; ; marks++ {
		if marks > maxDepth {
			return nil, errFormula
		}
		switch {
		case p.take("!"):
			n = &node{op: oCall, name: "!", kids: []*node{n}}
		case p.take("%"):
			n = &node{op: oPercent, kids: []*node{n}}
		case p.take("°"):
			n = &node{op: oDegrees, kids: []*node{n}}
		case p.take("'"):
			n = &node{op: oSub, kids: []*node{n, {op: oName, name: "'"}}}
		case p.take("_"):
			index, err := p.argument()
			if err != nil {
				return nil, err
			}
			n = &node{op: oSub, kids: []*node{n, index}}
		case p.take("^"):
			degrees := p.sign("°") || p.sign("{") && p.at+1 < len(p.tokens) && p.tokens[p.at+1].text == "°"
			if degrees {
				p.take("{")
				p.take("°")
				p.take("}")
				n = &node{op: oDegrees, kids: []*node{n}}
				continue
			}
			if p.take("'") {
				n = &node{op: oSub, kids: []*node{n, {op: oName, name: "'"}}}
				continue
			}
			exponent, err := p.exponent()
			if err != nil {
				return nil, err
			}
			n = &node{op: oPow, kids: []*node{n, exponent}}
		default:
			return n, nil
		}
	}
}

// exponent reads what stands above: as people type it with a sign, and more than
// one digit.
func (p *parser) exponent() (*node, error) {
	if p.take("-") {
		n, err := p.exponent()
		if err != nil {
			return nil, err
		}
		return &node{op: oNeg, kids: []*node{n}}, nil
	}
	if p.peek().kind == kNumber || p.sign("(", `\{`) {
		return p.operand()
	}
	return p.argument()
}

// argument reads what a command takes: a group, or one digit or letter.
func (p *parser) argument() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	t := p.peek()
	if t.kind != kNumber || len(t.text) == 1 {
		return p.operand()
	}
	first, rest := t.text[:1], t.text[1:]
	value, more := decimal(first), decimal(rest)
	if value == nil || more == nil || t.text[1] == '.' {
		return nil, errFormula
	}
	p.tokens[p.at].text, p.tokens[p.at].value = rest, more
	return number(value), nil
}

func (p *parser) operand() (*node, error) {
	t := p.peek()
	p.at++
	switch t.kind {
	case kNumber:
		return number(t.value), nil
	case kName:
		return &node{op: oName, name: t.text}, nil
	case kWords:
		return &node{op: oWords, name: t.text}, nil
	case kCommand:
		return p.structure(t.text)
	case kSign:
		switch t.text {
		case "(", "[":
			return p.brackets(t.text)
		case "{":
			return p.braces("}")
		case `\{`:
			return p.braces(`\}`)
		case "|":
			return p.absolute()
		case "⌊":
			return p.between("floor", "⌋")
		case "⌈":
			return p.between("ceil", "⌉")
		case "*":
			if p.begins() { // a sign that a group begins with
				return p.operand()
			}
		}
	}
	return nil, errFormula
}

// brackets reads a group, a tuple or an interval.
func (p *parser) brackets(open string) (*node, error) {
	bars := p.bars
	p.bars = 0
	defer func() { p.bars = bars }()
	n, err := p.list(oTuple)
	if err != nil {
		return nil, err
	}
	end := p.peek().text
	if !p.sign(")", "]") {
		return nil, errFormula
	}
	p.at++
	if n.op == oTuple && n.name == "" {
		n.name = open + end
	}
	return n, nil
}

// braces reads a group or a set, which may be said by what its elements fulfill.
func (p *parser) braces(end string) (*node, error) {
	bars := p.bars
	p.bars = 0
	defer func() { p.bars = bars }()
	if p.take(end) {
		return &node{op: oName, name: "∅"}, nil
	}
	condition := p.condition()
	if condition > 0 {
		p.at = condition
	}
	n, err := p.list(oSet)
	if err != nil || !p.take(end) {
		return nil, errFormula
	}
	if end == `\}` && n.op != oSet && condition == 0 {
		return &node{op: oSet, kids: []*node{n}}, nil
	}
	return n, nil
}

// condition returns where the condition of a set such as x | x > 3 or x \in R : x
// > 3 begins, 0 if what follows is none.
func (p *parser) condition() int {
	if p.peek().kind != kName {
		return 0
	}
	for i := p.at + 1; i < len(p.tokens) && i < p.at+5; i++ {
		if t := p.tokens[i]; t.kind == kSign && (t.text == "|" || t.text == ":") {
			return i + 1
		} else if t.text != "∈" && t.kind != kName {
			return 0
		}
	}
	return 0
}

func (p *parser) absolute() (*node, error) {
	p.bars++
	n, err := p.list(oList)
	p.bars--
	if err != nil || !p.take("|") {
		return nil, errFormula
	}
	return call("abs", n), nil
}

func (p *parser) between(name, end string) (*node, error) {
	n, err := p.list(oList)
	if err != nil || !p.take(end) {
		return nil, errFormula
	}
	return call(name, n), nil
}

func call(name string, kids ...*node) *node { return &node{op: oCall, name: name, kids: kids} }
