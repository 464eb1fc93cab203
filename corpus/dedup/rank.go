package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extsort"
)

// maxDocuments bounds the documents of one corpus, since their numbers have 32
// bits and tables hold them plus one.
const maxDocuments = math.MaxUint32 - 1

// Rank says which of several duplicates stays: the one with the higher Quality;
// of equal ones that with the lower ID; of those, which have the same content,
// that with the lower Tie, such as a hash of the origin. Documents that agree
// in all of it are ranked by their numbers. A Quality that is no number is the
// lowest.
type Rank struct {
	Quality float32
	ID      document.ID
	Tie     uint64
}

// rankBytes is the length of a rank and a document's number.
const rankBytes = 4 + len(document.ID{}) + 8 + 4

// AppendKey appends bytes that sort better ranks first, as many for each rank.
func (r Rank) AppendKey(b []byte) []byte {
	quality := r.Quality + 0 // no negative zero
	bits := math.Float32bits(quality)
	switch {
	case quality != quality:
		bits = 0
	case bits>>31 == 0:
		bits |= 1 << 31
	default:
		bits = ^bits
	}
	b = binary.BigEndian.AppendUint32(b, ^bits)
	b = append(b, r.ID[:]...)
	return binary.BigEndian.AppendUint64(b, r.Tie)
}

// Ranks takes the ranks of all documents. It must not be used by several
// goroutines at a time.
type Ranks struct {
	dir    string
	sorter *extsort.Sorter
	record []byte
	n      uint32
}

// NewRanks uses about memory bytes, and files in dir. Whoever calls it calls
// Close.
func NewRanks(dir string, memory int64) (*Ranks, error) {
	s, err := extsort.New(dir, rankBytes, memory)
	if err != nil {
		return nil, err
	}
	return &Ranks{dir: dir, sorter: s}, nil
}

// Add takes the rank of the next document; the first has the number 0.
func (r *Ranks) Add(rank Rank) error {
	if r.n == maxDocuments {
		return fmt.Errorf("more than %d documents: split the corpus", uint32(maxDocuments))
	}
	r.record = rank.AppendKey(r.record[:0])
	r.record = binary.BigEndian.AppendUint32(r.record, r.n)
	r.n++
	return r.sorter.Add(r.record)
}

// Order ends the adding. The Order is the caller's to close, and may be used
// after Close of the Ranks.
func (r *Ranks) Order(ctx context.Context) (*Order, error) {
	it, err := r.sorter.Sort(ctx)
	if err != nil {
		return nil, err
	}
	t, err := newTable(r.dir, int(r.n))
	if err != nil {
		return nil, err
	}
	for place := uint32(0); ; place++ {
		record, err := it.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.set(binary.BigEndian.Uint32(record[rankBytes-4:]), place)
	}
	if err := r.sorter.Close(); err != nil { // its memory and disk are not needed any more
		return nil, errors.Join(err, t.close())
	}
	return &Order{table: t}, nil
}

// Close removes what is on disk.
func (r *Ranks) Close() error { return r.sorter.Close() }

// Order is the documents' order by rank. Goroutines may share it. It takes 4
// bytes a document, in a mapped file if that is much.
type Order struct{ table *table }

// Len returns the number of documents.
func (o *Order) Len() int { return o.table.len() }

// Of returns the place of a document, which is one of Len: 0 is the best.
func (o *Order) Of(doc uint32) uint32 { return o.table.at(doc) }

// Close gives the table up; closing again does nothing.
func (o *Order) Close() error { return o.table.close() }

// check returns an error if the document has no rank.
func (o *Order) check(doc uint32) error {
	if int64(doc) >= int64(o.Len()) {
		return fmt.Errorf("dedup: document %d has no rank; there are %d", doc, o.Len())
	}
	return nil
}
