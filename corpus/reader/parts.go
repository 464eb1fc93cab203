package reader

import (
	"bytes"
	"io"
	"slices"
	"unicode/utf8"

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
	content := p.in.need(p.size + 1)
	size := p.size
	if len(content) > size && isWide(content) { // in which a line does not end with the byte of its end
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

// isWide recognizes text whose characters have several bytes each, and content
// that is no text.
func isWide(content []byte) bool { return bytes.IndexByte(content, 0) >= 0 }

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
