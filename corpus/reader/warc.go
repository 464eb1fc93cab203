package reader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/polymath-lm/polymath/corpus/document"
)

// warc reads a web archive, WARC 1.0 and 1.1 (ISO 28500). Where it is damaged
// it goes on at the next line that begins a record.
type warc struct {
	in    *input
	base  document.Origin
	count int64
	limit int64
}

// maxHead bounds the header of a record and of an HTTP answer.
const maxHead = 64 << 10

var (
	magic = []byte("WARC/")
	// next is how a record begins on a line in the middle of others.
	next   = []byte("\nWARC/1.")
	inHole = []byte(hole[1 : len(hole)-1])
)

// Next implements Reader.
func (w *warc) Next() (*Record, error) {
	w.blank()
	if len(w.in.need(len(next))) == 0 {
		return nil, w.in.ended(w.base.File)
	}
	r := &Record{Origin: w.base}
	r.Origin.Record, r.Origin.Offset = w.count, w.in.offset()
	if !bytes.HasPrefix(w.in.need(len(magic)), magic) {
		return nil, w.garbage(r)
	}
	head, err := w.head()
	if err != nil {
		return nil, w.resync(r, err.Error())
	}
	if head.length > w.limit {
		return nil, w.large(r, head)
	}
	return w.block(r, head)
}

// blank passes over the empty lines between records.
func (w *warc) blank() {
	for {
		window := w.in.need(1)
		n := 0
		for n < len(window) && (window[n] == '\r' || window[n] == '\n') {
			n++
		}
		w.in.advance(n)
		if n == 0 || n < len(window) {
			return
		}
	}
}

// garbage passes over what belongs to no record.
func (w *warc) garbage(r *Record) error {
	from := w.in.at
	head := w.in.need(len(hole))
	damaged := bytes.HasPrefix(head, []byte(hole[1:])) || bytes.HasPrefix(head, []byte(missing[1:]))
	if !w.seek() && w.in.err != nil && w.in.err != io.EOF {
		return w.in.ended(w.base.File)
	}
	w.count++
	if damaged {
		return r.bad("a gzip member is damaged")
	}
	return r.bad("%d bytes belong to no record", w.in.at-from)
}

// resync leaves a record that makes no sense and finds the next.
func (w *warc) resync(r *Record, problem string) error {
	w.count++
	w.in.advance(1)
	w.seek()
	return r.bad("%s", problem)
}

// seek moves to the next line that begins a record, or to the end.
func (w *warc) seek() bool { return w.seekWithin(math.MaxInt64) }

// seekWithin looks for a record in the following n bytes and moves to it, or
// behind them.
func (w *warc) seekWithin(n int64) bool {
	end := w.in.at + min(n, math.MaxInt64-w.in.at)
	for {
		window := w.in.need(len(next))
		if i := bytes.Index(window, next); i >= 0 && int64(i) < end-w.in.at {
			w.in.advance(i + 1)
			return true
		}
		step := int64(len(window) - len(next) + 1)
		if len(window) < len(next) {
			step = int64(len(window))
		}
		step = min(step, end-w.in.at)
		w.in.advance(int(step))
		if w.in.at == end || len(window) < len(next) {
			return false
		}
	}
}

// head reads the header at the window's beginning and leaves it there.
func (w *warc) head() (*warcHead, error) {
	window := w.in.need(1)
	for {
		head, another := window, false
		if i := bytes.Index(window, next); i >= 0 { // no further: there may be very many
			head, another = window[:i+1], true
		}
		if body := headEnd(head); body >= 0 {
			return parseHead(window[:body])
		}
		if another {
			return nil, errors.New("another record begins in its header")
		}
		if len(window) > maxHead {
			return nil, fmt.Errorf("its header is longer than %d bytes", maxHead)
		}
		more := w.in.need(len(window) + 1)
		if len(more) == len(window) {
			return nil, errors.New("the file ends in its header")
		}
		window = more
	}
}

// headEnd returns where the body after a header begins, or -1.
func headEnd(b []byte) int {
	for i := 0; ; {
		k := bytes.IndexByte(b[i:], '\n')
		if k < 0 {
			return -1
		}
		i += k + 1
		if i < len(b) && b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
			return i + 2
		}
	}
}

// large passes over a record that is larger than allowed, as far as no other
// begins in it: a length that is wrong must not hide the rest of the file.
func (w *warc) large(r *Record, h *warcHead) error {
	w.count++
	w.in.advance(h.size - 1) // the line end may be that before a record
	if !w.seekWithin(h.length+1) && w.in.err != nil && w.in.err != io.EOF && w.in.r == w.in.w {
		return w.in.ended(w.base.File)
	}
	if !h.wanted() {
		return &Skipped{r.Origin, h.reason()}
	}
	return r.bad("it has %d bytes, more than the %d of max_record", h.length, w.limit)
}

// block reads the body of a record. A length that leads into the middle of
// something, while another record begins before, is wrong.
func (w *warc) block(r *Record, h *warcHead) (*Record, error) {
	end := h.size + int(h.length)
	window := w.in.need(end + len("\r\n\r\n") + len(next) - 1)
	if len(window) < end || !follows(window[end:]) {
		if i := bytes.Index(window[:min(end, len(window))], next); i >= 0 {
			w.count++
			w.in.advance(i + 1)
			return nil, r.bad("its length of %d bytes leads into another record", h.length)
		}
	}
	if end <= len(window) && (bytes.Contains(window[:end], inHole) || !follows(window[end:]) && w.holeBehind(end)) {
		w.count++
		w.in.advance(end)
		return nil, r.bad("its gzip member is damaged")
	}
	window = w.in.need(end) // which may have moved
	if len(window) < end {
		if w.in.err != io.EOF {
			return nil, w.in.ended(w.base.File)
		}
		w.count++
		w.in.advance(len(window))
		return nil, r.bad("the file ends after %d of its %d bytes", len(window)-h.size, h.length)
	}
	w.count++
	if !h.wanted() {
		w.in.advance(end)
		w.blank()
		return nil, &Skipped{r.Origin, h.reason()}
	}
	r.Content = bytes.Clone(window[h.size:end])
	r.Meta = h.meta()
	r.resolve = h.resolver()
	w.in.advance(end)
	w.blank()
	return r, nil
}

// holeBehind says whether the member that a record of n bytes is in turns out to
// be damaged before the next record.
func (w *warc) holeBehind(n int) bool {
	rest := w.in.need(n + maxHead)[n:]
	if i := bytes.Index(rest, next); i >= 0 {
		rest = rest[:i]
	}
	i := bytes.Index(rest, inHole)
	return i >= 0 && !w.in.parted(n+i)
}

// follows says whether this may stand behind a record.
func follows(b []byte) bool {
	b = bytes.TrimLeft(b, "\r\n")
	return bytes.HasPrefix(b, magic) || bytes.HasPrefix(magic, b)
}

// Position implements Reader.
func (w *warc) Position() Position { return w.in.position(w.count) }

// Close implements Reader.
func (w *warc) Close() error { return w.in.src.Close() }
