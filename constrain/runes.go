package constrain

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// runeRange holds the code points lo to hi.
type runeRange struct {
	lo, hi rune
}

// runes leads from one state to another over the UTF-8 of one code point in
// [lo, hi]. Surrogates are no code points of text and are left out.
func (n *nfa) runes(from int32, lo, hi rune, to int32) {
	lo, hi = max(lo, 0), min(hi, utf8.MaxRune)
	const first, last = 0xd800, 0xdfff
	if lo < first && hi > last {
		n.runes(from, lo, first-1, to)
		n.runes(from, last+1, hi, to)
		return
	}
	if lo >= first && lo <= last {
		lo = last + 1
	}
	if hi >= first && hi <= last {
		hi = first - 1
	}
	for lo <= hi { // one length of encoding at a time
		end := hi
		for _, limit := range []rune{0x7f, 0x7ff, 0xffff} {
			if lo <= limit {
				end = min(end, limit)
				break
			}
		}
		var a, b [utf8.UTFMax]byte
		size := utf8.EncodeRune(a[:], lo)
		utf8.EncodeRune(b[:], end)
		n.byteRange(from, a[:size], b[:size], to)
		lo = end + 1
	}
}

// byteRange leads over the byte strings from a to b, of one length, whose bytes
// after the first range over 0x80 to 0xbf.
func (n *nfa) byteRange(from int32, a, b []byte, to int32) {
	if len(a) == 1 {
		n.edge(from, a[0], b[0], to)
		return
	}
	if a[0] == b[0] {
		next := n.state()
		n.edge(from, a[0], a[0], next)
		n.byteRange(next, a[1:], b[1:], to)
		return
	}
	lowest, highest := []byte{0x80, 0x80, 0x80}[:len(a)-1], []byte{0xbf, 0xbf, 0xbf}[:len(a)-1]
	lo, hi := a[0], b[0]
	if string(a[1:]) != string(lowest) {
		next := n.state()
		n.edge(from, lo, lo, next)
		n.byteRange(next, a[1:], highest, to)
		lo++
	}
	if string(b[1:]) != string(highest) {
		next := n.state()
		n.edge(from, hi, hi, next)
		n.byteRange(next, lowest, b[1:], to)
		hi--
	}
	if lo <= hi {
		next := n.state()
		n.edge(from, lo, hi, next)
		n.byteRange(next, lowest, highest, to)
	}
}

// escaped is how a code point that JSON strings must not hold as it is is
// written in them; "" means that it needs no escape.
func escaped(r rune) string {
	if r > '\\' {
		return ""
	}
	return escapes[r]
}

// escapes are the escaped code points up to the backslash.
var escapes = func() (out [utf8.RuneSelf]string) {
	for r := range ' ' {
		out[r] = fmt.Sprintf(`\u%04x`, r)
	}
	for r, text := range map[rune]string{
		'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
	} {
		out[r] = text
	}
	return out
}()

// jsonRunes is runes for a code point inside a JSON string, written in the one
// way that escaped knows.
func (n *nfa) jsonRunes(from int32, lo, hi rune, to int32) {
	// Escapes share their beginnings, so that there are few states.
	made := map[string]int32{"": from}
	for r := lo; r <= min(hi, '\\'); r++ {
		text := escaped(r)
		if text == "" {
			continue
		}
		at := from
		for i := 1; i < len(text); i++ {
			next, ok := made[text[:i]]
			if !ok {
				next = n.state()
				made[text[:i]] = next
				n.edge(at, text[i-1], text[i-1], next)
			}
			at = next
		}
		last := text[len(text)-1]
		n.edge(at, last, last, to)
	}
	for _, plain := range []runeRange{{' ', '!'}, {'#', '['}, {']', utf8.MaxRune}} {
		if a, b := max(lo, plain.lo), min(hi, plain.hi); a <= b {
			n.runes(from, a, b, to)
		}
	}
}

// jsonRune leads over any code point inside a JSON string.
func (n *nfa) jsonRune(from, to int32) { n.jsonRunes(from, 0, utf8.MaxRune, to) }

// quoted is text as a JSON string, its characters escaped in the one way that
// escaped knows.
func quoted(text string) string {
	out := []byte{'"'}
	for _, r := range text {
		if e := escaped(r); e != "" {
			out = append(out, e...)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(append(out, '"'))
}

// sortedRanges is a copy of ranges in the order of their beginnings.
func sortedRanges(ranges []runeRange) []runeRange {
	out := slices.Clone(ranges)
	slices.SortFunc(out, func(a, b runeRange) int { return int(a.lo - b.lo) })
	return out
}
