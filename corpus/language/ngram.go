package language

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// Letters become symbols of 16 bits: their lower case, one symbol for all
// letters of scripts that the model does not know, and blank for everything
// else, which ends a word.
const (
	blank   = 1
	foreign = 2
	// firstAlone is the first symbol of the scripts in which a letter says much
	// and words are not set apart: Han and those of Japan and Korea.
	firstAlone = 0x3040
)

// scripts are those whose letters count by themselves.
var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
}

// symbols returns the symbol of every character of the basic plane.
var symbols = sync.OnceValue(func() *[1 << 16]uint16 {
	table := new([1 << 16]uint16)
	for i := range table {
		table[i] = blank
	}
	each(unicode.L, func(r rune) { table[r] = foreign })
	for _, script := range scripts {
		each(script, func(r rune) {
			if table[r] == foreign {
				table[r] = uint16(unicode.ToLower(r))
			}
		})
	}
	return table
})

// each calls f with every character of the basic plane that a table has.
func each(table *unicode.RangeTable, f func(r rune)) {
	for _, span := range table.R16 {
		for r := rune(span.Lo); r <= rune(span.Hi); r += rune(span.Stride) {
			f(r)
		}
	}
}

// The multipliers that spread n-grams of 1 to 5 symbols over the buckets.
const (
	spread1 = 0x9e3779b97f4a7c15
	spread2 = 0xbf58476d1ce4e5b9
	spread3 = 0x94d049bb133111eb
	spread4 = 0xd6e8feb86659fd93
)

// perLetter is the most n-grams that end at one character.
const perLetter = 4

// grams walks through a text and finds its n-grams.
type grams struct {
	text   []byte
	at     int
	window uint64 // the last four symbols of the word, the newest lowest
	shift  uint   // 64 less the bits of a bucket
	known  *[1 << 16]uint16
}

func newGrams(text []byte, bits int) grams {
	return grams{text: text, window: blank, shift: uint(64 - bits), known: symbols()}
}

// next appends buckets of n-grams to dst, which has room for at least perLetter
// more, until it is full or the text ends.
//
// In alphabets these are the n-grams of 2, 3 and 4 symbols that end at a letter
// or at the end of a word, and the letter alone unless it is ASCII; where a
// letter stands alone they are the letter and it with the one before.
func (g *grams) next(dst []uint32) []uint32 {
	window, shift, text, at := g.window, g.shift, g.text, g.at
	for at < len(text) && cap(dst)-len(dst) >= perLetter {
		c := text[at]
		at++
		s := uint64(blank)
		if c < utf8.RuneSelf {
			if c|0x20 >= 'a' && c|0x20 <= 'z' {
				s = uint64(c | 0x20)
			} else if window == blank {
				continue
			}
		} else {
			r, size := utf8.DecodeRune(text[at-1:])
			at += size - 1
			if r < 1<<16 {
				s = uint64(g.known[r])
			} else if unicode.Is(unicode.Han, r) {
				s = uint64(0x4e00 | r&0xff) // rare ones share symbols
			}
			if s != blank {
				dst = append(dst, uint32(s*spread1>>shift))
			} else if window == blank {
				continue
			}
		}
		window = window<<16 | s
		dst = append(dst, uint32(window&0xffffffff*spread2>>shift))
		if s >= firstAlone {
			continue
		}
		dst = append(dst, uint32(window&0xffffffffffff*spread3>>shift), uint32(window*spread4>>shift))
		if s == blank {
			window = blank
		}
	}
	g.window, g.at = window, at
	return dst
}

// done says whether the text is at its end.
func (g *grams) done() bool { return g.at >= len(g.text) }
