package segment

import (
	"encoding/binary"
	"fmt"
	"path/filepath"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Hashes are the SHA-256 of a segment's files in hexadecimal.
type Hashes struct {
	Records string `json:"records"`
	Text    string `json:"text"`
	Bands   string `json:"bands"`
}

// Writer writes one segment. It must not be used by several goroutines at a
// time.
type Writer struct {
	records, text, bands *atomicfile.File
	lines                *zstd.Encoder
	texts                *s2.Writer
	keys                 []byte
	textBytes            int64
}

// Create begins the segment of that number in dir, which must exist. Callers
// say `defer w.Abort()` at once, which does nothing after Commit.
func Create(dir string, number int) (*Writer, error) {
	w := &Writer{}
	for _, f := range []struct {
		file **atomicfile.File
		kind string
	}{{&w.records, recordsKind}, {&w.text, textKind}, {&w.bands, bandsKind}} {
		file, err := atomicfile.Create(fileName(dir, number, f.kind))
		if err != nil {
			w.Abort()
			return nil, err
		}
		*f.file = file
	}
	var err error
	w.lines, err = zstd.NewWriter(w.records, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		w.Abort()
		return nil, err
	}
	w.texts = s2.NewWriter(w.text, s2.WriterConcurrency(1))
	return w, nil
}

const (
	recordsKind = "records.zst"
	textKind    = "text.s2"
	bandsKind   = "bands"
)

func fileName(dir string, number int, kind string) string {
	return filepath.Join(dir, fmt.Sprintf("%06d.%s", number, kind))
}

// Add appends a record, as Record.AppendLine gives it, and of one that is kept
// its text and band keys: as many for each record, or none. It keeps nothing of
// its arguments.
func (w *Writer) Add(line, text []byte, bands []uint64) error {
	if _, err := w.lines.Write(line); err != nil {
		return err
	}
	if _, err := w.texts.Write(text); err != nil {
		return err
	}
	w.textBytes += int64(len(text))
	w.keys = w.keys[:0]
	for _, key := range bands {
		w.keys = binary.LittleEndian.AppendUint64(w.keys, key)
	}
	_, err := w.bands.Write(w.keys)
	return err
}

// TextBytes returns the length of the texts so far.
func (w *Writer) TextBytes() int64 { return w.textBytes }

// Commit makes the segment complete. The records come last: a segment without
// them is not there.
func (w *Writer) Commit() (Hashes, error) {
	var h Hashes
	err := w.texts.Close()
	if err == nil {
		h.Text, err = w.text.Commit()
	}
	if err == nil {
		h.Bands, err = w.bands.Commit()
	}
	if err == nil {
		err = w.lines.Close()
	}
	if err == nil {
		h.Records, err = w.records.Commit()
	}
	if err != nil {
		w.Abort()
		return Hashes{}, err
	}
	return h, nil
}

// Abort gives the segment up. It does nothing after Commit.
func (w *Writer) Abort() {
	for _, f := range []*atomicfile.File{w.records, w.text, w.bands} {
		if f != nil {
			f.Abort()
		}
	}
}
