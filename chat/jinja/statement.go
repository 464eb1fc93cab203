package jinja

// target reads what is assigned to; with attributes, name.attribute too.
func (p *parser) target(attributes bool) (target, error) {
	var t target
	parens := p.takeOp("(")
	for {
		name, err := p.wantName()
		if err != nil {
			return t, err
		}
		t.names = append(t.names, name)
		if attributes && len(t.names) == 1 && p.takeOp(".") {
			t.attr, err = p.wantName()
			return t, err
		}
		if !p.takeOp(",") {
			break
		}
		t.tuple = true
		if p.peek().kind != tokName || p.isName("in") {
			break
		}
	}
	if parens {
		return t, p.wantOp(")")
	}
	return t, nil
}

func (p *parser) setStatement(line int) (statement, error) {
	t, err := p.target(true)
	if err != nil {
		return nil, err
	}
	if p.takeOp("=") {
		e, err := p.tuple(true)
		if err != nil {
			return nil, err
		}
		return &setNode{line, t, e}, p.wantEnd()
	}
	var filters []filterCall
	if p.isOp("|") {
		if filters, err = p.filters(false); err != nil {
			return nil, err
		}
	}
	b, err := p.body("endset")
	return &setBlockNode{line, t, filters, b}, err
}

// params reads (a, b=1).
func (p *parser) params() ([]param, error) {
	if err := p.wantOp("("); err != nil {
		return nil, err
	}
	var ps []param
	for !p.takeOp(")") {
		if len(ps) > 0 {
			if err := p.wantOp(","); err != nil {
				return nil, err
			}
		}
		name, err := p.wantName()
		if err != nil {
			return nil, err
		}
		v := param{name: name}
		if p.takeOp("=") {
			if v.value, err = p.expression(); err != nil {
				return nil, err
			}
		}
		ps = append(ps, v)
	}
	return ps, nil
}

func (p *parser) macroStatement(line int) (statement, error) {
	name, err := p.wantName()
	if err != nil {
		return nil, err
	}
	params, err := p.params()
	if err != nil {
		return nil, err
	}
	b, err := p.apart("endmacro")
	return &macroNode{line, name, params, b}, err
}

// apart is body for a block that a loop around it cannot be left from.
func (p *parser) apart(end string) (block, error) {
	loops := p.loops
	p.loops = 0
	defer func() { p.loops = loops }()
	return p.body(end)
}

func (p *parser) callStatement(line int) (statement, error) {
	n := &callNode{line: line}
	var err error
	if p.isOp("(") {
		if n.params, err = p.params(); err != nil {
			return nil, err
		}
	}
	if n.call, err = p.expression(); err != nil {
		return nil, err
	}
	if _, ok := n.call.(*invokeNode); !ok {
		return nil, p.errorf("expected a call")
	}
	n.body, err = p.apart("endcall")
	return n, err
}

func (p *parser) withStatement(line int) (statement, error) {
	n := &withNode{line: line}
	for p.peek().kind != tokEnd {
		if len(n.names) > 0 {
			if err := p.wantOp(","); err != nil {
				return nil, err
			}
		}
		name, err := p.wantName()
		if err != nil {
			return nil, err
		}
		if err := p.wantOp("="); err != nil {
			return nil, err
		}
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		n.names, n.values = append(n.names, name), append(n.values, e)
	}
	var err error
	n.body, err = p.body("endwith")
	return n, err
}
