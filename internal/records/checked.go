package records

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// checked fails at what is not UTF-8, which encoding/json would replace.
type checked struct {
	io.Reader
	text   []byte // what was read last, with the beginning of a character before it
	line   int
	failed error
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.text = append(c.text, p[:n]...)
	whole := c.text
	if err == nil {
		whole = whole[:len(whole)-cut(whole)]
	}
	if !utf8.Valid(whole) {
		for line := range bytes.Lines(whole) {
			if !utf8.Valid(line) {
				break
			}
			c.line++
		}
		c.failed = notUTF8(c.line)
		return 0, c.failed
	}
	c.line += bytes.Count(whole, []byte("\n"))
	c.text = append(c.text[:0], c.text[len(whole):]...)
	return n, err
}

// cut returns how many bytes at the end of text begin a character that may go on.
func cut(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}
