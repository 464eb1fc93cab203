package dedup

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// inMemory is the size from which on a table is in a mapped file, in bytes.
const inMemory = 1 << 20

// table is a number for each document, zeros at first. A large one is in a file
// that is mapped, so the system decides how much of it is in memory. The file has
// no name any more where the system allows that, and all of its bytes have been
// written, so a full disk is an error here and not a fault later.
type table struct {
	data  []byte
	unmap func() error // nil for ordinary memory
}

func newTable(dir string, n int) (*table, error) {
	if n > math.MaxInt/4 {
		return nil, fmt.Errorf("a table of %d documents is larger than the address space", n)
	}
	size := 4 * n
	if size < inMemory {
		return &table{data: make([]byte, size)}, nil
	}
	file, err := atomicfile.CreateScratch(dir)
	if err != nil {
		return nil, fmt.Errorf("a table of %d documents: %w", n, err)
	}
	zeros := make([]byte, inMemory)
	for at := 0; at < size && err == nil; at += len(zeros) {
		_, err = file.Write(zeros[:min(len(zeros), size-at)])
	}
	t := &table{}
	if err == nil {
		t.data, t.unmap, err = mapShared(file, size)
	}
	if err != nil {
		_ = file.Close() // the first error says more
		return nil, fmt.Errorf("a table of %d documents: %w", n, err)
	}
	return t, nil
}

// close gives the memory and the file up; closing again does nothing.
func (t *table) close() error {
	unmap := t.unmap
	t.data, t.unmap = nil, nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

func (t *table) len() int { return len(t.data) / 4 }

func (t *table) at(i uint32) uint32 { return binary.LittleEndian.Uint32(t.data[4*int(i):]) }

func (t *table) set(i, v uint32) { binary.LittleEndian.PutUint32(t.data[4*int(i):], v) }
