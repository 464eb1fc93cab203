package corpus

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// fact is what most stages need to know of a document. Facts lie in a file beside
// the segment, one row a document, so that its records need not be parsed.
type fact struct {
	id      document.ID
	text    document.ID // of the text; zero if the document was dropped or is bad
	quality float32
	bytes   uint32 // of the text
}

// factRow is the length of a row: the fields in order, little-endian.
const factRow = 16 + 16 + 4 + 4

func factsPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%06d.facts", number))
}

func (f *fact) kept() bool { return f.text != document.ID{} }

func (f *fact) appendTo(b []byte) []byte {
	b = append(append(b, f.id[:]...), f.text[:]...)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f.quality))
	return binary.LittleEndian.AppendUint32(b, f.bytes)
}

func (f *fact) parse(row []byte) {
	copy(f.id[:], row)
	copy(f.text[:], row[16:])
	f.quality = math.Float32frombits(binary.LittleEndian.Uint32(row[32:]))
	f.bytes = binary.LittleEndian.Uint32(row[36:])
}

// factOf takes the fact out of a record.
func factOf(r *segment.Record) fact {
	f := fact{quality: r.Quality, bytes: uint32(r.TextBytes)}
	f.id, _ = document.ParseID(r.ID)     // ingest wrote it
	f.text, _ = document.ParseID(r.Text) // "" is zero
	return f
}

// factsOf calls do with the documents of a segment in order, without their texts,
// and with records only where a stage edited them. bands is the number of band
// keys that are read; 0 reads none.
func (v *view) factsOf(ctx context.Context, number, bands int, do func(*entry) error) error {
	path := factsPath(v.dir, number)
	m, err := tensor.Map(path)
	if err != nil {
		return err
	}
	defer m.Close()
	rows, at := m.Bytes(), v.segments[number]
	if int64(len(rows)) != factRow*at.count {
		return fmt.Errorf("%s: the file is damaged: it does not hold %d documents; build with --fresh", path, at.count)
	}
	changes, err := v.changes(number, false)
	if err != nil {
		return err
	}
	defer closeAll(changes)
	var keys *segment.BandReader
	if bands > 0 {
		if keys, err = segment.OpenBands(v.dir, number, bands); err != nil {
			return err
		}
		defer keys.Close()
	}
	e := entry{source: at.source}
	for i := range at.count {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e.number, e.record, e.bands = uint32(at.first+i), nil, nil
		e.fact.parse(rows[i*factRow:])
		if keys != nil && e.fact.kept() {
			if e.bands, err = keys.Next(); err != nil {
				return err
			}
		}
		if err := v.settle(&e, changes); err != nil {
			return err
		}
		if err := do(&e); err != nil {
			return err
		}
	}
	return nil
}

// allFacts is factsOf for all segments, and tells the share that is done.
func (v *view) allFacts(ctx context.Context, bands int, w *watch, do func(*entry) error) error {
	for i := range v.segments {
		if err := v.factsOf(ctx, i, bands, do); err != nil {
			return err
		}
		w.share(int64(i+1), int64(len(v.segments)))
	}
	return nil
}

// writeFacts stores the rows of a segment and returns the SHA-256 of the file.
func writeFacts(dir string, number int, rows []byte) (string, error) {
	return atomicfile.WriteBytes(factsPath(dir, number), rows)
}
