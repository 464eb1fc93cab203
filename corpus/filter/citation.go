package filter

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// uncite returns a line without its citation marks, which it notes as cuts, and
// whether there were any. at is where the line begins in the text.
func (c *c4) uncite(line []byte, at int) ([]byte, bool) {
	from, found := 0, false
	for i := bytes.IndexByte(line, '['); i >= 0; {
		next := i + 1
		if n := citation(line[i:]); n > 0 {
			if !found {
				c.line, found = c.line[:0], true
			}
			c.line = append(c.line, line[from:i]...)
			c.cuts = append(c.cuts, cut{"citations", at + i, n})
			from, next = i+n, i+n
		}
		n := bytes.IndexByte(line[next:], '[')
		if n < 0 {
			break
		}
		i = next + n
	}
	if !found {
		return line, false
	}
	c.line = append(c.line, line[from:]...)
	return c.line, true
}

// citation returns the length of the citation mark that the text begins with, or
// 0: [], [12], [edit] and [citation needed].
func citation(text []byte) int {
	for _, mark := range [][]byte{[]byte("[edit]"), []byte("[citation needed]")} {
		if bytes.HasPrefix(text, mark) {
			return len(mark)
		}
	}
	for i := 1; i < len(text); {
		if text[i] == ']' {
			return i + 1
		}
		r, size := utf8.DecodeRune(text[i:])
		if !unicode.IsDigit(r) {
			return 0
		}
		i += size
	}
	return 0
}
