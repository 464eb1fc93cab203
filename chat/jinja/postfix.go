package jinja

import "strconv"

// postfix reads .name, [index], [from:to] and (arguments) after e.
func (p *parser) postfix(e expression) (expression, error) {
	for {
		line := p.peek().line
		var err error
		switch {
		case p.takeOp("."):
			e, err = p.attribute(e, line)
		case p.takeOp("["):
			e, err = p.subscript(e, line)
		case p.isOp("("):
			e, err = p.call(e, line)
		default:
			return e, nil
		}
		if err == nil {
			err = p.link()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) call(fn expression, line int) (expression, error) {
	args, err := p.arguments()
	return &invokeNode{line, fn, args}, err
}

func (p *parser) attribute(e expression, line int) (expression, error) {
	switch t := p.take(); t.kind {
	case tokName:
		return &attrNode{line, e, t.s}, nil
	case tokInt:
		if i, err := strconv.Atoi(t.s); err == nil {
			return &itemNode{line, e, &literalNode{i}}, nil
		}
	}
	p.pos--
	return nil, p.errorf("expected a name after the dot")
}

func (p *parser) subscript(e expression, line int) (expression, error) {
	var parts [3]expression
	colons := 0
	for !p.takeOp("]") {
		if p.takeOp(":") {
			if colons++; colons > 2 {
				return nil, p.errorf("a slice has too many colons")
			}
			continue
		}
		if parts[colons] != nil {
			return nil, p.errorf("expected ], found %s", p.found())
		}
		var err error
		if parts[colons], err = p.expression(); err != nil {
			return nil, err
		}
	}
	if colons > 0 {
		return &sliceNode{line, e, parts[0], parts[1], parts[2]}, nil
	}
	if parts[0] == nil {
		return nil, p.errorf("[] has no index")
	}
	return &itemNode{line, e, parts[0]}, nil
}

func (p *parser) arguments() (arguments, error) {
	var a arguments
	if err := p.wantOp("("); err != nil {
		return a, err
	}
	for n := 0; !p.takeOp(")"); n++ {
		if n > 0 {
			if err := p.wantOp(","); err != nil {
				return a, err
			}
			if p.takeOp(")") {
				break
			}
		}
		if p.isOp("*", "**") {
			return a, p.errorf("%s in a call is not supported", p.peek().s)
		}
		name := ""
		if next := p.tokens[min(p.pos+1, len(p.tokens)-1)]; p.peek().kind == tokName && next.kind == tokOp && next.s == "=" {
			name = p.take().s
			p.pos++
		}
		e, err := p.expression()
		if err != nil {
			return a, err
		}
		if name != "" {
			a.names, a.named = append(a.names, name), append(a.named, e)
		} else {
			a.positional = append(a.positional, e)
		}
	}
	return a, nil
}

// filtered reads filters and tests after e.
func (p *parser) filtered(e expression) (expression, error) {
	for {
		line := p.peek().line
		var err error
		switch {
		case p.takeOp("|"):
			e, err = p.filter(e)
		case p.takeName("is"):
			e, err = p.test(e, line)
		case p.isOp("("):
			e, err = p.call(e, line)
		default:
			return e, nil
		}
		if err == nil {
			err = p.link()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) filter(e expression) (expression, error) {
	f, err := p.filterCall()
	return &filteredNode{e, f}, err
}

// filterCall reads name(arguments).
func (p *parser) filterCall() (filterCall, error) {
	line := p.peek().line
	name, err := p.wantName()
	if err != nil {
		return filterCall{}, err
	}
	f := filterCall{line: line, name: name, fn: filterTable[name]}
	if f.fn == nil {
		return f, &Error{Line: line, Text: "the filter " + strconv.Quote(name) + " is unknown or not supported"}
	}
	if p.isOp("(") {
		f.args, err = p.arguments()
	}
	return f, err
}

// filters reads |name(arguments)|…; the first bar is missing in a filter tag.
func (p *parser) filters(bare bool) ([]filterCall, error) {
	var calls []filterCall
	for bare || p.takeOp("|") {
		bare = false
		f, err := p.filterCall()
		if err != nil {
			return nil, err
		}
		calls = append(calls, f)
	}
	return calls, nil
}

func (p *parser) test(e expression, line int) (expression, error) {
	n := &testNode{line: line, of: e, not: p.takeName("not")}
	var err error
	if n.name, err = p.wantName(); err != nil {
		return nil, err
	}
	if n.test = testTable[n.name]; n.test == nil {
		return nil, &Error{Line: line, Text: "the test " + strconv.Quote(n.name) + " is unknown or not supported"}
	}
	switch t := p.peek(); {
	case p.isOp("("):
		args, err := p.arguments()
		if err == nil && len(args.names) > 0 {
			err = p.errorf("a test takes no named arguments")
		}
		n.args = args.positional
		return n, err
	case t.kind == tokName && !p.isName("else", "or", "and", "if", "is", "in", "not"),
		t.kind == tokString, t.kind == tokInt, t.kind == tokFloat, p.isOp("[", "{"):
		arg, err := p.primary()
		if err == nil {
			arg, err = p.postfix(arg)
		}
		n.args = []expression{arg}
		return n, err
	}
	return n, nil
}
