package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/polymath-lm/polymath/corpus/source"

	"github.com/polymath-lm/polymath/internal/zstdframe"
)

// packing is how a file is packed, by its first bytes.
type packing int

const (
	plain packing = iota
	gzipped
	zstandard
)

// packingOf goes by the first bytes, whatever the name says.
func packingOf(head []byte) (packing, error) {
	switch {
	case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
		return gzipped, nil
	case len(head) >= 4 && zstdframe.Is(head):
		return zstandard, nil
	case len(head) >= 4 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9':
		return 0, errors.New("bzip2 is not read; pack the file with zstd or gzip")
	case len(head) >= 6 && string(head[:6]) == "\xfd7zXZ\x00":
		return 0, errors.New("xz is not read; pack the file with zstd or gzip")
	}
	return plain, nil
}

// stored is a file as stored, which knows how far it was read.
type stored struct {
	*bufio.Reader
	raw *counter
}

func openStored(ctx context.Context, f source.File, offset int64) (*stored, error) {
	raw, err := source.Open(ctx, f, offset)
	if err != nil {
		return nil, err
	}
	c := &counter{raw, offset, nil}
	return &stored{bufio.NewReaderSize(c, bufferFor(f.Size)), c}, nil
}

// at is the byte that is read next.
func (s *stored) at() int64 { return s.raw.n - int64(s.Buffered()) }

func (s *stored) Close() error { return s.raw.Close() }

// counter counts what is read and keeps the error that ended it.
type counter struct {
	io.ReadCloser
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// unpack returns what a file packed that way holds. maxRatio bounds a part;
// with heal, damaged members of gzip are holes.
func unpack(s *stored, how packing, maxRatio int64, heal bool) (unpacker, error) {
	b := &bomb{s: s, max: maxRatio}
	switch how {
	case gzipped:
		return &gunzip{s: s, bomb: b, heal: heal}, nil
	case zstandard:
		return newUnzstd(s, b)
	}
	return unpacked{s}, nil
}

// unpacked is a file that is not packed.
type unpacked struct{ *stored }

func (unpacked) part() int64 { return -1 }

// bomb watches how much the current part unpacks to.
type bomb struct {
	s     *stored
	max   int64
	start int64 // of the part, stored
	n     int64 // unpacked
}

// fuse is the size from which on the ratio counts.
const fuse = 64 << 20

func (b *bomb) begin() { b.start, b.n = b.s.at(), 0 }

func (b *bomb) add(n int) error {
	b.n += int64(n)
	if b.n > fuse && b.n/b.max > b.s.at()-b.start {
		return fmt.Errorf("the part at stored byte %d unpacks to more than %d times its size; if it is sound, raise max_ratio", b.start, b.max)
	}
	return nil
}

// gunzip unpacks the members of a gzip file.
type gunzip struct {
	s    *stored
	bomb *bomb
	z    *gzip.Reader
	open bool // within a member
	// heal goes on after a damaged member, leaving a hole, if another one follows.
	heal    bool
	pending string
	err     error
}

// These stand in what a file unpacks to where a member is damaged: behind what
// there is of it, or instead of it.
const (
	hole    = "\n\x00damaged gzip member\x00\n"
	missing = "\n\x00a damaged gzip member\x00\n"
)

func (g *gunzip) part() int64  { return g.bomb.start }
func (g *gunzip) Close() error { return g.s.Close() }

// Read implements io.Reader.
func (g *gunzip) Read(p []byte) (int, error) {
	for g.err == nil {
		if g.pending != "" {
			n := copy(p, g.pending)
			g.pending = g.pending[n:]
			return n, nil
		}
		if !g.open {
			g.failed(g.next())
			continue
		}
		n, err := g.z.Read(p)
		if bomb := g.bomb.add(n); bomb != nil {
			g.err = bomb
		} else if err == io.EOF {
			g.open = false
		} else {
			g.failed(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, g.err
}

// failed ends the file with an error, or goes on behind the damage.
func (g *gunzip) failed(err error) {
	switch {
	case err == nil:
	case err == io.EOF && !g.open:
		g.err = err
	case g.heal && g.s.raw.err == nil && g.seek():
		g.pending = hole
		if g.bomb.n == 0 {
			g.pending = missing
		}
		g.open = false
	default:
		g.err = g.s.damaged("gzip", g.bomb.start, err)
	}
}

// seek moves to the next bytes that look like the header of a member.
func (g *gunzip) seek() bool {
	for {
		head, _ := g.s.Peek(10)
		if len(head) < 10 {
			return false
		}
		if head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 && head[3] < 0x20 && (head[8] == 0 || head[8] == 2 || head[8] == 4) {
			return true
		}
		if _, err := g.s.Discard(1); err != nil {
			return false
		}
	}
}

// next opens the next member. Zeros that fill up a file, as tapes and some
// writers leave them, are its end.
func (g *gunzip) next() error {
	if err := g.zeros(); err != nil {
		return err
	}
	g.bomb.begin()
	var err error
	if g.z == nil {
		g.z, err = gzip.NewReader(g.s.Reader)
	} else {
		err = g.z.Reset(g.s.Reader)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		g.z.Multistream(false)
		g.open = true
	}
	return err
}

func (g *gunzip) zeros() error {
	for {
		c, err := g.s.ReadByte()
		if err != nil {
			return err
		}
		if c != 0 {
			return g.s.UnreadByte()
		}
	}
}

// damaged says what is wrong with a packed part. Errors of the source itself
// say it already.
func (s *stored) damaged(how string, start int64, err error) error {
	switch {
	case s.raw.err != nil:
		return s.raw.err
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the %s part at stored byte %d is cut off: %w", how, start, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("the %s part at stored byte %d is damaged: %w", how, start, err)
}
