package filter

import (
	"bytes"
	"encoding/binary"
)

// found says which phrases a text has.
type found uint8

const (
	loremIpsum found = 1 << iota
	javaScript
	policy
)

// needles are the phrases of C4's rules, in small letters.
var needles = []struct {
	text []byte
	is   found
}{
	{[]byte("lorem ipsum"), loremIpsum},
	{[]byte("javascript"), javaScript},
	{[]byte("terms of use"), policy},
	{[]byte("privacy policy"), policy},
	{[]byte("cookie policy"), policy},
	{[]byte("uses cookies"), policy},
	{[]byte("use of cookies"), policy},
	{[]byte("use cookies"), policy},
}

// hints are in every text that has one of the needles.
var hints = [][]byte{
	[]byte("lorem ipsum"), []byte("javascript"), []byte("terms of use"), []byte("y policy"), []byte("e policy"), []byte(" cookies"),
}

// lookout finds the phrases of C4's rules in lines, whatever their case.
type lookout struct {
	text  []byte
	known bool
	any   bool // the text has a hint
	small []byte
}

// begin takes the text whose lines will be asked about.
func (l *lookout) begin(text []byte) { l.text, l.known = text, false }

// in returns the phrases in a line of the text that begins at start; changed
// says that something was taken out of it.
func (l *lookout) in(line []byte, start int, changed bool) found {
	if !l.known {
		l.small = lower(l.small[:0], l.text)
		l.any, l.known = false, true
		for _, h := range hints {
			l.any = l.any || bytes.Contains(l.small, h)
		}
	}
	if changed {
		n := len(l.small)
		l.small = lower(l.small, line)
		line = l.small[n:]
		l.small = l.small[:n]
	} else {
		if !l.any {
			return 0
		}
		line = l.small[start : start+len(line)]
	}
	var f found
	for _, n := range needles {
		if bytes.Contains(line, n.text) {
			f |= n.is
		}
	}
	return f
}

// lower appends text in small ASCII letters.
func lower(dst, text []byte) []byte {
	const ones = 0x0101010101010101
	at := len(dst)
	dst = append(dst, text...)
	b := dst[at:]
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		low := x & (0x7f * ones)
		from := low + (0x80-'A')*ones  // high bit: not below A
		above := low + (0x7f-'Z')*ones // high bit: above Z
		binary.LittleEndian.PutUint64(b, x|(from&^above&^x&(0x80*ones))>>2)
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return dst
}
