package filter

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/words"
)

// chars counts the characters of UTF-8 text.
func chars(text []byte) int {
	const high = 0x8080808080808080
	n, i := 0, 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		n += bits.OnesCount64(x & high &^ (x << 1)) // bytes 10xxxxxx go on with a character
	}
	for ; i < len(text); i++ {
		if text[i]&0xc0 == 0x80 {
			n++
		}
	}
	return len(text) - n
}

// trimLeft is what of text begins with no space.
func trimLeft(text []byte) []byte {
	for len(text) > 0 {
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text)
		}
		if !words.IsSpace(r) {
			break
		}
		text = text[size:]
	}
	return text
}

// trimRight is what of text ends with no space.
func trimRight(text []byte) []byte {
	for len(text) > 0 {
		r, size := rune(text[len(text)-1]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeLastRune(text)
		}
		if !words.IsSpace(r) {
			break
		}
		text = text[:len(text)-size]
	}
	return text
}

func trim(text []byte) []byte { return trimRight(trimLeft(text)) }

// lines gives the lines of a text one after the other. They end with what ends
// them for Python's str.splitlines, which datatrove asks.
type lines struct {
	text  []byte
	only  bool // no line ends with anything but \n
	start int  // of the line
	end   int
	next  int
}

func linesOf(text []byte) lines {
	l := lines{text: text, only: true}
	for _, c := range "\r\v\f\x1c\x1d\x1e" {
		if bytes.IndexByte(text, byte(c)) >= 0 {
			l.only = false
			return l
		}
	}
	l.only = !bytes.Contains(text, []byte("\u0085")) && !bytes.Contains(text, []byte("\u2028")) &&
		!bytes.Contains(text, []byte("\u2029"))
	return l
}

// scan goes to the next line and reports whether there is one.
func (l *lines) scan() bool {
	if l.next >= len(l.text) {
		return false
	}
	l.start = l.next
	if l.only {
		n := bytes.IndexByte(l.text[l.next:], '\n')
		if n < 0 {
			l.end, l.next = len(l.text), len(l.text)
			return true
		}
		l.end, l.next = l.next+n, l.next+n+1
		return true
	}
	for i := l.next; i < len(l.text); {
		if n := newline(l.text[i:]); n > 0 {
			l.end, l.next = i, i+n
			return true
		}
		i++
	}
	l.end, l.next = len(l.text), len(l.text)
	return true
}

// newline returns the length of the end of a line that text begins with, or 0.
func newline(text []byte) int {
	switch c := text[0]; {
	case c == '\r' && len(text) > 1 && text[1] == '\n':
		return 2
	case '\n' <= c && c <= '\r' || 0x1c <= c && c <= 0x1e:
		return 1
	case c == 0xc2 && len(text) > 1 && text[1] == 0x85:
		return 2
	case c == 0xe2 && len(text) > 2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9):
		return 3
	}
	return 0
}
