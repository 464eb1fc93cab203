package corpus

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Machine does the work of a build on single input files, for programs that
// divide a corpus among several machines. What it makes of a file is what Build
// makes of it. Goroutines share it.
type Machine struct {
	recipe  *Recipe
	shared  *shared
	sources []*openSource
}

// NewMachine loads the lists and models of a recipe's steps. The end of ctx ends
// what the Machine does. Whoever calls it calls Close.
func NewMachine(ctx context.Context, r *Recipe, o Options) (*Machine, error) {
	if err := r.Check(); err != nil {
		return nil, r.locate(err)
	}
	b := &build{recipe: r, o: &o, threads: r.threads()}
	pipelines, err := r.readyPipelines(&o)
	if err != nil {
		return nil, r.locate(err)
	}
	m := &Machine{recipe: r}
	for i := range r.Sources {
		spec := &r.Sources[i]
		m.sources = append(m.sources, &openSource{index: i, spec: spec, out: r.Out, named: pipelines[spec.Pipeline], byFormat: pipelines})
	}
	m.shared, err = b.newShared(ctx, r.Dedup.MinHash)
	return m, err
}

// Close gives up what documents are read with.
func (m *Machine) Close() error { return m.shared.pdfs.Close() }

// Files lists the files of the source of that index, in the order in which Build
// reads them.
func (r *Recipe) Files(ctx context.Context, index int) ([]source.File, error) {
	s := &r.Sources[index]
	o := s.listing()
	o.Without = s.written(r.Out)
	files, err := source.List(ctx, s.patterns(), o)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return files, nil
}

// PlaceOf names a record of a corpus: the source by its index in the recipe, the
// file by its index in the list of Files, and the record by how many of the file
// come before it. Places come in the order of the documents' numbers.
type PlaceOf struct {
	Source, File int
	Record       int64
}

// placeBytes is the length of a place in a rank.
const placeBytes = 2 + 4 + 8

func (p PlaceOf) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(p.Source))
	b = binary.BigEndian.AppendUint32(b, uint32(p.File))
	return binary.BigEndian.AppendUint64(b, uint64(p.Record))
}

// ParseRank returns the place of the document of that rank.
func ParseRank(rank []byte) (PlaceOf, error) {
	if len(rank) <= placeBytes {
		return PlaceOf{}, fmt.Errorf("%x is no rank of a document", rank)
	}
	b := rank[len(rank)-placeBytes:]
	be := binary.BigEndian
	return PlaceOf{int(be.Uint16(b)), int(be.Uint32(b[2:])), int64(be.Uint64(b[6:]))}, nil
}

// Made is what became of one record. It lasts until the next one.
type Made struct {
	// Rank names the document, and decides which of several duplicates stays: the
	// first in the order of bytes.
	Rank []byte
	// Line is the segment.Record, as a segment holds it.
	Line []byte
	// Text is the id of the text, Content the text, and Bands its keys for finding
	// near duplicates, if it has any; all are zero for a document that was dropped.
	Text    document.ID
	Content []byte
	Bands   []uint64
}

// Kept reports whether the steps kept the document.
func (m *Made) Kept() bool { return m.Text != document.ID{} }

// FileWorker makes documents of files, one file at a time. It is for one
// goroutine.
type FileWorker struct {
	machine *Machine
	worker  *worker
}

// Worker returns a FileWorker, one for each goroutine.
func (m *Machine) Worker() *FileWorker { return &FileWorker{m, m.shared.newWorker()} }

// Read takes all records of a file through the steps, and calls emit with each.
// file is that of Files at this place. A file that cannot be read to its end is
// no error, but told in the report; a transfer that broke is one.
func (w *FileWorker) Read(ctx context.Context, source, index int, file source.File, emit func(*Made) error) (*Report, error) {
	src := w.machine.sources[source]
	r := &fileReading{
		worker: w.worker, emit: emit, numBands: w.machine.shared.numBands,
		place: PlaceOf{Source: source, File: index}, report: Report{Source: source}, spec: src.spec,
	}
	f := feeder{segment: math.MaxInt64, emit: r.batch}
	f.begin(src)
	path, name := file.Shown()
	open := &openFile{input: &InputFile{Index: index, Name: name, Path: path}}
	open.reader, open.err = openReader(ctx, file.With(src.spec.listing()), src.reading(), reader.Position{})
	defer open.close()
	if err := f.file(ctx, open); err != nil {
		return nil, err
	}
	if err := f.send(); err != nil {
		return nil, err
	}
	return &r.report, r.store()
}
