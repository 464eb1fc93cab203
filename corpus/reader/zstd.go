package reader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/internal/zstdframe"
)

// maxWindow is the largest window of a zstd frame that is unpacked; zstd asks
// for --long=28 and more to write a larger one.
const maxWindow = zstdframe.MaxWindow

// unzstd unpacks a zstd file frame by frame, so that reading can begin at each.
type unzstd struct {
	s    *stored
	bomb *bomb
	f    frame
	z    *zstd.Decoder
	open bool
	err  error
}

func newUnzstd(s *stored, b *bomb) (*unzstd, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return &unzstd{s: s, bomb: b, z: z}, nil
}

func (u *unzstd) part() int64 { return u.bomb.start }

// Close implements io.Closer.
func (u *unzstd) Close() error {
	u.z.Close()
	return u.s.Close()
}

// Read implements io.Reader.
func (u *unzstd) Read(p []byte) (int, error) {
	for u.err == nil {
		if !u.open {
			u.err = u.next()
			continue
		}
		n, err := u.z.Read(p)
		switch {
		case err == io.EOF:
			u.open = false
		case errors.Is(err, zstd.ErrWindowSizeExceeded):
			u.err = fmt.Errorf("the zstd frame at stored byte %d needs more than %d MiB to unpack; pack it again without --long, or with --long=27", u.bomb.start, maxWindow>>20)
		case err != nil:
			u.err = u.s.damaged("zstd", u.bomb.start, err)
		}
		if err := u.bomb.add(n); err != nil {
			u.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, u.err
}

// next opens the next frame and passes over those that hold no data.
func (u *unzstd) next() error {
	for {
		head, err := u.s.Peek(8)
		if len(head) == 0 {
			return err
		}
		if len(head) < 4 || !zstdframe.Is(head) {
			return u.s.damaged("zstd", u.s.at(), errors.New("no frame begins here"))
		}
		if !zstdframe.IsSkippable(head) {
			break
		}
		if len(head) < 8 {
			return u.s.damaged("zstd", u.s.at(), io.ErrUnexpectedEOF)
		}
		size := int64(binary.LittleEndian.Uint32(head[4:])) + 8
		if _, err := io.CopyN(io.Discard, u.s, size); err != nil {
			return u.s.damaged("zstd", u.s.at(), err)
		}
	}
	u.bomb.begin()
	u.f = frame{s: u.s}
	if err := u.z.Reset(&u.f); err != nil {
		return u.s.damaged("zstd", u.bomb.start, err)
	}
	u.open = true
	return nil
}

// frame is one zstd frame out of a file (RFC 8878, 3.1.1): it follows the
// sizes of the blocks to know where the frame ends.
type frame struct {
	s       *stored
	left    int // bytes until the next header
	state   int
	trailer int // bytes of checksum
}

const (
	frameStart = iota
	frameBlock
	frameTrailer
	frameEnd
)

// Read implements io.Reader.
func (f *frame) Read(p []byte) (int, error) {
	for f.left == 0 {
		if f.state == frameEnd {
			return 0, io.EOF
		}
		if err := f.header(); err != nil {
			return 0, err
		}
	}
	n, err := f.s.Read(p[:min(len(p), f.left)])
	f.left -= n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// header looks at the header that follows and adds it to what is left.
func (f *frame) header() error {
	switch f.state {
	case frameStart:
		head, err := f.s.Peek(5)
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		f.left, f.trailer = zstdframe.Header(head[4])
		f.state = frameBlock
	case frameBlock:
		head, err := f.s.Peek(3)
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		size, last := zstdframe.Block(head)
		f.left = size
		if last {
			f.state = frameTrailer
		}
	case frameTrailer:
		f.left, f.state = f.trailer, frameEnd
	}
	return nil
}
