package formula

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
