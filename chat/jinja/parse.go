package jinja

import "fmt"

// MaxSource is the longest source of a template, in bytes.
const MaxSource = 1 << 20

// Limits of the nesting in a source, and of the links in an expression.
const (
	maxNesting = 100
	maxLinks   = 1000
)

// parser reads statements. The grammar is Jinja's of version 3.1.
type parser struct {
	tokens []token
	pos    int
	depth  int
	links  int // of the expression that is read
	loops  int
}

func parse(src string) (block, error) {
	if len(src) > MaxSource {
		return nil, fmt.Errorf("the template has %d bytes, more than the limit of %d", len(src), MaxSource)
	}
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	b, _, err := p.block()
	return b, err
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) errorf(format string, a ...any) error {
	return &Error{Line: p.peek().line, Text: fmt.Sprintf(format, a...)}
}

func (p *parser) isOp(ops ...string) bool   { return p.is(tokOp, ops) }
func (p *parser) isName(n ...string) bool   { return p.is(tokName, n) }
func (p *parser) takeOp(op ...string) bool  { return p.takeIf(p.isOp(op...)) }
func (p *parser) takeName(n ...string) bool { return p.takeIf(p.isName(n...)) }

func (p *parser) is(k tokenKind, names []string) bool {
	t := p.peek()
	if t.kind != k {
		return false
	}
	for _, n := range names {
		if t.s == n {
			return true
		}
	}
	return false
}

func (p *parser) takeIf(ok bool) bool {
	if ok {
		p.pos++
	}
	return ok
}

func (p *parser) wantOp(op string) error {
	if !p.takeOp(op) {
		return p.errorf("expected %q, found %s", op, p.found())
	}
	return nil
}

func (p *parser) wantEnd() error {
	if p.peek().kind != tokEnd {
		return p.errorf("expected the end of the tag, found %s", p.found())
	}
	p.pos++
	return nil
}

func (p *parser) wantName() (string, error) {
	t := p.peek()
	if t.kind != tokName {
		return "", p.errorf("expected a name, found %s", p.found())
	}
	p.pos++
	return t.s, nil
}

func (p *parser) found() string {
	switch t := p.peek(); t.kind {
	case tokEOF:
		return "the end of the template"
	case tokEnd:
		return "the end of the tag"
	default:
		return fmt.Sprintf("%q", t.s)
	}
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxNesting {
		return p.errorf("nested deeper than %d", maxNesting)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// link counts what holds the expression before it: an operator, a subscript, a
// call, a filter or a test. An expression within another, in parentheses or as
// an argument, has a count of its own, and the outer one goes on from the higher
// of the two: it bounds how deep evaluation nests.
func (p *parser) link() error {
	if p.links++; p.links > maxLinks {
		return p.errorf("an expression is too long")
	}
	return nil
}

// block reads statements up to one of the end tags, whose name it returns and
// takes; without end tags, up to the end of the template.
func (p *parser) block(ends ...string) (block, string, error) {
	if err := p.enter(); err != nil {
		return nil, "", err
	}
	defer p.leave()
	var b block
	for {
		p.links = 0
		switch t := p.take(); t.kind {
		case tokData:
			b = append(b, &dataNode{plain(t.s)})
		case tokOutput:
			e, err := p.tuple(true)
			if err != nil {
				return nil, "", err
			}
			if err := p.wantEnd(); err != nil {
				return nil, "", err
			}
			b = append(b, &outputNode{t.line, e})
		case tokTag:
			name, err := p.wantName()
			if err != nil {
				return nil, "", err
			}
			for _, end := range ends {
				if name == end {
					return b, name, nil
				}
			}
			s, err := p.statement(name, t.line)
			if err != nil {
				return nil, "", err
			}
			b = append(b, s)
		default:
			if len(ends) > 0 {
				return nil, "", p.errorf("the template ends before %s", ends[len(ends)-1])
			}
			return b, "", nil
		}
	}
}

// body reads a block and the end tag, which takes no arguments.
func (p *parser) body(end string) (block, error) {
	if err := p.wantEnd(); err != nil {
		return nil, err
	}
	b, _, err := p.block(end)
	if err != nil {
		return nil, err
	}
	if end == "endmacro" || end == "endcall" { // may repeat the name
		p.takeIf(p.peek().kind == tokName)
	}
	return b, p.wantEnd()
}

func (p *parser) statement(name string, line int) (statement, error) {
	switch name {
	case "if":
		return p.ifStatement(line)
	case "for":
		return p.forStatement(line)
	case "set":
		return p.setStatement(line)
	case "macro":
		return p.macroStatement(line)
	case "call":
		return p.callStatement(line)
	case "filter":
		filters, err := p.filters(true)
		if err != nil {
			return nil, err
		}
		b, err := p.body("endfilter")
		return &filterNode{line, filters, b}, err
	case "with":
		return p.withStatement(line)
	case "generation":
		b, err := p.body("endgeneration")
		return &generationNode{b}, err
	case "do":
		e, err := p.tuple(true)
		if err != nil {
			return nil, err
		}
		return &doNode{line, e}, p.wantEnd()
	case "break", "continue":
		if p.loops == 0 {
			return nil, p.errorf("%s outside a loop", name)
		}
		f := flowBreak
		if name == "continue" {
			f = flowContinue
		}
		return &flowNode{f}, p.wantEnd()
	}
	p.pos-- // the line of the tag's name
	return nil, p.errorf("the tag %q is unknown or not supported", name)
}

func (p *parser) ifStatement(line int) (statement, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	cond, err := p.tuple(true)
	if err != nil {
		return nil, err
	}
	if err := p.wantEnd(); err != nil {
		return nil, err
	}
	n := &ifNode{line: line, cond: cond}
	var end string
	if n.then, end, err = p.block("elif", "else", "endif"); err != nil {
		return nil, err
	}
	switch end {
	case "elif":
		next, err := p.ifStatement(p.peek().line)
		if err != nil {
			return nil, err
		}
		n.els = block{next}
		return n, nil
	case "else":
		n.els, err = p.body("endif")
		return n, err
	}
	return n, p.wantEnd()
}

func (p *parser) forStatement(line int) (statement, error) {
	n := &forNode{line: line}
	var err error
	if n.target, err = p.target(false); err != nil {
		return nil, err
	}
	if !p.takeName("in") {
		return nil, p.errorf("expected in, found %s", p.found())
	}
	if n.over, err = p.tuple(false); err != nil {
		return nil, err
	}
	if p.takeName("if") {
		if n.filter, err = p.expression(); err != nil {
			return nil, err
		}
	}
	if p.isName("recursive") {
		return nil, p.errorf("recursive loops are not supported")
	}
	if err := p.wantEnd(); err != nil {
		return nil, err
	}
	p.loops++
	body, end, err := p.block("else", "endfor")
	p.loops--
	if err != nil {
		return nil, err
	}
	n.body = body
	if end == "else" {
		n.els, err = p.body("endfor")
		return n, err
	}
	return n, p.wantEnd()
}
