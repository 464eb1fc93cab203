package segment

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// maxLine bounds a record's line: metadata, cuts and hits.
const maxLine = 16 << 20

// Parts says what of a segment is read.
type Parts struct {
	// Text reads the texts of the documents that were kept.
	Text bool
	// Bands is the number of band keys of each document that was kept; 0 reads
	// none. A document with too few words has none, which are stored as zeros.
	Bands int
}

// Reader reads the records of one segment in order. It must not be used by
// several goroutines at a time.
type Reader struct {
	path  string
	files []*os.File
	lines *bufio.Scanner
	zstd  *zstd.Decoder
	texts io.Reader
	bands *bufio.Reader
	text  []byte
	keys  []uint64
}

// Open opens the segment of that number in dir.
func Open(dir string, number int, parts Parts) (*Reader, error) {
	r := &Reader{path: fileName(dir, number, recordsKind)}
	if err := r.open(dir, number, parts); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) open(dir string, number int, parts Parts) error {
	records, err := r.file(r.path)
	if err != nil {
		return err
	}
	r.zstd, err = zstd.NewReader(records, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	r.lines = bufio.NewScanner(r.zstd)
	r.lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	if parts.Text {
		f, err := r.file(fileName(dir, number, textKind))
		if err != nil {
			return err
		}
		r.texts = s2.NewReader(f)
	}
	if parts.Bands > 0 {
		f, err := r.file(fileName(dir, number, bandsKind))
		if err != nil {
			return err
		}
		r.bands, r.keys = bufio.NewReaderSize(f, 64<<10), make([]uint64, parts.Bands)
	}
	return nil
}

func (r *Reader) file(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err == nil {
		r.files = append(r.files, f)
	}
	return f, err
}

// Next reads the next record into rec, its text and its band keys if they are
// read and the document was kept. It returns io.EOF after the last one. Text
// and keys last until the next call.
func (r *Reader) Next(rec *Record) (text []byte, bands []uint64, err error) {
	if !r.lines.Scan() {
		if err := r.lines.Err(); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", r.path, err)
		}
		return nil, nil, io.EOF
	}
	if err := rec.parse(r.lines.Bytes()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.path, err)
	}
	if !rec.Kept() {
		return nil, nil, nil
	}
	if r.texts != nil {
		if text, err = r.readText(rec); err != nil {
			return nil, nil, fmt.Errorf("%s: text of document %s: %w", r.path, rec.ID, err)
		}
	}
	if r.bands != nil {
		if err := r.readBands(); err != nil {
			return nil, nil, fmt.Errorf("%s: band keys of document %s: %w", r.path, rec.ID, err)
		}
		bands = r.keys
	}
	return text, bands, nil
}

func (r *Reader) readBands() error {
	var b [8]byte
	for i := range r.keys {
		if _, err := io.ReadFull(r.bands, b[:]); err != nil {
			return err
		}
		r.keys[i] = binary.LittleEndian.Uint64(b[:])
	}
	return nil
}

// readText reads a text piece by piece, so that a wrong length in a damaged file
// takes no memory.
func (r *Reader) readText(rec *Record) ([]byte, error) {
	if rec.TextBytes < 0 || rec.TextBytes > document.MaxBytes {
		return nil, fmt.Errorf("%d bytes are out of range", rec.TextBytes)
	}
	n := int(rec.TextBytes)
	r.text = r.text[:0]
	for len(r.text) < n {
		at := len(r.text)
		r.text = slices.Grow(r.text, min(n-at, 1<<20))[:at+min(n-at, 1<<20)]
		if _, err := io.ReadFull(r.texts, r.text[at:]); err != nil {
			return nil, err
		}
	}
	return r.text, nil
}

// Close closes the files.
func (r *Reader) Close() error {
	if r.zstd != nil {
		r.zstd.Close()
	}
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Verify compares the files of a segment with their hashes. An error names the
// file.
func Verify(dir string, number int, want Hashes) error {
	for _, f := range []struct{ kind, want string }{
		{recordsKind, want.Records}, {textKind, want.Text}, {bandsKind, want.Bands},
	} {
		path := fileName(dir, number, f.kind)
		got, err := atomicfile.Hash(path)
		if err != nil {
			return err
		}
		if got != f.want {
			return fmt.Errorf("%s: the file was changed since it was written: its SHA-256 is %s and not %s", path, got, f.want)
		}
	}
	return nil
}
