package jinja

import (
	"strconv"
	"strings"
)

// tuple reads an expression, or several with commas between: a tuple. With
// cond, A if B else C is allowed at the outermost level.
func (p *parser) tuple(cond bool) (expression, error) {
	read := p.expression
	if !cond {
		read = p.or
	}
	e, err := read()
	if err != nil || !p.isOp(",") {
		return e, err
	}
	n := &listNode{items: []expression{e}, tuple: true}
	for p.takeOp(",") {
		if p.peek().kind == tokEnd || p.isOp(")", "]", "}", "=") {
			break
		}
		if e, err = read(); err != nil {
			return nil, err
		}
		n.items = append(n.items, e)
	}
	return n, nil
}

// expression reads A if B else C, or less.
func (p *parser) expression() (expression, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	outer := p.links
	p.links = 0
	defer func() {
		p.leave()
		p.links = max(p.links, outer)
	}()
	e, err := p.or()
	for err == nil && p.takeName("if") {
		c := &condNode{then: e}
		if c.cond, err = p.or(); err != nil {
			return nil, err
		}
		if p.takeName("else") {
			if c.els, err = p.expression(); err != nil {
				return nil, err
			}
		}
		e, err = c, p.link()
	}
	return e, err
}

func (p *parser) isWord(words ...string) bool { return p.isName(words...) }

// chain reads operators of one precedence, which bind to the left.
func (p *parser) chain(next func() (expression, error), at func(...string) bool, ops ...string) (expression, error) {
	left, err := next()
	for err == nil && at(ops...) {
		op := p.take()
		var right expression
		if right, err = next(); err == nil {
			left, err = &binaryNode{op.line, op.s, left, right}, p.link()
		}
	}
	return left, err
}

func (p *parser) or() (expression, error) {
	return p.chain(p.and, p.isWord, "or")
}

func (p *parser) and() (expression, error) {
	return p.chain(p.not, p.isWord, "and")
}

func (p *parser) not() (expression, error) {
	line := p.peek().line
	if !p.takeName("not") {
		return p.compare()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	e, err := p.not()
	return &unaryNode{line, "not", e}, err
}

func (p *parser) compare() (expression, error) {
	first, err := p.sum()
	if err != nil {
		return nil, err
	}
	n := &compareNode{line: p.peek().line, first: first}
	for {
		var op string
		switch {
		case p.isOp("==", "!=", "<", "<=", ">", ">="), p.isName("in"):
			op = p.take().s
		case p.isName("not") && p.tokens[p.pos+1] == (token{tokName, "in", p.tokens[p.pos+1].line}):
			p.pos += 2
			op = "not in"
		case len(n.ops) == 0:
			return first, nil
		default:
			return n, nil
		}
		e, err := p.sum()
		if err == nil {
			err = p.link()
		}
		if err != nil {
			return nil, err
		}
		n.ops, n.rest = append(n.ops, op), append(n.rest, e)
	}
}

func (p *parser) sum() (expression, error) { return p.chain(p.concat, p.isOp, "+", "-") }

func (p *parser) concat() (expression, error) { return p.chain(p.product, p.isOp, "~") }

func (p *parser) product() (expression, error) {
	return p.chain(p.power, p.isOp, "*", "/", "//", "%")
}

func (p *parser) power() (expression, error) {
	return p.chain(func() (expression, error) { return p.unary(true) }, p.isOp, "**")
}

func (p *parser) unary(filters bool) (expression, error) {
	t := p.peek()
	var e expression
	var err error
	if p.takeOp("-", "+") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		e, err = p.unary(false)
		p.leave()
		e = &unaryNode{t.line, t.s, e}
	} else {
		e, err = p.primary()
	}
	if err != nil {
		return nil, err
	}
	if e, err = p.postfix(e); err != nil || !filters {
		return e, err
	}
	return p.filtered(e)
}

func (p *parser) primary() (expression, error) {
	t := p.take()
	switch t.kind {
	case tokName:
		switch t.s {
		case "true", "True":
			return &literalNode{true}, nil
		case "false", "False":
			return &literalNode{false}, nil
		case "none", "None":
			return &literalNode{none{}}, nil
		}
		return &nameNode{t.line, t.s}, nil
	case tokString:
		return &literalNode{plain(t.s + p.strings())}, nil
	case tokInt:
		i, err := strconv.ParseInt(strings.ReplaceAll(t.s, "_", ""), base(t.s), 64)
		if err != nil {
			return nil, &Error{Line: t.line, Text: "bad number " + strconv.Quote(t.s)}
		}
		return &literalNode{int(i)}, nil
	case tokFloat:
		f, err := strconv.ParseFloat(strings.ReplaceAll(t.s, "_", ""), 64)
		if err != nil {
			return nil, &Error{Line: t.line, Text: "bad number " + strconv.Quote(t.s)}
		}
		return &literalNode{f}, nil
	case tokOp:
		switch t.s {
		case "(":
			return p.parenthesis()
		case "[":
			items, err := p.items("]")
			return &listNode{items: items}, err
		case "{":
			return p.dict(t.line)
		}
	}
	if t.kind != tokEOF {
		p.pos--
	}
	return nil, p.errorf("expected a value, found %s", p.found())
}

// strings joins the strings that follow one another.
func (p *parser) strings() string {
	var b strings.Builder
	for p.peek().kind == tokString {
		b.WriteString(p.take().s)
	}
	return b.String()
}

// base is 10, or 0 where a prefix says which.
func base(s string) int {
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		return 0
	}
	return 10
}

func (p *parser) parenthesis() (expression, error) {
	if p.takeOp(")") {
		return &listNode{tuple: true}, nil
	}
	e, err := p.tuple(true)
	if err != nil {
		return nil, err
	}
	return e, p.wantOp(")")
}

// items reads expressions up to the closing operator.
func (p *parser) items(closing string) ([]expression, error) {
	var list []expression
	for !p.takeOp(closing) {
		if len(list) > 0 {
			if err := p.wantOp(","); err != nil {
				return nil, err
			}
			if p.takeOp(closing) {
				break
			}
		}
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func (p *parser) dict(line int) (expression, error) {
	n := &dictNode{line: line}
	for !p.takeOp("}") {
		if len(n.keys) > 0 {
			if err := p.wantOp(","); err != nil {
				return nil, err
			}
			if p.takeOp("}") {
				break
			}
		}
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.wantOp(":"); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		n.keys, n.values = append(n.keys, k), append(n.values, v)
	}
	return n, nil
}
