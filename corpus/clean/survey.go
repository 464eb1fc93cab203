package clean

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// finding is what a survey found that the text should not have, or may not.
type finding uint8

const (
	hasInvalid  finding = 1 << iota
	hasControl          // control characters, private use, line ends that are no line feed
	hasHidden           // characters without width
	hasTrailing         // space before a line feed or at the end
	hasBlank            // two blank lines or more, or one at the start or the end
	hasMarks            // characters that composition may change
	hasMojibake         // pairs of characters as they come from bytes of UTF-8
)

// survey looks through a text once. It may find too much, never too little.
func survey(text []byte) finding {
	var f finding
	special := specials()
	lead := false // the character before may be the first byte of mojibake
	for i := 0; i < len(text); {
		// Eight bytes from blank to tilde at once, which is most of most texts.
		for i+8 <= len(text) && text[i] < utf8.RuneSelf {
			odd := oddBytes(binary.LittleEndian.Uint64(text[i:]))
			n := 8
			if odd != 0 {
				n = bits.TrailingZeros64(odd) / 8
			}
			i += n
			lead = lead && n == 0
			if odd != 0 {
				break
			}
		}
		if i >= len(text) {
			break
		}
		c := text[i]
		if c < utf8.RuneSelf {
			lead = false
			switch {
			case c == '\n':
				f |= lineEnd(text, i)
			case c < ' ' && c != '\t' || c == 0x7F:
				f |= hasControl
			}
			i++
			continue
		}
		r, n := decode(text[i:])
		if r == utf8.RuneError && n == 1 {
			f |= hasInvalid
			i++
			lead = false
			continue
		}
		if special.has(r) {
			f |= judge(r)
		}
		if lead && isTail(r) {
			f |= hasMojibake
		}
		lead = isLead(r)
		i += n
	}
	return f | edges(text)
}

// decode is utf8.DecodeRune, with a short way for characters of two bytes and
// most of three.
func decode(s []byte) (rune, int) {
	if len(s) >= 3 {
		a, b, c := s[0], s[1], s[2]
		switch {
		case b&0xC0 != 0x80:
		case 0xC2 <= a && a < 0xE0:
			return rune(a&0x1F)<<6 | rune(b&0x3F), 2
		case 0xE0 < a && a < 0xED && c&0xC0 == 0x80:
			return rune(a&0x0F)<<12 | rune(b&0x3F)<<6 | rune(c&0x3F), 3
		}
	}
	return utf8.DecodeRune(s)
}

// oddBytes returns a word with the high bit of each byte set that is below
// blank, above tilde or, at times, after such a byte.
func oddBytes(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	low := (x - ones*0x20) &^ x // below blank
	del := x + ones             // above tilde
	return (low | del | x) & highs
}

// lineEnd looks at what stands around the line feed at i.
func lineEnd(text []byte, i int) finding {
	var f finding
	if i > 0 && isBlank(text[:i]) {
		f |= hasTrailing
	}
	if i >= 2 && text[i-1] == '\n' && text[i-2] == '\n' {
		f |= hasBlank
	}
	return f
}

// edges looks at the start and the end of a text.
func edges(text []byte) finding {
	if len(text) == 0 {
		return 0
	}
	var f finding
	if text[0] == '\n' || len(text) > 1 && text[len(text)-1] == '\n' && text[len(text)-2] == '\n' {
		f |= hasBlank
	}
	if isBlank(text) {
		f |= hasTrailing
	}
	return f
}

// isBlank tells whether a text ends with space that is not a line feed.
func isBlank(text []byte) bool {
	if c := text[len(text)-1]; c < utf8.RuneSelf {
		return c == ' ' || c == '\t'
	}
	r, _ := utf8.DecodeLastRune(text)
	return isSpace(r)
}

// isSpace tells whether r is a space beyond ASCII, other than a line end.
func isSpace(r rune) bool {
	switch r {
	case 0xA0, 0x1680, 0x202F, 0x205F, 0x3000:
		return true
	}
	return 0x2000 <= r && r <= 0x200A
}

// judge says what a special character is.
func judge(r rune) finding {
	switch {
	case isRemoved(r) || isNewline(r):
		return hasControl
	case isHidden(r):
		return hasHidden
	}
	return hasMarks
}

// isRemoved tells whether r has no meaning in a text: it is a control character,
// for private use, or none at all.
func isRemoved(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n'
	case r < 0x7F:
		return false
	case r < 0xA0:
		return true
	case 0xE000 <= r && r <= 0xF8FF, r >= 0xF0000, r&0xFFFE == 0xFFFE, 0xFDD0 <= r && r <= 0xFDEF:
		return true
	}
	return r == 0xFEFF || r == 0xFFFC || 0xFFF9 <= r && r <= 0xFFFB // objects and notes between lines
}

// isNewline tells whether r ends a line and is no line feed.
func isNewline(r rune) bool {
	return r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isHidden tells whether r takes no width. Joiners have a meaning in some
// scripts.
func isHidden(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x180E:
		return true
	}
	return 0x200B <= r && r <= 0x200F || 0x202A <= r && r <= 0x202E || 0x2060 <= r && r <= 0x206F
}

// set is the characters below its end that need a closer look; those above do
// as far as has says.
type set [firstUnlisted / 64]uint64

const firstUnlisted = 0x3400

func (s *set) has(r rune) bool {
	switch {
	case r < firstUnlisted:
		return s[r/64]>>(r%64)&1 != 0
	case r < 0xA000: // Han
		return false
	case 0xAC00 <= r && r <= 0xD7A3: // Hangul
		return false
	case 0xFF01 <= r && r <= 0xFFEF: // wide and narrow forms
		return false
	case 0x1F300 <= r && r <= 0x1FAFF: // pictures
		return false
	}
	return true
}

// specials returns the characters that are removed or that composition may
// change, by themselves or with what stands before them.
var specials = sync.OnceValue(func() *set {
	s := new(set)
	for r := rune(0); r < firstUnlisted; r++ {
		p := norm.NFC.PropertiesString(string(r))
		composed := p.CCC() == 0 && p.BoundaryBefore() && norm.NFC.IsNormalString(string(r))
		if !composed || isRemoved(r) || isNewline(r) || isHidden(r) {
			s[r/64] |= 1 << (r % 64)
		}
	}
	return s
})
