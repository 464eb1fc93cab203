package segment

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Matches calls found for each document that was kept and has at least one of the
// band keys at its place: with the number of kept documents before it in the
// segment, and how many keys are equal. It reads the bands alone. Keys of 0 match
// nothing.
func Matches(dir string, number int, keys []uint64, found func(kept int64, equal int)) (err error) {
	if len(keys) == 0 {
		return nil
	}
	path := fileName(dir, number, bandsKind)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := bufio.NewReaderSize(f, 1<<20)
	row := make([]byte, 8*len(keys))
	for kept := int64(0); ; kept++ {
		switch _, err := io.ReadFull(in, row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		}
		equal := 0
		for i, key := range keys {
			if key != 0 && binary.LittleEndian.Uint64(row[8*i:]) == key {
				equal++
			}
		}
		if equal > 0 {
			found(kept, equal)
		}
	}
}
