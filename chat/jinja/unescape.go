package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isPythonSpace is what Python's str.strip strips.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f) }

var simpleEscapes = map[byte]string{
	'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': `"`,
	'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\n': "",
}

// unescape resolves the escapes of a Python string; unknown ones stay as they
// are.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if simple, ok := simpleEscapes[s[i]]; ok {
			b.WriteString(simple)
			continue
		}
		if r, n := numericEscape(s[i:]); n > 0 {
			b.WriteRune(r)
			i += n - 1
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(s[i])
	}
	return b.String()
}

// numericEscape reads x41, u00e9, U0001f600 or up to three octal digits; n is
// the bytes read, 0 for none.
func numericEscape(s string) (r rune, n int) {
	base, from, digits := 16, 1, 0
	switch {
	case s[0] == 'x':
		digits = 2
	case s[0] == 'u':
		digits = 4
	case s[0] == 'U':
		digits = 8
	case s[0] >= '0' && s[0] <= '7':
		base, from = 8, 0
		for digits < 3 && digits < len(s) && s[digits] >= '0' && s[digits] <= '7' {
			digits++
		}
	default:
		return 0, 0
	}
	if from+digits > len(s) {
		return 0, 0
	}
	v, err := strconv.ParseUint(s[from:from+digits], base, 32)
	if err != nil || v > utf8.MaxRune {
		return 0, 0
	}
	return rune(v), from + digits
}
