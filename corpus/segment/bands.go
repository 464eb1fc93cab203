package segment

import (
	"bufio"
	"fmt"
	"os"
)

// BandReader reads the band keys of a segment alone. It must not be used by
// several goroutines at a time.
type BandReader struct {
	path string
	file *os.File
	r    Reader
}

// OpenBands opens the band keys of the segment of that number in dir, of which
// each document that was kept has n.
func OpenBands(dir string, number, n int) (*BandReader, error) {
	path := fileName(dir, number, bandsKind)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &BandReader{path: path, file: f, r: Reader{bands: bufio.NewReaderSize(f, 64<<10), keys: make([]uint64, n)}}, nil
}

// Next returns the keys of the next document that was kept, which last until the
// next call.
func (b *BandReader) Next() ([]uint64, error) {
	if err := b.r.readBands(); err != nil {
		return nil, fmt.Errorf("%s: %w", b.path, err)
	}
	return b.r.keys, nil
}

// Close closes the file.
func (b *BandReader) Close() error { return b.file.Close() }
