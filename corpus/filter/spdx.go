package filter

import (
	"errors"
	"fmt"
	"strings"
)

// expression is a license expression of SPDX (annex D of the specification 2.3):
// one license, or two expressions with AND or OR between them.
type expression struct {
	op          string // "" for one license
	left, right *expression
	id          string // in small letters, with " with " before an exception
}

// allowed reports whether the terms of a set of licenses are enough: of an OR one
// side, of an AND both. An exception, or "or any later version", gives more
// permissions, so that the license without it is enough.
func (e *expression) allowed(set map[string]bool) bool {
	switch e.op {
	case "or":
		return e.left.allowed(set) || e.right.allowed(set)
	case "and":
		return e.left.allowed(set) && e.right.allowed(set)
	}
	if set[e.id] {
		return true
	}
	bare, _, _ := strings.Cut(e.id, " with ")
	return set[bare] || set[strings.TrimSuffix(bare, "+")] || set[strings.TrimSuffix(bare, "-or-later")+"-only"]
}

// The limits of an expression.
const (
	maxExpression = 4096
	maxDepth      = 32
)

// parseSPDX reads an expression.
func parseSPDX(text string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("a license of %d bytes is no expression", len(text))
	}
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	p := spdx{words: strings.Fields(strings.ToLower(text))}
	e, err := p.either(0)
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is not expected in a license expression", p.words[0])
	}
	return e, err
}

// spdx reads an expression from its words.
type spdx struct{ words []string }

// accept takes the next word if it is that one.
func (p *spdx) accept(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *spdx) either(depth int) (*expression, error) {
	return p.joined("or", depth, func() (*expression, error) {
		return p.joined("and", depth, func() (*expression, error) { return p.one(depth) })
	})
}

// joined reads expressions with one operator between them.
func (p *spdx) joined(op string, depth int, part func() (*expression, error)) (*expression, error) {
	if depth > maxDepth {
		return nil, errors.New("a license expression has too many parentheses")
	}
	e, err := part()
	for err == nil && p.accept(op) {
		next := &expression{op: op, left: e}
		next.right, err = part()
		e = next
	}
	return e, err
}

func (p *spdx) one(depth int) (*expression, error) {
	if p.accept("(") {
		e, err := p.either(depth + 1)
		if err == nil && !p.accept(")") {
			err = errors.New("a license expression lacks a closing parenthesis")
		}
		return e, err
	}
	id, err := p.name()
	if err == nil && p.accept("with") {
		var exception string
		exception, err = p.name()
		id += " with " + exception
	}
	return &expression{id: id}, err
}

// name reads an identifier.
func (p *spdx) name() (string, error) {
	if len(p.words) == 0 {
		return "", errors.New("a license expression ends too early")
	}
	w := p.words[0]
	switch w {
	case "and", "or", "with", "(", ")":
		return "", fmt.Errorf("%q stands where a license was expected", w)
	}
	if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789.-+:") != "" {
		return "", fmt.Errorf("%q is no license identifier", w)
	}
	p.words = p.words[1:]
	return w, nil
}
