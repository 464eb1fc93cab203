package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// edits are the documents that a stage changed or dropped: for each segment that
// has any a segment of the same number, and beside it their numbers, 4 bytes
// each.
type edits struct {
	stage string
	dir   string
}

func (e *edits) numbersPath(number int) string {
	return filepath.Join(e.dir, fmt.Sprintf("%06d.numbers", number))
}

// editWriter writes the edits of one segment after the other.
type editWriter struct {
	*edits
	number  int // of the segment; -1 before the first
	writer  *segment.Writer
	numbers []byte
	line    []byte
	chain   []byte // the files so far, as in stageDone.Chain
}

// add stores d, the document of that number in a segment as it is now. Segments
// and documents come in order.
func (w *editWriter) add(segmentNumber int, number uint32, d *document.Document, content int64) error {
	if w.writer == nil || w.number != segmentNumber {
		if err := w.finish(); err != nil {
			return err
		}
		writer, err := segment.Create(w.dir, segmentNumber)
		if err != nil {
			return err
		}
		w.writer, w.number, w.numbers = writer, segmentNumber, w.numbers[:0]
	}
	rec := segment.NewRecord(d, content)
	text := d.Text()
	if d.Drop != nil {
		text = nil
	}
	var err error
	if w.line, err = rec.AppendLine(w.line[:0]); err != nil {
		return err
	}
	w.numbers = binary.LittleEndian.AppendUint32(w.numbers, number)
	return w.writer.Add(w.line, text, nil)
}

// finish completes the segment that is being written.
func (w *editWriter) finish() error {
	if w.writer == nil {
		return nil
	}
	writer := w.writer
	w.writer = nil
	hash, err := atomicfile.WriteBytes(w.numbersPath(w.number), w.numbers)
	if err != nil {
		writer.Abort()
		return err
	}
	hashes, err := writer.Commit()
	if err != nil {
		return err
	}
	w.chain = fmt.Appendf(w.chain, "%06[1]d.numbers %[2]s\n%06[1]d.records.zst %[3]s\n%06[1]d.text.s2 %[4]s\n",
		w.number, hash, hashes.Records, hashes.Text)
	return nil
}

func (w *editWriter) abort() {
	if w.writer != nil {
		w.writer.Abort()
	}
}

// editCursor reads the edits of one segment beside its documents.
type editCursor struct {
	stage   string
	numbers []byte
	reader  *segment.Reader // nil if the segment has no edits
}

func (e *edits) open(number int, text bool) (*editCursor, error) {
	c := &editCursor{stage: e.stage}
	numbers, err := os.ReadFile(e.numbersPath(number))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.numbers = numbers
	c.reader, err = segment.Open(e.dir, number, segment.Parts{Text: text})
	return c, err
}

// apply changes the entry if the stage did. Entries come in order.
func (c *editCursor) apply(e *entry) error {
	for len(c.numbers) >= 4 && binary.LittleEndian.Uint32(c.numbers) <= e.number {
		number := binary.LittleEndian.Uint32(c.numbers)
		c.numbers = c.numbers[4:]
		var rec segment.Record
		text, _, err := c.reader.Next(&rec)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: the stage's files do not fit together; build with --fresh", c.stage)
		}
		if err != nil {
			return err
		}
		if number < e.number { // a document that a later stage's reader was not asked for
			continue
		}
		e.record, e.fact, e.text = &rec, factOf(&rec), text
		if !rec.Kept() {
			e.gone = c.stage
		}
	}
	return nil
}

func (c *editCursor) close() {
	if c.reader != nil {
		_ = c.reader.Close() // it was only read
	}
}
