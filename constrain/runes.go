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
	const first, last = 0xd800, 0xdfff
	rest := &tails{n: n, states: [utf8.UTFMax]int32{to}}
	rest.runes(from, max(lo, 0), min(hi, first-1))
	rest.runes(from, max(lo, last+1), min(hi, utf8.MaxRune))
}

// runes is nfa.runes for a range without surrogates.
func (t *tails) runes(from int32, lo, hi rune) {
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
		t.byteRange(from, a[:size], b[:size])
		lo = end + 1
	}
}

// tails are the ends of encodings that several share: states[k] leads over any
// k bytes after the first to states[0].
type tails struct {
	n      *nfa
	states [utf8.UTFMax]int32
}

const (
	lowest  = "\x80\x80\x80" // bytes after the first
	highest = "\xbf\xbf\xbf"
)

// after returns states[k].
func (t *tails) after(k int) int32 {
	if k > 0 && t.states[k] == 0 {
		next := t.after(k - 1)
		t.states[k] = t.n.state()
		t.n.edge(t.states[k], lowest[0], highest[0], next)
	}
	return t.states[k]
}

// byteRange leads over the byte strings from a to b, of one length, whose bytes
// after the first range over 0x80 to 0xbf.
func (t *tails) byteRange(from int32, a, b []byte) {
	k := len(a) - 1
	lo, hi := a[0], b[0]
	startsLow, endsHigh := string(a[1:]) == lowest[:k], string(b[1:]) == highest[:k]
	if lo == hi && !(startsLow && endsHigh) {
		next := t.n.state()
		t.n.edge(from, lo, lo, next)
		t.byteRange(next, a[1:], b[1:])
		return
	}
	if !startsLow {
		next := t.n.state()
		t.n.edge(from, lo, lo, next)
		t.byteRange(next, a[1:], []byte(highest[:k]))
		lo++
	}
	if !endsHigh {
		next := t.n.state()
		t.n.edge(from, hi, hi, next)
		t.byteRange(next, []byte(lowest[:k]), b[1:])
		hi--
	}
	if lo <= hi {
		t.n.edge(from, lo, hi, t.after(k))
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
