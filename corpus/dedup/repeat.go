package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/corpus/extsort"
)

// repeatBytes is the length of a hash with a document's number.
const repeatBytes = 8 + 4

// Repeats finds the hashes that several documents have: of lines, paragraphs or
// passages. Hashes have 64 bits and count as the text that they are of: among n
// different texts about n²/2⁶⁵ pairs are taken for equal. It must not be used by
// several goroutines at a time.
type Repeats struct {
	dir     string
	memory  int64
	sorter  *extsort.Sorter
	records []byte
}

// NewRepeats uses about memory bytes, and files in dir: 12 for each hash of a
// document, up to twice, and 12 more for each that is marked. Whoever calls it
// calls Close.
func NewRepeats(dir string, memory int64) (*Repeats, error) {
	s, err := extsort.New(dir, repeatBytes, memory/2) // the other half is for the marks
	if err != nil {
		return nil, err
	}
	return &Repeats{dir: dir, memory: memory / 2, sorter: s}, nil
}

// Add says which hashes a document has, in any order. It may be called several
// times for one document.
func (r *Repeats) Add(doc uint32, hashes []uint64) error {
	r.records = r.records[:0]
	for _, h := range hashes {
		r.records = binary.BigEndian.AppendUint64(r.records, h)
		r.records = binary.BigEndian.AppendUint32(r.records, doc)
	}
	return r.sorter.Add(r.records)
}

// Later ends the adding and marks the hashes in every document but the best
// ranked of those that have them.
func (r *Repeats) Later(ctx context.Context, order *Order) (*Marks, error) {
	return r.marks(ctx, order)
}

// Shared ends the adding and marks the hashes that several documents have, in
// all of those.
func (r *Repeats) Shared(ctx context.Context) (*Marks, error) { return r.marks(ctx, nil) }

// marks goes through the sorted hashes. Without an order it is Shared.
func (r *Repeats) marks(ctx context.Context, order *Order) (*Marks, error) {
	it, err := r.sorter.Sort(ctx)
	if err != nil {
		return nil, err
	}
	to, err := extsort.New(r.dir, repeatBytes, r.memory)
	if err != nil {
		return nil, err
	}
	c := collector{to: to, order: order}
	err = c.collect(it)
	if err == nil {
		err = r.sorter.Close() // its memory and disk are not needed any more
	}
	if err != nil {
		return nil, errors.Join(err, to.Close())
	}
	sorted, err := to.Sort(ctx)
	if err != nil {
		return nil, errors.Join(err, to.Close())
	}
	return &Marks{sorter: to, it: sorted}, nil
}

// collector adds the marked documents, with their hashes, to another sorter.
type collector struct {
	to    *extsort.Sorter
	order *Order
	hash  uint64
	// best is the document that is not marked, if there is an order; else the
	// first with the hash, which is not marked while it is alone.
	best  uint32
	alone bool
	buf   [repeatBytes]byte
}

func (c *collector) collect(it *extsort.Iterator) error {
	var last uint32
	for first := true; ; first = false {
		record, err := it.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		hash, doc := binary.BigEndian.Uint64(record), binary.BigEndian.Uint32(record[8:])
		switch {
		case first || hash != c.hash:
			c.hash, c.best, c.alone = hash, doc, true
		case doc != last:
			if err := c.meet(doc); err != nil {
				return err
			}
		}
		last = doc
	}
}

// meet is told of each document with the hash but the first.
func (c *collector) meet(doc uint32) error {
	if c.order == nil {
		if c.alone {
			c.alone = false
			if err := c.mark(c.best); err != nil {
				return err
			}
		}
		return c.mark(doc)
	}
	if err := errors.Join(c.order.check(c.best), c.order.check(doc)); err != nil {
		return err
	}
	if c.order.Of(doc) < c.order.Of(c.best) {
		c.best, doc = doc, c.best
	}
	return c.mark(doc)
}

func (c *collector) mark(doc uint32) error {
	binary.BigEndian.PutUint32(c.buf[:], doc)
	binary.BigEndian.PutUint64(c.buf[4:], c.hash)
	return c.to.Add(c.buf[:])
}

// Close removes what is on disk, but for Marks.
func (r *Repeats) Close() error { return r.sorter.Close() }

// Marks are the documents with marked hashes, by number. They must not be used by
// several goroutines at a time, and are the caller's to close.
type Marks struct {
	sorter *extsort.Sorter
	it     *extsort.Iterator
	// ahead is a record that was read and belongs to the next document.
	ahead  bool
	doc    uint32
	hash   uint64
	hashes []uint64
}

// Next returns the next document that has marked hashes and those, ascending and
// each once; they are valid until the next call. The end is io.EOF.
func (m *Marks) Next() (doc uint32, hashes []uint64, err error) {
	m.hashes = m.hashes[:0]
	if !m.ahead {
		if err := m.read(); err != nil {
			return 0, nil, err
		}
	}
	doc, m.hashes = m.doc, append(m.hashes, m.hash)
	for {
		err := m.read()
		if m.ahead = err == nil; !m.ahead && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		if !m.ahead || m.doc != doc {
			return doc, m.hashes, nil
		}
		m.hashes = append(m.hashes, m.hash) // a collector marks each once
	}
}

func (m *Marks) read() error {
	record, err := m.it.Next()
	if err != nil {
		return err
	}
	m.doc, m.hash = binary.BigEndian.Uint32(record), binary.BigEndian.Uint64(record[4:])
	return nil
}

// Close removes what is on disk.
func (m *Marks) Close() error { return m.sorter.Close() }
