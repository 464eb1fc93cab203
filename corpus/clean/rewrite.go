package clean

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/corpus/document"
)

// rewriter changes the text of one document and notes what it cuts.
type rewriter struct {
	d       *document.Document
	text    []byte
	code    bool // keeps space
	pages   bool // keeps form feeds, which part pages
	blank   int
	changed bool

	out []byte
}

func (r *rewriter) cut(reason string, at, n int) {
	r.d.Cut(unicodeName, reason, at, n)
	r.changed = true
}

// rewrite makes line ends line feeds and takes out what is invalid or not seen,
// space at the end of lines and blank lines beyond those allowed.
func (r *rewriter) rewrite() {
	text := r.text
	special := specials()
	r.out = make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		start := i
		if i = plainEnd(text, i); i > start {
			r.out = append(r.out, text[start:i]...)
			continue
		}
		c, n := utf8.DecodeRune(text[i:])
		switch {
		case c == utf8.RuneError && n == 1:
			for n < len(text)-i && invalidAt(text[i+n:]) {
				n++
			}
			r.cut(reasonInvalid, i, n)
			r.out = append(r.out, "\uFFFD"...)
		case c == '\n':
			r.endLine(i, n)
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			r.cut(reasonNewline, i, 1)
		case c == '\f' && r.pages:
			r.out = append(r.out, '\f')
		case isNewline(c):
			r.cut(reasonNewline, i, n)
			r.endLine(i, n)
		case !special.has(c):
			r.out = append(r.out, text[i:i+n]...)
		case isRemoved(c):
			r.cut(reasonControl, i, n)
		case isHidden(c) && !r.code && !joins(r.out, c):
			r.cut(reasonHidden, i, n)
		default:
			r.out = append(r.out, text[i:i+n]...)
		}
		i += n
	}
	r.endText(len(text))
	r.text = r.out
}

// plainEnd returns the end of the run of tabs and characters from blank to tilde
// at i.
func plainEnd(text []byte, i int) int {
	for i < len(text) {
		if i+8 <= len(text) {
			odd := oddBytes(binary.LittleEndian.Uint64(text[i:]))
			if odd == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(odd) / 8
		}
		if c := text[i]; (c < ' ' || c >= 0x7F) && c != '\t' {
			break
		}
		i++
	}
	return i
}

func invalidAt(text []byte) bool {
	c, n := utf8.DecodeRune(text)
	return c == utf8.RuneError && n == 1
}

// graphemeJoiner is what normalization puts into very long runs of combining
// marks (UAX 15, stream-safe text): to take it out there would never end.
const graphemeJoiner = 0x34F

// joins tells whether c is a joiner that has a meaning after this text: those of
// scripts whose letters join, of pictures, and of combining marks.
func joins(before []byte, c rune) bool {
	if c != 0x200C && c != 0x200D && c != graphemeJoiner {
		return false
	}
	last, _ := utf8.DecodeLastRune(before)
	if c == graphemeJoiner {
		return unicode.Is(unicode.Mn, last)
	}
	return last >= 0x590 && !unicode.IsSpace(last) && !unicode.In(last, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Cyrillic)
}

// endLine writes a line feed, which stands at i.
func (r *rewriter) endLine(i, n int) {
	if r.code {
		r.out = append(r.out, '\n')
		return
	}
	r.trim(i)
	if ends := lineFeeds(r.out); ends == len(r.out) || ends > r.blank {
		r.cut(reasonBlank, i, n)
		return
	}
	r.out = append(r.out, '\n')
}

// trim takes space off the end of out, which in the text ends at i.
func (r *rewriter) trim(i int) {
	end := len(r.out)
	for end > 0 && isBlank(r.out[:end]) {
		_, n := utf8.DecodeLastRune(r.out[:end])
		end -= n
	}
	if n := len(r.out) - end; n > 0 {
		r.cut(reasonTrailing, max(0, i-n), n)
		r.out = r.out[:end]
	}
}

// endText takes space and blank lines off the end.
func (r *rewriter) endText(i int) {
	if r.code {
		return
	}
	r.trim(i)
	if n := lineFeeds(r.out) - 1; n > 0 {
		r.cut(reasonBlank, max(0, i-n), n)
		r.out = r.out[:len(r.out)-n]
	}
}

// lineFeeds counts those at the end.
func lineFeeds(text []byte) int { return len(text) - len(bytes.TrimRight(text, "\n")) }

// compose brings the text into normalization form C. Each cut is a part of the
// text that changed.
func (r *rewriter) compose() {
	n := norm.NFC.QuickSpan(r.text)
	if n == len(r.text) || norm.NFC.IsNormal(r.text) {
		return
	}
	out := append(make([]byte, 0, len(r.text)+len(r.text)/16), r.text[:n]...)
	var it norm.Iter
	it.Init(norm.NFC, r.text[n:])
	for !it.Done() {
		from := n + it.Pos()
		part := it.Next()
		if to := n + it.Pos(); !bytes.Equal(part, r.text[from:to]) {
			r.cut(reasonNFC, from, to-from)
		}
		out = append(out, part...)
	}
	r.text = out
}
