package constrain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxGroups bounds how deep groups are nested, and repetitions of one another.
const maxGroups = 100

// gbnfParser reads llama.cpp's grammar notation.
type gbnfParser struct {
	text  string
	at    int
	depth int
	rules map[string]*expr
	order []string
}

func (p *gbnfParser) fail(format string, args ...any) error {
	line := 1 + strings.Count(p.text[:p.at], "\n")
	column := 1 + p.at - (strings.LastIndexByte(p.text[:p.at], '\n') + 1)
	return fmt.Errorf("line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

// peek is the next byte, or 0 at the end.
func (p *gbnfParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// space skips white space and comments, line breaks only if they are allowed.
func (p *gbnfParser) space(lines bool) {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '#':
			for p.at < len(p.text) && p.text[p.at] != '\n' && p.text[p.at] != '\r' {
				p.at++
			}
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
			p.at++
		default:
			return
		}
	}
}

func (p *gbnfParser) parse() error {
	if !utf8.ValidString(p.text) {
		return fmt.Errorf("the grammar is not valid UTF-8")
	}
	for p.space(true); p.at < len(p.text); p.space(true) {
		if err := p.rule(); err != nil {
			return err
		}
	}
	if _, ok := p.rules["root"]; !ok {
		return errNoRoot
	}
	return nil
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *gbnfParser) name() (string, error) {
	from := p.at
	for isNameByte(p.peek()) {
		p.at++
	}
	if from == p.at {
		return "", p.fail("a name is expected")
	}
	return p.text[from:p.at], nil
}

func (p *gbnfParser) rule() error {
	name, err := p.name()
	if err != nil {
		return err
	}
	p.space(false)
	if !strings.HasPrefix(p.text[p.at:], "::=") {
		return p.fail("::= is expected after %q", name)
	}
	if _, twice := p.rules[name]; twice {
		return p.fail("the rule %q is defined twice", name)
	}
	p.at += 3
	p.space(true)
	e, err := p.choice(false)
	if err != nil {
		return err
	}
	if p.at < len(p.text) && p.peek() != '\n' && p.peek() != '\r' {
		return p.fail("a line break is expected after the rule %q", name)
	}
	p.rules[name] = e
	p.order = append(p.order, name)
	if len(p.order) > maxRules {
		return p.fail("more than %d rules", maxRules)
	}
	return nil
}

// choice reads alternatives; in a group, line breaks are space.
func (p *gbnfParser) choice(group bool) (*expr, error) {
	out := &expr{op: opChoice}
	for {
		e, err := p.sequence(group)
		if err != nil {
			return nil, err
		}
		out.subs = append(out.subs, e)
		if p.peek() != '|' {
			return out, nil
		}
		p.at++
		p.space(true)
	}
}

func (p *gbnfParser) sequence(group bool) (*expr, error) {
	out := &expr{op: opSequence}
	for {
		e, err := p.element()
		if err != nil {
			return nil, err
		}
		if e == nil {
			return out, nil
		}
		p.space(group)
		for depth := 1; strings.IndexByte("*+?{", p.peek()) >= 0; depth++ {
			if depth > maxGroups {
				return nil, p.fail("more than %d repetitions of one another", maxGroups)
			}
			if e, err = p.repetition(e); err != nil {
				return nil, err
			}
			p.space(group)
		}
		out.subs = append(out.subs, e)
	}
}

// element reads one literal, class, name or group; nil if there is none.
func (p *gbnfParser) element() (*expr, error) {
	switch c := p.peek(); {
	case c == '"':
		return p.literal()
	case c == '[':
		return p.class()
	case c == '.':
		p.at++
		return &expr{op: opRunes, runes: []runeRange{{0, utf8.MaxRune}}}, nil
	case c == '(':
		return p.group()
	case c == '<' || c == '!':
		return nil, p.fail("tokens of the vocabulary are not supported; write their text")
	case isNameByte(c):
		name, err := p.name()
		return &expr{op: opRule, name: name}, err
	}
	return nil, nil
}

func (p *gbnfParser) group() (*expr, error) {
	if p.depth++; p.depth > maxGroups {
		return nil, p.fail("groups are nested deeper than %d", maxGroups)
	}
	defer func() { p.depth-- }()
	p.at++
	p.space(true)
	e, err := p.choice(true)
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		return nil, p.fail(") is expected")
	}
	p.at++
	return e, nil
}

func (p *gbnfParser) literal() (*expr, error) {
	out := &expr{op: opSequence}
	p.at++
	for p.peek() != '"' || p.at == len(p.text) {
		r, err := p.char()
		if err != nil {
			return nil, err
		}
		out.subs = append(out.subs, &expr{op: opRunes, runes: []runeRange{{r, r}}})
	}
	p.at++
	return out, nil
}

func (p *gbnfParser) class() (*expr, error) {
	p.at++
	negated := p.peek() == '^'
	if negated {
		p.at++
	}
	var runes []runeRange
	for p.peek() != ']' || p.at == len(p.text) {
		lo, err := p.char()
		if err != nil {
			return nil, err
		}
		hi := lo
		if p.peek() == '-' && p.at+1 < len(p.text) && p.text[p.at+1] != ']' {
			p.at++
			if hi, err = p.char(); err != nil {
				return nil, err
			}
		}
		if hi < lo {
			return nil, p.fail("the range ends before it begins")
		}
		runes = append(runes, runeRange{lo, hi})
	}
	p.at++
	if negated {
		runes = complement(runes)
	}
	return &expr{op: opRunes, runes: runes}, nil
}

// char reads one character of a literal or class, or its escape.
func (p *gbnfParser) char() (rune, error) {
	if p.at >= len(p.text) {
		return 0, p.fail("the grammar ends inside a literal or class")
	}
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += size
	if r != '\\' {
		return r, nil
	}
	c := p.peek()
	p.at++
	switch c {
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	case 'U':
		return p.hex(8)
	case 't':
		return '\t', nil
	case 'r':
		return '\r', nil
	case 'n':
		return '\n', nil
	case '\\', '"', '[', ']', '-', '^':
		return rune(c), nil
	}
	p.at -= 2
	return 0, p.fail("unknown escape")
}

func (p *gbnfParser) hex(digits int) (rune, error) {
	if p.at+digits > len(p.text) {
		return 0, p.fail("%d hexadecimal digits are expected", digits)
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(n)) || n > utf8.MaxRune {
		return 0, p.fail("%d hexadecimal digits of a character are expected", digits)
	}
	p.at += digits
	return rune(n), nil
}

// repetition reads what follows e: *, +, ? or {m,n}.
func (p *gbnfParser) repetition(e *expr) (*expr, error) {
	out := &expr{op: opRepeat, subs: []*expr{e}, most: -1}
	c := p.peek()
	p.at++
	switch c {
	case '+':
		out.least = 1
	case '?':
		out.most = 1
	case '{':
		p.space(false)
		if err := p.counts(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *gbnfParser) counts(out *expr) (err error) {
	if out.least, err = p.number(); err != nil {
		return err
	}
	out.most = out.least
	p.space(false)
	if p.peek() == ',' {
		p.at++
		out.most = -1
		p.space(false)
		if p.peek() != '}' {
			if out.most, err = p.number(); err != nil {
				return err
			}
			p.space(false)
		}
	}
	if p.peek() != '}' {
		return p.fail("} is expected")
	}
	if out.most >= 0 && out.most < out.least {
		return p.fail("the repetition ends before it begins")
	}
	p.at++
	return nil
}

func (p *gbnfParser) number() (int, error) {
	from := p.at
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	n, err := strconv.Atoi(p.text[from:p.at])
	if err != nil || n > maxRepeat {
		return 0, p.fail("a number up to %d is expected", maxRepeat)
	}
	return n, nil
}

// complement is all characters that are in none of the ranges.
func complement(runes []runeRange) []runeRange {
	runes = sortedRanges(runes)
	var out []runeRange
	next := rune(0)
	for _, r := range runes {
		if r.lo > next {
			out = append(out, runeRange{next, r.lo - 1})
		}
		next = max(next, r.hi+1)
	}
	if next <= utf8.MaxRune {
		out = append(out, runeRange{next, utf8.MaxRune})
	}
	return out
}
