package mixture

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/shard"
)

// An entry is one reading of a document: a line of a run. A run is a file of
// entries in the order of the shards:
//
//	4  stage
//	8  place in the stage
//	16 name of the text
//	4  source
//	4  number of tokens N, with the highest bit set if some token needs 4 bytes
//	2N or 4N tokens
type entry struct {
	stage, source uint32
	place         uint64
	id            shard.ID
	tokens        encoded
}

// encoded are tokens as runs hold them: little-endian, of width bytes each.
type encoded struct {
	bytes []byte
	width int // 2 or 4
}

// encode encodes tokens in memory of their own.
func encode(tokens []int32) encoded {
	le := binary.LittleEndian
	var bits int32
	for _, t := range tokens {
		bits |= t
	}
	if bits>>16 != 0 {
		b := make([]byte, 4*len(tokens))
		for i, t := range tokens {
			le.PutUint32(b[4*i:], uint32(t))
		}
		return encoded{b, 4}
	}
	b := make([]byte, 2*len(tokens))
	for i, t := range tokens {
		le.PutUint16(b[2*i:], uint16(t))
	}
	return encoded{b, 2}
}

// len is the number of tokens.
func (e encoded) len() int { return len(e.bytes) / e.width }

const entryHeader = 4 + 8 + 16 + 4 + 4

// wide marks the number of tokens of 4 bytes each.
const wide = 1 << 31

// compare orders entries; those that are equal hold the same text.
func (e *entry) compare(f *entry) int {
	return cmp.Or(cmp.Compare(e.stage, f.stage), cmp.Compare(e.place, f.place), bytes.Compare(e.id[:], f.id[:]), cmp.Compare(e.source, f.source))
}

// appendHead encodes what comes before the tokens.
func (e *entry) appendHead(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, e.stage)
	b = le.AppendUint64(b, e.place)
	b = append(b, e.id[:]...)
	b = le.AppendUint32(b, e.source)
	n := uint32(e.tokens.len())
	if e.tokens.width == 4 {
		n |= wide
	}
	return le.AppendUint32(b, n)
}

// writeTo writes the entry. b is memory for what comes before the tokens.
func (e *entry) writeTo(w io.Writer, b *[entryHeader]byte) error {
	if _, err := w.Write(e.appendHead(b[:0])); err != nil {
		return err
	}
	_, err := w.Write(e.tokens.bytes)
	return err
}

// writeRun writes entries, which it sorts, to a file.
func writeRun(path string, entries []entry) error {
	slices.SortFunc(entries, func(a, b entry) int { return a.compare(&b) })
	_, err := atomicfile.Write(path, func(w io.Writer) error {
		var b [entryHeader]byte
		for i := range entries {
			if err := entries[i].writeTo(w, &b); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// runReader reads the entries of a run.
type runReader struct {
	entry // the current one; its tokens last until the next
	path  string
	file  *os.File
	in    *bufio.Reader
	left  int64 // bytes of the file
}

// openRun opens a run with a buffer of that size.
func openRun(path string, buffer int) (*runReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // the other error matters
		return nil, err
	}
	return &runReader{path: path, file: f, in: bufio.NewReaderSize(f, buffer), left: info.Size()}, nil
}

// next reads the next entry, or returns io.EOF.
func (r *runReader) next() error {
	var head [entryHeader]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		if err == io.EOF {
			return err
		}
		return fmt.Errorf("%s: %w", r.path, err)
	}
	le := binary.LittleEndian
	r.stage, r.place = le.Uint32(head[0:]), le.Uint64(head[4:])
	r.id = shard.ID(head[12:28])
	r.source = le.Uint32(head[28:])
	count := le.Uint32(head[32:])
	n, width := int64(count&^wide), int64(2)
	if count&wide != 0 {
		width = 4
	}
	if r.left -= entryHeader + width*n; r.left < 0 {
		return fmt.Errorf("%s: damaged: an entry of %d tokens ends beyond the file", r.path, n)
	}
	r.tokens.width = int(width)
	r.tokens.bytes = slices.Grow(r.tokens.bytes[:0], int(width*n))[:width*n]
	if _, err := io.ReadFull(r.in, r.tokens.bytes); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// mergeRuns calls emit with the entries of all runs in order. The entry's
// tokens last until emit returns.
func mergeRuns(paths []string, memory int64, emit func(*entry) error) (err error) {
	heap := make([]*runReader, 0, len(paths))
	defer func() {
		for _, r := range heap {
			err = errors.Join(err, r.file.Close())
		}
	}()
	buffer := int(min(max(memory/int64(max(len(paths), 1)), 16<<10), 4<<20))
	for _, path := range paths {
		r, err := openRun(path, buffer)
		if err != nil {
			return err
		}
		heap = append(heap, r)
		if err := r.next(); err == io.EOF {
			heap = heap[:len(heap)-1]
			if err := r.file.Close(); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		siftDown(heap, i)
	}
	for len(heap) > 0 {
		first := heap[0]
		if err := emit(&first.entry); err != nil {
			return err
		}
		if err := first.next(); err == io.EOF {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
			if err := first.file.Close(); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if len(heap) > 0 {
			siftDown(heap, 0)
		}
	}
	return nil
}

func siftDown(heap []*runReader, i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(heap); c++ {
			if heap[c].compare(&heap[least].entry) < 0 {
				least = c
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}
