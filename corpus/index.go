package corpus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"sort"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extsort"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

const (
	indexStage   = "index"
	indexVersion = 1
	indexFile    = "ids"
	// indexRow is an id of a document or of its text, and the document's number,
	// big-endian.
	indexRow = len(document.ID{}) + 4
)

// index writes which documents have an id, or a text of that id after all stages,
// sorted by id.
func (b *build) index(ctx context.Context, v *view) error {
	s, done, err := b.stage(indexStage, indexVersion, struct{}{}, v.output)
	if err != nil || done != nil {
		return err
	}
	if err := s.again(); err != nil {
		return err
	}
	b.watch.stage(indexStage)
	sorter, err := extsort.New(s.dir, indexRow, b.memory(2))
	if err != nil {
		return err
	}
	defer sorter.Close()
	var rows []byte
	err = v.allFacts(ctx, 0, &b.watch, func(e *entry) error {
		rows = appendRow(rows[:0], e.fact.id, e.number)
		if e.fact.text != e.fact.id {
			rows = appendRow(rows, e.fact.text, e.number)
		}
		return sorter.Add(rows)
	})
	if err != nil {
		return err
	}
	sorted, err := sorter.Sort(ctx)
	if err != nil {
		return err
	}
	hash, err := atomicfile.Write(filepath.Join(s.dir, indexFile), func(w io.Writer) error {
		for {
			row, err := sorted.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := w.Write(row); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	_, err = s.finish(hash)
	return err
}

// appendRow appends a row for an id; bad records, and texts that were dropped,
// have none.
func appendRow(rows []byte, id document.ID, number uint32) []byte {
	if id == (document.ID{}) {
		return rows
	}
	return binary.BigEndian.AppendUint32(append(rows, id[:]...), number)
}

// lookup returns the numbers of the documents that have the id, or whose text
// has, in order.
func lookup(work string, id document.ID) ([]uint32, error) {
	m, err := tensor.Map(filepath.Join(work, indexStage, indexFile))
	if err != nil {
		return nil, err
	}
	defer m.Close()
	rows := m.Bytes()
	n := len(rows) / indexRow
	at := sort.Search(n, func(i int) bool { return bytes.Compare(rows[i*indexRow:i*indexRow+len(id)], id[:]) >= 0 })
	var numbers []uint32
	for ; at < n; at++ {
		row := rows[at*indexRow : (at+1)*indexRow]
		if !bytes.Equal(row[:len(id)], id[:]) {
			break
		}
		numbers = append(numbers, binary.BigEndian.Uint32(row[len(id):]))
	}
	return numbers, nil
}
