package reader

import (
	"bytes"
	"fmt"
	"io"
)

// bufferSize is the room for what is read ahead, and keepSize that which is
// kept after a large record.
const (
	bufferSize = 256 << 10
	keepSize   = 4 << 20
)

// bufferFor is the room for what is read ahead of a file of size bytes, -1 if that
// is not known.
func bufferFor(size int64) int {
	const least = 512
	if size < 0 || size >= bufferSize {
		return bufferSize
	}
	return max(int(size)+1, least)
}

// unpacker is what a file unpacks to, from a part of it on.
type unpacker interface {
	io.ReadCloser
	// part is the stored byte at which the part begins that the last Read came
	// from; no Read crosses into another part. It is -1 for files that are not
	// packed.
	part() int64
}

// input is an unpacked file with a window that can grow to a record's size. It
// knows where the parts of the file begin that are in the window.
type input struct {
	src   unpacker
	buf   []byte
	r, w  int   // the window is buf[r:w]
	at    int64 // the unpacked byte at buf[r]
	marks []mark
	most  int   // the window never needs to be larger; 0 is not known
	err   error // what ended src
}

// mark is where a part begins: unpacked and stored.
type mark struct{ at, part int64 }

// newInput begins at a place in a file of that size as stored.
func newInput(src unpacker, from Position, size int64) *input {
	if src.part() >= 0 {
		size = -1
	}
	in := &input{src: src, buf: make([]byte, bufferFor(size)), at: from.Offset - from.Skip}
	if src.part() >= 0 {
		in.marks = append(in.marks, mark{in.at, from.Member})
	} else {
		in.at = from.Offset
	}
	return in
}

// need returns the window with at least n bytes, or fewer at the end of the
// file. Memory grows with what is there, not with n.
func (in *input) need(n int) []byte {
	for in.w-in.r < n && in.err == nil {
		in.room()
		got, err := in.src.Read(in.buf[in.w:])
		if got > 0 {
			in.note()
		}
		in.w += got
		in.err = err
	}
	return in.buf[in.r:in.w]
}

// room makes space behind the window.
func (in *input) room() {
	if in.r == in.w && len(in.buf) <= keepSize {
		in.r, in.w = 0, 0
	}
	if in.w < len(in.buf) {
		return
	}
	if in.r >= len(in.buf)/2 {
		size := len(in.buf)
		if in.w-in.r < bufferSize && size > keepSize {
			size = bufferSize
		}
		in.move(size)
		return
	}
	size := 2 * len(in.buf)
	if in.most > len(in.buf) {
		size = min(size, in.most)
	}
	in.move(size)
}

// expect prepares for a whole file of at most limit bytes, and of size bytes if
// that is known.
func (in *input) expect(size int64, limit int) {
	in.most = limit + 1
	if in.src.part() < 0 && size >= int64(len(in.buf)) && size <= int64(limit) {
		in.move(int(size) + 1)
	}
}

func (in *input) move(size int) {
	to := in.buf
	if size != len(in.buf) {
		to = make([]byte, size)
	}
	in.w = copy(to, in.buf[in.r:in.w])
	in.buf, in.r = to, 0
}

// note marks the part that what was just read belongs to.
func (in *input) note() {
	part := in.src.part()
	if part < 0 || part == in.marks[len(in.marks)-1].part {
		return
	}
	end := in.at + int64(in.w-in.r)
	if last := &in.marks[len(in.marks)-1]; last.at == end {
		last.part = part // the one before was empty
		return
	}
	in.marks = append(in.marks, mark{end, part})
}

// advance moves the beginning of the window on.
func (in *input) advance(n int) {
	in.r += n
	in.at += int64(n)
	k := 0
	for k+1 < len(in.marks) && in.marks[k+1].at <= in.at {
		k++
	}
	if k > 0 {
		in.marks = in.marks[:copy(in.marks, in.marks[k:])]
	}
}

// discard moves on by n bytes, in and behind the window.
func (in *input) discard(n int64) error {
	for n > 0 {
		have := len(in.need(1))
		if have == 0 {
			return in.err
		}
		step := int(min(int64(have), n))
		in.advance(step)
		n -= int64(step)
	}
	return nil
}

// line returns the window's first line with its end. It is not whole, and long
// is set, when it has more than limit bytes; the last one may lack its end.
func (in *input) line(limit int) (line []byte, long bool) {
	seen := 0
	for {
		window := in.need(seen + 1)
		if i := bytes.IndexByte(window[seen:], '\n'); i >= 0 {
			return window[:seen+i+1], seen+i > limit
		}
		if len(window) > limit {
			return window, true
		}
		if len(window) == seen { // the end
			return window, false
		}
		seen = len(window)
	}
}

// skipLine moves behind the end of the current line.
func (in *input) skipLine() {
	for {
		window := in.need(1)
		if len(window) == 0 {
			return
		}
		if i := bytes.IndexByte(window, '\n'); i >= 0 {
			in.advance(i + 1)
			return
		}
		in.advance(len(window))
	}
}

// take hands the window over to the caller.
func (in *input) take() []byte {
	content := in.buf[in.r:in.w:in.w]
	in.advance(len(content))
	in.buf, in.r, in.w = nil, 0, 0
	if in.err == nil {
		in.buf = make([]byte, bufferSize)
	}
	return content
}

// ended returns the error that ended the file, once the window is empty.
func (in *input) ended(file string) error {
	if in.err == io.EOF {
		return io.EOF
	}
	return fmt.Errorf("%s: after %d bytes: %w", file, in.at+int64(in.w-in.r), in.err)
}

// position is the beginning of the window.
func (in *input) position(record int64) Position {
	p := Position{Record: record, Offset: in.at}
	if m, ok := in.mark(); ok {
		p.Member, p.Skip = m.part, in.at-m.at
	}
	return p
}

// offset is the beginning of the window as an Origin names it.
func (in *input) offset() int64 {
	if m, ok := in.mark(); ok && m.at == in.at {
		return m.part
	}
	return in.at
}

// mark is the part that the window begins in.
func (in *input) mark() (m mark, ok bool) {
	for _, next := range in.marks {
		if next.at > in.at {
			break
		}
		m, ok = next, true
	}
	return m, ok
}

// parted says whether another part begins within the window's first n bytes.
func (in *input) parted(n int) bool {
	for _, m := range in.marks {
		if m.at > in.at && m.at <= in.at+int64(n) {
			return true
		}
	}
	return false
}
