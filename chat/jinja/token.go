package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEOF tokenKind = iota
	tokData
	tokOutput // {{
	tokTag    // {%
	tokEnd    // }} or %}
	tokName
	tokString
	tokInt
	tokFloat
	tokOp
)

// token is a piece of a template's source. Strings are unescaped.
type token struct {
	kind tokenKind
	s    string
	line int
}

var operators = []string{
	"//", "**", "==", "!=", ">=", "<=",
	"+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",",
}

func (l *lexer) expressionToken(rest string) error {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == '_' || unicode.IsLetter(r):
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(rest)
		}
		l.emit(tokName, rest[:n])
		l.skip(n)
		return nil
	case r >= '0' && r <= '9':
		l.number(rest)
		return nil
	case r == '"' || r == '\'':
		return l.quoted(rest)
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			l.emit(tokOp, op)
			l.skip(len(op))
			return nil
		}
	}
	return l.errorf("unexpected %q", r)
}

func (l *lexer) number(rest string) {
	digits := func(i int) int {
		for i < len(rest) && (rest[i] >= '0' && rest[i] <= '9' || rest[i] == '_') {
			i++
		}
		return i
	}
	n, kind := digits(0), tokInt
	if len(rest) > 2 && rest[0] == '0' && strings.IndexByte("xXoObB", rest[1]) >= 0 {
		for n = 2; n < len(rest) && strings.IndexByte("0123456789abcdefABCDEF_", rest[n]) >= 0; n++ {
		}
		l.emit(tokInt, rest[:n])
		l.skip(n)
		return
	}
	// After a dot, as in a.0.1, digits are no float.
	afterDot := len(l.tokens) > 0 && l.tokens[len(l.tokens)-1] == token{tokOp, ".", l.line}
	if !afterDot && n+1 < len(rest) && rest[n] == '.' && rest[n+1] >= '0' && rest[n+1] <= '9' {
		n, kind = digits(n+1), tokFloat
	}
	if !afterDot && n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		i := n + 1
		if i < len(rest) && (rest[i] == '+' || rest[i] == '-') {
			i++
		}
		if j := digits(i); j > i {
			n, kind = j, tokFloat
		}
	}
	l.emit(kind, rest[:n])
	l.skip(n)
}

func (l *lexer) quoted(rest string) error {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			l.emit(tokString, unescape(rest[1:i]))
			l.skip(i + 1)
			return nil
		}
	}
	return l.errorf("a string has no end")
}
