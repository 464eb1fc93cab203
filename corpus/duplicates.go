package corpus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"sort"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// duplicates is a mapped file of the documents that go because others stay:
// number, that of the one that stays, and how many are alike, 4 bytes each, by
// number. Goroutines may share it until it is closed.
type duplicates struct {
	mapping *tensor.Mapping
	rows    []byte
}

const duplicateRow = 12

func duplicatesPath(dir, kind string) string { return filepath.Join(dir, kind+".duplicates") }

// writeDuplicates stores what a clustering found, and returns the hash of the
// file and how many documents go, by the binary logarithm of how many are alike.
func writeDuplicates(ctx context.Context, dir, kind string, found *dedup.Duplicates) (hash string, sizes []int64, err error) {
	hash, err = atomicfile.Write(duplicatesPath(dir, kind), func(w io.Writer) error {
		var row [duplicateRow]byte
		for n := 0; ; n++ {
			if n%4096 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			d, err := found.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			binary.LittleEndian.PutUint32(row[:], d.Doc)
			binary.LittleEndian.PutUint32(row[4:], d.Keeper)
			binary.LittleEndian.PutUint32(row[8:], d.Size)
			if _, err := w.Write(row[:]); err != nil {
				return err
			}
			bin := bits.Len32(d.Size) - 1
			for len(sizes) <= bin {
				sizes = append(sizes, 0)
			}
			sizes[bin]++
		}
	})
	return hash, sizes, err
}

func openDuplicates(dir, kind string) (*duplicates, error) {
	path := duplicatesPath(dir, kind)
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	d := &duplicates{mapping: m, rows: m.Bytes()}
	if len(d.rows)%duplicateRow != 0 {
		_ = m.Close() // the other error matters
		return nil, fmt.Errorf("%s: the file is damaged; build with --fresh", path)
	}
	return d, nil
}

// keeper returns the document that stays in the place of that one; ok is false
// if it has no better duplicate. A nil d has none.
func (d *duplicates) keeper(number uint32) (keeper uint32, ok bool) {
	if d == nil {
		return 0, false
	}
	n := len(d.rows) / duplicateRow
	at := sort.Search(n, func(i int) bool { return binary.LittleEndian.Uint32(d.rows[i*duplicateRow:]) >= number })
	if at == n || binary.LittleEndian.Uint32(d.rows[at*duplicateRow:]) != number {
		return 0, false
	}
	return binary.LittleEndian.Uint32(d.rows[at*duplicateRow+4:]), true
}

func (d *duplicates) close() error { return d.mapping.Close() }
