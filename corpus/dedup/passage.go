package dedup

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
)

// wordKey is what equal words have in common where lines and passages are
// compared: letters count without their case, and ASCII digits as they are, so
// that two rows of a table differ. It is 0 for symbols.
func wordKey(text []byte, w *words.Word) uint64 {
	h := w.Hash
	if w.Class&words.Digit == 0 || h == 0 {
		return h
	}
	for _, b := range text[w.Start:w.End] {
		if '0' <= b && b <= '9' {
			h = (h ^ uint64(b)) * base
		}
	}
	return mix(h) | 1
}

// span is a part of a text, in bytes.
type span struct{ start, end int }

// cutter takes spans out of a document.
type cutter struct {
	step       string
	maxRemoved float64
	spans      []span // in order and apart
}

// add appends a span, which begins no earlier than the last, and joins the two
// where they meet.
func (c *cutter) add(s span) {
	if n := len(c.spans); n > 0 && s.start <= c.spans[n-1].end {
		c.spans[n-1].end = max(c.spans[n-1].end, s.end)
		return
	}
	c.spans = append(c.spans, s)
}

// cut takes the spans out, notes them and drops the document if more went than
// may, or if nothing but space is left. It forgets the spans.
func (c *cutter) cut(d *document.Document) {
	if len(c.spans) == 0 {
		return
	}
	text := d.Text()
	left, at, removed := make([]byte, 0, len(text)), 0, 0
	for _, s := range c.spans {
		left = append(left, text[at:s.start]...)
		at = s.end
		removed += s.end - s.start
		d.Cut(c.step, "repeated", s.start, s.end-s.start)
	}
	c.spans = c.spans[:0]
	d.SetText(append(left, text[at:]...))
	share := float64(removed) / float64(len(text))
	switch {
	case len(bytes.TrimSpace(d.Text())) == 0:
		d.Drop = &document.Drop{Filter: c.step, Rule: "all", Value: 1, Limit: c.maxRemoved}
	case share > c.maxRemoved:
		d.Drop = &document.Drop{Filter: c.step, Rule: "max_removed", Value: share, Limit: c.maxRemoved}
	}
}

// spaceBefore reports whether a span at this place has space before it, or the
// beginning of the text.
func spaceBefore(text []byte, at int) bool {
	r, _ := utf8.DecodeLastRune(text[:at])
	return at == 0 || unicode.IsSpace(r)
}

// pastSpace returns the end of the space, but for line ends, that begins at a
// place.
func pastSpace(text []byte, at int) int {
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == '\n' || r == '\r' || !unicode.IsSpace(r) {
			break
		}
		at += n
	}
	return at
}
