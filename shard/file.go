package shard

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
)

// File is one open shard. Goroutines may share it until it is closed.
type File struct {
	name    string
	header  Header
	mapping *tensor.Mapping
	narrow  []uint16 // the tokens, if they take 2 bytes
	wide    []uint32 // the tokens, if they take 4
	mask    []uint64 // [ceil(tokens/64)]; nil without one
	starts  []uint64 // [docs+1]
	ids     []byte   // [docs*16]
	hash    string   // of the whole file
}

// Open maps the shard at path and reads it once to verify it. An error names
// the file.
func Open(path string) (*File, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(m.Bytes(), func() { release(m.Bytes()) })
	if err != nil {
		_ = m.Close() // the other error matters
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.mapping, f.name = m, path
	return f, nil
}

// releaseEvery is how many bytes of a shard are verified before they are let
// go: without it, the whole shard would count in the program's peak.
const releaseEvery = 1 << 22

// shapeOf reads where the parts of a file lie, and checks that it has their size.
func shapeOf(b []byte) (h Header, l layout, err error) {
	if h, err = decodeHeader(b); err != nil {
		return h, l, err
	}
	tail := b[len(b)-trailerSize:]
	tokens, docs := binary.LittleEndian.Uint64(tail), binary.LittleEndian.Uint64(tail[8:])
	size := uint64(len(b))
	if tokens > size || docs > size || newLayout(h, int64(tokens), int64(docs)).size() != int64(size) {
		return h, l, fmt.Errorf("truncated or damaged: %d bytes do not hold the %d tokens in %d documents that the end tells of", size, tokens, docs)
	}
	return h, newLayout(h, int64(tokens), int64(docs)), nil
}

// parse checks a whole file; b is aligned to 8 bytes. It calls done each time
// that it has read releaseEvery bytes or so, which it does not need again soon.
func parse(b []byte, done func()) (*File, error) {
	h, l, err := shapeOf(b)
	if err != nil {
		return nil, err
	}
	tokens, tail := uint64(l.tokens), b[l.trailer:]
	sum := sha256.New()
	for rest := b[:len(b)-hashSize]; len(rest) > 0; {
		n := min(len(rest), releaseEvery)
		sum.Write(rest[:n])
		done()
		rest = rest[n:]
	}
	if !bytes.Equal(sum.Sum(nil), tail[16:]) {
		return nil, errors.New("damaged: the content does not have the hash that the end tells")
	}
	sum.Write(tail[16:])
	f := &File{header: h, hash: hex.EncodeToString(sum.Sum(nil))}
	f.starts = tensor.View[uint64](b[l.offsets:l.ids])
	f.ids = b[l.ids:l.trailer]
	if h.Masked {
		f.mask = tensor.View[uint64](b[l.mask:l.offsets])
	}
	data := b[headerSize : headerSize+l.tokens*int64(h.width())]
	if h.width() == 2 {
		f.narrow = tensor.View[uint16](data)
	} else {
		f.wide = tensor.View[uint32](data)
	}
	err = f.check(tokens, done)
	done()
	return f, err
}

// check sees what the hash does not: that the writer wrote sense. It calls done
// as parse does.
func (f *File) check(tokens uint64, done func()) error {
	last := len(f.starts) - 1
	if f.starts[0] != 0 || f.starts[last] != tokens {
		return errors.New("the documents do not cover the tokens")
	}
	for i := range last {
		if f.starts[i] >= f.starts[i+1] {
			return fmt.Errorf("document %d has no tokens or ends before its begin", i)
		}
		if f.mask != nil && (f.starts[i+1]-f.starts[i] < 2 || f.starts[i+1] <= tokens && f.marked(f.starts[i])) {
			return fmt.Errorf("document %d of a set with a mask has one token only, or its first is marked", i)
		}
	}
	if n := tokens % 64; n > 0 && f.mask != nil && f.mask[len(f.mask)-1]>>n != 0 {
		return errors.New("the mask goes on after the last token")
	}
	if f.narrow != nil {
		return checkTokens(f.narrow, uint32(f.header.VocabSize), done)
	}
	return checkTokens(f.wide, uint32(f.header.VocabSize), done)
}

// checkTokens finds tokens outside of the vocabulary.
func checkTokens[T uint16 | uint32](tokens []T, limit uint32, done func()) error {
	const part = releaseEvery / 4
	for from := 0; from < len(tokens); from += part {
		to := min(from+part, len(tokens))
		for i, t := range tokens[from:to] {
			if uint32(t) >= limit {
				return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", t, from+i, limit)
			}
		}
		done()
	}
	return nil
}

// Header returns what the file says about its tokens.
func (f *File) Header() Header { return f.header }

// Docs returns the number of documents.
func (f *File) Docs() int { return len(f.starts) - 1 }

// Len returns the number of tokens of a document, without end-of-text.
func (f *File) Len(doc int) int { return int(f.starts[doc+1] - f.starts[doc]) }

// ID returns the name of a document.
func (f *File) ID(doc int) ID { return ID(f.ids[16*doc : 16*doc+16]) }

// Read fills dst with the tokens of a document from position from on. It
// panics if there are fewer than len(dst).
func (f *File) Read(dst []int32, doc, from int) {
	if from < 0 || from+len(dst) > f.Len(doc) {
		panic("shard: read beyond the document")
	}
	begin := int(f.starts[doc]) + from
	if f.narrow != nil {
		for i, t := range f.narrow[begin : begin+len(dst)] {
			dst[i] = int32(t)
		}
		return
	}
	for i, t := range f.wide[begin : begin+len(dst)] {
		dst[i] = int32(t)
	}
}

// marked reports whether the mask marks token t of the file.
func (f *File) marked(t uint64) bool { return f.mask[t/64]>>(t%64)&1 != 0 }

// Unmark replaces by -1 the tokens in dst, those of a document from position
// from on, that the mask does not mark. It panics without a mask.
func (f *File) Unmark(dst []int32, doc, from int) {
	for i := range dst {
		if !f.marked(f.starts[doc] + uint64(from+i)) {
			dst[i] = -1
		}
	}
}

// Release lets go of the memory of the pages that were read, which the system
// otherwise counts as the program's; they come back when they are read again.
// Goroutines may read meanwhile.
func (f *File) Release() { release(f.mapping.Bytes()) }

// Close ends the mapping. Nothing of the file may be used after it.
func (f *File) Close() error {
	f.narrow, f.wide, f.mask, f.starts, f.ids = nil, nil, nil, nil, nil
	return f.mapping.Close()
}
