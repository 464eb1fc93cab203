package filter

import (
	"bytes"
	"encoding/binary"

	"github.com/polymath-lm/polymath/corpus/words"
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

// lookout finds the phrases of C4's rules in lines, whatever their case.
type lookout struct {
	text  []byte
	list  []words.Word
	known bool
	any   bool   // the text may have a phrase
	small []byte // then, the text in small letters
}

// begin takes the text whose lines will be asked about, and its words.
func (l *lookout) begin(text []byte, list []words.Word) {
	l.text, l.list, l.known, l.small = text, list, false, l.small[:0]
}

// in returns the phrases in a line of the text that begins at start; changed
// says that something was taken out of it.
func (l *lookout) in(line []byte, start int, changed bool) found {
	if !l.known {
		if l.any, l.known = hinted(l.text, l.list), true; l.any {
			l.small = lower(l.small, l.text)
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

// hinted reports whether the text may have one of the needles: a word long enough
// for one that is inside words, or one that begins as the last word of another.
func hinted(text []byte, list []words.Word) bool {
	const (
		java = uint32('j') | 'a'<<8 | 'v'<<16 | 'a'<<24
		ipsu = uint32('i') | 'p'<<8 | 's'<<16 | 'u'<<24
		poli = uint32('p') | 'o'<<8 | 'l'<<16 | 'i'<<24
		cook = uint32('c') | 'o'<<8 | 'o'<<16 | 'k'<<24
		use  = uint32('u') | 's'<<8 | 'e'<<16
		mask = 0x20202020
	)
	for i := range list {
		w := &list[i]
		x := uint32(mask)
		if int(w.Start)+4 <= len(text) {
			x |= binary.LittleEndian.Uint32(text[w.Start:])
		} else {
			x |= uint32(last(text[w.Start:]))
		}
		switch x {
		case java, ipsu, poli, cook:
			return true
		default:
			if x&0xffffff == use && i > 0 && bytes.EqualFold(list[i-1].Text(text), []byte("of")) {
				return true
			}
		}
		if w.End-w.Start > int32(len("javascript")) && hasJavaScript(w.Text(text)) {
			return true
		}
	}
	return false
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

// hasJavaScript reports whether a word has javascript inside.
func hasJavaScript(word []byte) bool {
	const name = "javascript"
	for i := 0; i+len(name) <= len(word); i++ {
		if word[i]|0x20 == 'j' && bytes.EqualFold(word[i:i+len(name)], []byte(name)) {
			return true
		}
	}
	return false
}
