package tokenizer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// class is what the splitting patterns know of a character.
type class uint8

const (
	other  class = iota
	letter       // \p{L}
	number       // \p{N}
	space        // \s
	// multi marks the first byte of a longer character in asciiClass.
	multi
)

const (
	pageBits = 7
	pageSize = 1 << pageBits
)

// asciiClass is the class of a byte that is a character by itself.
var asciiClass [256]class

// classPage and classPages are the table of all code points in two steps. It
// is fixed to one version of Unicode on purpose: package unicode changes with
// the Go release, and the same text must give the same ids for ever.
var (
	classPage  [(utf8.MaxRune + 1) / pageSize]uint16
	classPages [][pageSize]class
)

func init() {
	// Pages 0 to 3 hold one class each; ranges that fill a page share them.
	classPages = make([][pageSize]class, space+1, 256)
	for c := range classPages {
		for i := range classPages[c] {
			classPages[c][i] = class(c)
		}
	}
	for _, r := range rangesLetter {
		setClass(r[0], r[1], letter)
	}
	for _, r := range rangesNumber {
		setClass(r[0], r[1], number)
	}
	for _, r := range rangesSpace {
		setClass(r[0], r[1], space)
	}
	for b := range asciiClass {
		asciiClass[b] = multi
		if b < utf8.RuneSelf {
			asciiClass[b] = classOf(rune(b))
		}
	}
}

func setClass(first, last rune, c class) {
	for r := first; r <= last; {
		page := r >> pageBits
		end := min(last, page<<pageBits+pageSize-1)
		if end-r+1 == pageSize {
			classPage[page] = uint16(c)
		} else {
			if classPage[page] <= uint16(space) {
				classPages = append(classPages, classPages[classPage[page]])
				classPage[page] = uint16(len(classPages) - 1)
			}
			for i := r; i <= end; i++ {
				classPages[classPage[page]][i&(pageSize-1)] = c
			}
		}
		r = end + 1
	}
}

// classOf returns the class of a valid code point.
func classOf(r rune) class {
	return classPages[classPage[r>>pageBits]][r&(pageSize-1)]
}

// classAt returns the class and the length of the character at text[i:]. A
// byte that begins no valid UTF-8 is a character of its own, neither letter
// nor number nor space. At the end of the text the length is 0.
func classAt(text []byte, i int) (c class, size int) {
	if i >= len(text) {
		return other, 0
	}
	if c = asciiClass[text[i]]; c != multi {
		return c, 1
	}
	r, size := utf8.DecodeRune(text[i:])
	return classOf(r), size
}

// skip returns the end of the characters of class c that begin at i.
func skip(text []byte, i int, c class) int {
	if c == letter {
		i = skipASCIILetters(text, i)
	}
	for i < len(text) {
		k := asciiClass[text[i]]
		if k == c {
			i++
			continue
		}
		if k != multi {
			return i
		}
		r, size := utf8.DecodeRune(text[i:])
		if classOf(r) != c {
			return i
		}
		i += size
	}
	return i
}

// skipASCIILetters returns the end of the ASCII letters that begin at i, or, near
// the end of the text, a place before it.
func skipASCIILetters(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		if n := bits.TrailingZeros64(notASCIILetters(binary.LittleEndian.Uint64(text[i:]))) / 8; n < 8 {
			return i + n
		}
	}
	return i
}

// notASCIILetters sets the high bit of every byte of eight that is no ASCII letter.
func notASCIILetters(x uint64) uint64 {
	const ones = 0x0101010101010101
	folded := x&(0x7f*ones) | 0x20*ones
	from := folded + (0x80-'a')*ones  // high bit: not below a
	above := folded + (0x7f-'z')*ones // high bit: above z
	return ^(from &^ above &^ x) & (0x80 * ones)
}
