// Package dedup finds what a corpus holds more than once: equal documents, near
// ones, and lines, paragraphs and passages that several documents share. What
// stays of several copies is that of the document with the best Rank, so the
// result does not depend on the order of documents, nor on threads.
//
// Documents have numbers, which the caller gives: 0, 1, 2 and so on. Memory is
// bounded whatever their number; what grows with it is on disk.
package dedup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/corpus/extsort"
)

// TextHash is what equal texts have in common, for Clusters with keys of 16
// bytes: the first half of a SHA-256.
func TextHash(text []byte) [16]byte {
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// BandBytes is the length of the keys that AddBands adds.
const BandBytes = 8

// Clusters puts documents that have a key in common into one cluster, and so on
// through chains of them. It must not be used by several goroutines at a time.
type Clusters struct {
	dir      string
	keyBytes int
	sorter   *extsort.Sorter
	records  []byte
	without  func(doc uint32) bool
}

// NewClusters is for keys of keyBytes. It uses about memory bytes, and files in
// dir: keyBytes+4 for each key and document, up to twice, and in the end 8 for
// each document. Whoever calls it calls Close.
func NewClusters(dir string, keyBytes int, memory int64) (*Clusters, error) {
	s, err := extsort.New(dir, keyBytes+4, memory)
	if err != nil {
		return nil, err
	}
	return &Clusters{dir: dir, keyBytes: keyBytes, sorter: s}, nil
}

// Add says that a document has a key, of the length that NewClusters was told.
func (c *Clusters) Add(doc uint32, key []byte) error {
	c.records = append(c.records[:0], key...)
	c.records = binary.BigEndian.AppendUint32(c.records, doc)
	return c.sorter.Add(c.records)
}

// AddBands says which bands a document has (see Signer). Keys are of BandBytes.
func (c *Clusters) AddBands(doc uint32, bands []uint64) error {
	c.records = c.records[:0]
	for _, band := range bands {
		c.records = binary.BigEndian.AppendUint64(c.records, band)
		c.records = binary.BigEndian.AppendUint32(c.records, doc)
	}
	return c.sorter.Add(c.records)
}

// Without leaves out documents that have gone before: they are not among the Duplicates
// and no Size counts them, but what they have in common with others still joins these. It
// is called before Duplicates. A document that has gone must not be the best of its
// cluster.
func (c *Clusters) Without(gone func(doc uint32) bool) { c.without = gone }

// Duplicates ends the adding and returns the documents that go. It may be called
// once; the result is the caller's to close, and may be used after Close of the
// Clusters.
func (c *Clusters) Duplicates(ctx context.Context, order *Order) (*Duplicates, error) {
	it, err := c.sorter.Sort(ctx)
	if err != nil {
		return nil, err
	}
	sets, err := newSets(c.dir, order)
	if err != nil {
		return nil, err
	}
	err = c.unite(it, sets)
	if err == nil {
		err = c.sorter.Close() // its memory and disk are not needed any more
	}
	if err == nil {
		err = sets.finish(ctx, c.without)
	}
	if err != nil {
		return nil, errors.Join(err, sets.close())
	}
	return &Duplicates{sets: sets, without: c.without}, nil
}

// unite goes through the sorted keys.
func (c *Clusters) unite(it *extsort.Iterator, sets *sets) error {
	var key []byte
	var last uint32
	for first := true; ; first = false {
		record, err := it.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		doc := binary.BigEndian.Uint32(record[c.keyBytes:])
		if err := sets.order.check(doc); err != nil {
			return err
		}
		if !first && bytes.Equal(record[:c.keyBytes], key) {
			sets.unite(last, doc)
		}
		key, last = append(key[:0], record[:c.keyBytes]...), doc
	}
}

// Close removes what is on disk.
func (c *Clusters) Close() error { return c.sorter.Close() }

// Duplicate is a document that goes.
type Duplicate struct {
	Doc uint32
	// Keeper is the document of the cluster that stays, the one of best rank.
	Keeper uint32
	// Size is the number of documents in the cluster, the keeper included and those that
	// had gone before not.
	Size uint32
}

// Duplicates are the documents that go, by number. They must not be used by
// several goroutines at a time.
type Duplicates struct {
	sets    *sets
	next    uint32
	without func(doc uint32) bool
}

// Next returns the next document that goes, or io.EOF.
func (d *Duplicates) Next() (Duplicate, error) {
	for int(d.next) < d.sets.order.Len() {
		doc := d.next
		d.next++
		if keeper := d.sets.find(doc); keeper != doc && (d.without == nil || !d.without(doc)) {
			return Duplicate{Doc: doc, Keeper: keeper, Size: d.sets.size.at(keeper) + 1}, nil
		}
	}
	return Duplicate{}, io.EOF
}

// Close gives the tables up; closing again does nothing.
func (d *Duplicates) Close() error { return d.sets.close() }
