package reader

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/charset"
	"github.com/polymath-lm/polymath/corpus/document"
)

// parts reads a file of lines as one record or, where it is long, as several.
type parts struct {
	in     *input
	base   document.Origin
	name   string
	format document.Format
	size   int // of a part
	limit  int // of a file that cannot be cut
	next   int64
	done   bool
}

// Next implements Reader.
func (p *parts) Next() (*Record, error) {
	if p.done {
		return nil, io.EOF
	}
	r := &Record{Origin: p.base, Format: p.format, Meta: map[string]string{"path": p.name}}
	r.Origin.Record, r.Origin.Offset = p.next, p.in.offset()
	first := p.next == 0
	if first {
		p.in.need(wideHead)
	}
	content := p.in.need(p.size + 1)
	size := p.size
	if first && len(content) > size && isWide(content[:min(len(content), wideHead)]) { // in which a line does not end with the byte of its end
		size = p.limit
		content = p.in.need(size + 1)
		if len(content) > size {
			p.next++
			p.done = true
			return nil, r.bad("the file is larger than %d bytes, and in a charset in which it is not cut into parts", size)
		}
	}
	if p.in.err != nil && p.in.err != io.EOF {
		return nil, p.in.ended(p.base.File)
	}
	p.next++
	switch {
	case len(content) > size:
		cut := lineEnd(content[:size+1], size)
		r.Content = slices.Clone(content[:cut])
		p.in.advance(cut)
		return r, nil
	case len(content) == 0 && p.next > 1:
		p.done = true
		return nil, io.EOF
	case len(content) == 0:
		p.done = true
		return nil, &Skipped{r.Origin, "empty file"}
	}
	p.done = true
	r.Content = p.in.take()
	return r, nil
}

// wideHead is how much of a file's beginning says how wide its characters are.
const wideHead = 4096

// isWide recognizes by a file's beginning text whose characters have several bytes
// each, and content that is no text. A zero byte now and then is neither.
func isWide(head []byte) bool {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "\x00\x00\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	zeros := bytes.Count(head, []byte{0})
	if zeros == 0 || isUTF8(head) {
		return zeros > len(head)/128
	}
	name, err := charset.Name(head[:len(head)&^3], "")
	return zeros > len(head)/128 || err == nil && strings.HasPrefix(name, "utf-")
}

// isUTF8 says whether text is UTF-8, of which the last character may be cut.
func isUTF8(text []byte) bool {
	for cut := range min(utf8.UTFMax, len(text)) {
		if utf8.Valid(text[:len(text)-cut]) {
			return true
		}
	}
	return false
}

// lineEnd returns where to cut text, which is longer than size: at the last end
// of a line or, in a longer line, at a character.
func lineEnd(text []byte, size int) int {
	if end := bytes.LastIndexByte(text[:size], '\n'); end >= 0 {
		return end + 1
	}
	for cut := size; cut > max(size-utf8.UTFMax, 0); cut-- {
		if utf8.RuneStart(text[cut]) {
			return cut
		}
	}
	return size
}

// Position implements Reader.
func (p *parts) Position() Position {
	if p.next == 0 {
		return Position{}
	}
	return p.in.position(p.next)
}

// Close implements Reader.
func (p *parts) Close() error { return p.in.src.Close() }
