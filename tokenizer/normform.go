package tokenizer

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// formNormalizer brings text into a Unicode normalization form.
type formNormalizer struct{ form norm.Form }

// joiner is U+034F, which norm puts between combining marks where more than 30
// follow each other (Unicode Standard Annex 15, 13.2). The form itself has none.
var joiner = []byte("\u034f")

func (n formNormalizer) normalize(dst, src []byte) []byte {
	at := len(dst)
	dst = n.form.Append(dst, src...)
	if n := bytes.Count(dst[at:], joiner); n == 0 || n == bytes.Count(src, joiner) {
		return dst
	}
	return n.unbroken(dst[:at], src)
}

// fewMarks is a length of segments, in characters, that norm does not divide: each
// decomposes into at most three marks.
const fewMarks = 8

// unbroken normalizes text with many marks in a row. Segments, which do not act upon
// each other, are done by hand where they are long.
func (n formNormalizer) unbroken(dst, src []byte) []byte {
	from, start, runes := 0, 0, 0 // of what is left, and of the segment
	for i := 0; i <= len(src); {
		size := 1
		if i < len(src) {
			p := n.form.Properties(src[i:])
			if size = max(p.Size(), 1); !p.BoundaryBefore() {
				i += size
				runes++
				continue
			}
		}
		if runes > fewMarks {
			dst = append(dst, n.form.Bytes(src[from:start])...)
			dst = n.segment(dst, src[start:i])
			from = i
		}
		start, runes = i, 1
		i += size
	}
	return append(dst, n.form.Bytes(src[from:])...)
}

// segment normalizes one segment: decomposed, in the order of combining classes, and
// composed again (Unicode 16.0, D109 and D117).
func (n formNormalizer) segment(dst, src []byte) []byte {
	apart := norm.NFD
	if n.form == norm.NFKC || n.form == norm.NFKD {
		apart = norm.NFKD
	}
	var runes []rune
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 { // no text, which stands before the marks only
			dst, src = append(dst, src[0]), src[1:]
			continue
		}
		runes = append(runes, bytes.Runes(apart.Bytes(src[:size]))...)
		src = src[size:]
	}
	order(runes)
	if n.form == norm.NFC || n.form == norm.NFKC {
		runes = compose(runes)
	}
	for _, r := range runes {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// order sorts each run of marks by their classes, those of one class as they stand.
func order(runes []rune) {
	for from := 0; from < len(runes); from++ {
		end := from
		for end < len(runes) && classOfMark(runes[end]) > 0 {
			end++
		}
		slices.SortStableFunc(runes[from:end], func(a, b rune) int { return classOfMark(a) - classOfMark(b) })
		from = end
	}
}

// compose joins each character with the last that is no mark, unless one of its class
// or of none stands between them. It works in place.
func compose(runes []rune) []rune {
	out := runes[:0]
	starter, last := -1, 0 // the place of the last that is no mark, the class before
	for _, r := range runes {
		class := classOfMark(r)
		if starter >= 0 && (len(out) == starter+1 || class > last) {
			if joined, ok := join(out[starter], r); ok {
				out[starter] = joined
				continue
			}
		}
		if last = class; class == 0 {
			starter = len(out)
		}
		out = append(out, r)
	}
	return out
}

// join returns the character that two of them compose.
func join(a, b rune) (rune, bool) {
	text := norm.NFC.Bytes(utf8.AppendRune(utf8.AppendRune(nil, a), b))
	r, size := utf8.DecodeRune(text)
	return r, size == len(text)
}

func classOfMark(r rune) int { return int(norm.NFD.PropertiesString(string(r)).CCC()) }
