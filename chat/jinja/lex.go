package jinja

import (
	"fmt"
	"strings"
)

// lexer splits a template as Jinja does with trim_blocks and lstrip_blocks
// on: the newline after a tag is dropped, and so are the blanks before a tag
// that begins its line.
type lexer struct {
	src    string
	pos    int
	line   int
	tokens []token

	lineStart bool // what was read last ended a line
}

func lex(src string) ([]token, error) {
	src = strings.ReplaceAll(src, "\r\n", "\n")
	src = strings.ReplaceAll(src, "\r", "\n")
	src = strings.TrimSuffix(src, "\n")
	l := &lexer{src: src, line: 1, lineStart: true}
	for l.pos < len(l.src) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	l.emit(tokEOF, "")
	return l.tokens, nil
}

func (l *lexer) emit(k tokenKind, s string) {
	l.tokens = append(l.tokens, token{k, s, l.line})
}

// skip moves on by n bytes.
func (l *lexer) skip(n int) {
	l.line += strings.Count(l.src[l.pos:l.pos+n], "\n")
	l.pos += n
}

func (l *lexer) errorf(format string, a ...any) error {
	return &Error{Line: l.line, Text: fmt.Sprintf(format, a...)}
}

// tagAt returns the offset of the next {{, {% or {# from i on, or the end.
func (l *lexer) tagAt(i int) int {
	for ; i+1 < len(l.src); i++ {
		if l.src[i] == '{' && strings.IndexByte("{%#", l.src[i+1]) >= 0 {
			return i
		}
	}
	return len(l.src)
}

// next reads text and the tag after it.
func (l *lexer) next() error {
	at := l.tagAt(l.pos)
	if at == len(l.src) {
		l.emitData(l.src[l.pos:])
		l.skip(len(l.src) - l.pos)
		return nil
	}
	l.data(at)
	switch l.src[at+1] {
	case '#':
		return l.comment()
	case '%':
		if n, all := l.rawTag(l.src[at:], "raw"); n > 0 {
			return l.raw(n, all)
		}
		return l.tag(tokTag, "%}")
	}
	return l.tag(tokOutput, "}}")
}

func (l *lexer) emitData(s string) {
	if s != "" {
		l.emit(tokData, s)
	}
}

// data emits the text before the tag at offset at, less the blanks that the tag
// takes away, and moves to the tag.
func (l *lexer) data(at int) {
	s := l.src[l.pos:at]
	sign := byte(0)
	if at+2 < len(l.src) {
		sign = l.src[at+2]
	}
	switch {
	case sign == '-':
		s = strings.TrimRightFunc(s, isPythonSpace)
	case sign != '+' && l.src[at+1] != '{':
		begin := strings.LastIndexByte(s, '\n') + 1
		if (begin > 0 || l.lineStart) && strings.Trim(s[begin:], " \t\v\f") == "" {
			s = s[:begin]
		}
	}
	l.emitData(s)
	l.skip(at - l.pos)
}

// after drops what follows a tag: all white space, or a newline.
func (l *lexer) after(all, newline bool) {
	n := 0
	if rest := l.src[l.pos:]; all {
		n = len(rest) - len(strings.TrimLeftFunc(rest, isPythonSpace))
	} else if newline && strings.HasPrefix(rest, "\n") {
		n = 1
	}
	l.lineStart = n > 0 && l.src[l.pos+n-1] == '\n'
	l.skip(n)
}

func (l *lexer) comment() error {
	end := strings.Index(l.src[l.pos+2:], "#}")
	if end < 0 {
		return l.errorf("a comment has no end")
	}
	sign := byte(0)
	if end > 0 {
		sign = l.src[l.pos+2+end-1]
	}
	l.skip(end + 4)
	l.after(sign == '-', sign != '+')
	return nil
}

// rawTag returns the length of the tag {% name %} at the beginning of s, or 0,
// and whether it takes all white space after it.
func (l *lexer) rawTag(s, name string) (n int, all bool) {
	rest := s[2:]
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "-"), "+")
	rest = strings.TrimLeftFunc(rest, isPythonSpace)
	rest, ok := strings.CutPrefix(rest, name)
	if !ok {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest, isPythonSpace)
	if after, ok := strings.CutPrefix(rest, "-%}"); ok {
		return len(s) - len(after), true
	}
	if after, ok := strings.CutPrefix(rest, "%}"); ok {
		return len(s) - len(after), false
	}
	return 0, false
}

func (l *lexer) raw(n int, all bool) error {
	l.skip(n)
	l.after(all, false)
	for at := l.pos; ; at++ {
		i := strings.Index(l.src[at:], "{%")
		if i < 0 {
			return l.errorf("raw has no endraw")
		}
		at += i
		if n, all := l.rawTag(l.src[at:], "endraw"); n > 0 {
			l.data(at)
			l.skip(n)
			l.after(all, true)
			return nil
		}
	}
}

// tag reads the expressions of {{ }} or {% %}.
func (l *lexer) tag(kind tokenKind, end string) error {
	begin := l.line
	l.emit(kind, "")
	l.skip(2)
	if l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
		l.skip(1)
	}
	for depth := 0; ; {
		rest := l.src[l.pos:]
		l.skip(len(rest) - len(strings.TrimLeftFunc(rest, isPythonSpace)))
		rest = l.src[l.pos:]
		if rest == "" {
			l.line = begin
			return l.errorf("a tag has no %s", end)
		}
		if depth == 0 && l.tagEnd(rest, end) {
			return nil
		}
		switch rest[0] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth < 0 {
				return l.errorf("unexpected %q", rest[:1])
			}
		}
		if err := l.expressionToken(rest); err != nil {
			return err
		}
	}
}

func (l *lexer) tagEnd(rest, end string) bool {
	sign := byte(0)
	if rest[0] == '-' || (rest[0] == '+' && end == "%}") {
		sign, rest = rest[0], rest[1:]
	}
	if !strings.HasPrefix(rest, end) {
		return false
	}
	l.emit(tokEnd, end)
	if sign != 0 {
		l.skip(1)
	}
	l.skip(2)
	l.after(sign == '-', end == "%}" && sign != '+')
	return true
}
