package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Batches of records that a worker takes at a time.
const (
	batchBytes = 1 << 20
	batchItems = 1024
)

// feeder reads the sources' files in order and cuts the records into segments
// and batches. Where it cuts depends on the records alone.
type feeder struct {
	sources []*openSource
	segment int64 // bytes of content
	emit    func(*batch) error

	number int // of the segment
	bytes  int64
	noted  int64 // what the summary says of the files that ended
	batch  *batch
}

// feed reads from a place in a source on to the end of the last one. open is the
// file that was read in part.
func (f *feeder) feed(ctx context.Context, from int, place Place, open *InputFile) error {
	for i := from; i < len(f.sources); i++ {
		if err := f.source(ctx, i, place, open); err != nil {
			return err
		}
		place, open = Place{}, nil
	}
	return nil
}

func (f *feeder) source(ctx context.Context, index int, place Place, open *InputFile) error {
	src := f.sources[index]
	f.begin(src)
	next := opener{ctx: ctx, source: src}
	defer next.close()
	next.start(place.File, place.Position)
	for i := place.File; i < len(src.files) && !src.full.Load(); i++ {
		file := next.take()
		if i+1 < len(src.files) {
			next.start(i+1, reader.Position{})
		}
		if open != nil {
			if err := file.goesOn(open); err != nil {
				file.close()
				return err
			}
			file.input, open = open, nil
		}
		err := f.file(ctx, file)
		file.close()
		if err != nil {
			return err
		}
	}
	if src.full.Load() { // the collector has ended the segment
		f.number++
		f.bytes, f.noted = 0, 0
		return nil
	}
	if last := len(f.sources)-1 == index; f.bytes > 0 || f.noted > 0 {
		return f.cut(Place{Last: last, File: len(src.files)})
	}
	return nil
}

func (f *feeder) begin(src *openSource) {
	f.batch = &batch{segment: f.number, source: src}
}

// file reads one file to its end.
func (f *feeder) file(ctx context.Context, file *openFile) error {
	if file.err != nil {
		return f.ended(ctx, file, file.err)
	}
	for !f.batch.source.full.Load() {
		record, err := file.next()
		it := item{file: file.input, record: record, stored: storedAt(file.reader.Position())}
		var bad *reader.BadRecord
		var skipped *reader.Skipped
		switch {
		case err == nil:
		case errors.As(err, &bad):
			it.bad = bad
		case errors.As(err, &skipped):
			it.skip = skipped.Reason
		default:
			return f.ended(ctx, file, err)
		}
		if err := f.add(it, file); err != nil {
			return err
		}
	}
	return nil
}

// add takes one record, and cuts where that is due.
func (f *feeder) add(it item, file *openFile) error {
	const each = 64 // what an item without content counts
	size := int64(each)
	if it.record != nil {
		size += int64(len(it.record.Content))
	}
	f.batch.items = append(f.batch.items, it)
	f.batch.bytes += size
	f.bytes += size
	switch {
	case f.bytes >= f.segment:
		return f.cut(Place{File: file.input.Index, Position: file.reader.Position()})
	case f.batch.bytes >= batchBytes || len(f.batch.items) >= batchItems:
		return f.send()
	}
	return nil
}

// cut ends the segment.
func (f *feeder) cut(end Place) error {
	f.batch.end = &end
	f.number++
	f.bytes, f.noted = 0, 0
	return f.send()
}

func (f *feeder) send() error {
	b := f.batch
	f.begin(b.source)
	return f.emit(b)
}

// ended notes the end of a file. A damaged file does not end the build, what may
// be well again tomorrow does.
func (f *feeder) ended(ctx context.Context, file *openFile, err error) error {
	it := item{file: file.input, ended: true}
	if !errors.Is(err, io.EOF) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, source.ErrChanged), errors.Is(err, source.ErrTransfer):
			return err
		case f.batch.source.spec.Mixed && errors.Is(err, reader.ErrFormat):
			f.batch.items = append(f.batch.items, item{file: file.input, skip: otherFormat})
		default:
			it.failed = strings.TrimPrefix(err.Error(), file.input.Path+": ")
		}
	}
	f.batch.items = append(f.batch.items, it)
	return f.note(&it)
}

// mostNoted is how much a segment's summary may say of files, half of what can be
// read of one.
var mostNoted int64 = maxMark / 2

// note counts a file that ended, and cuts where the summary would become too long:
// of files that hold little or nothing, many go into a segment.
func (f *feeder) note(it *item) error {
	const each = 512 // what a file of short names takes
	f.noted += each + 2*int64(len(it.file.Name)+len(it.file.Path)+len(it.failed))
	switch last := it.file.Index+1 >= len(f.batch.source.files); {
	case f.noted >= mostNoted && !last: // source cuts after the last
		return f.cut(Place{File: it.file.Index + 1})
	case len(f.batch.items) >= batchItems:
		return f.send()
	}
	return nil
}

// otherFormat is the reason in funnels for which a file of a mixed source is
// skipped.
const otherFormat = "no known format"

// openFile is a file that is being read, or why it cannot be.
type openFile struct {
	input  *InputFile
	known  bool // input is all that is to be known of it
	reader reader.Reader
	err    error
}

// goesOn reports an error if the file is not the one that was read in part, or can no
// longer be read: what is not known of it then would look like a change.
func (f *openFile) goesOn(old *InputFile) error {
	if f.known {
		if err := f.input.sameAs(old); err != nil {
			return err
		}
	}
	return f.err
}

// next keeps a panic in a parser from ending the program: it ends the file.
func (f *openFile) next() (r *reader.Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a bug in the program: %v", p)
		}
	}()
	return f.reader.Next()
}

func (f *openFile) close() {
	if f.reader != nil {
		_ = f.reader.Close() // it was only read
	}
}

// opener opens a file while another one is read.
type opener struct {
	ctx     context.Context
	source  *openSource
	pending chan *openFile
}

func (o *opener) start(index int, from reader.Position) {
	if index >= len(o.source.files) {
		return
	}
	out := make(chan *openFile, 1)
	o.pending = out
	go func() { out <- o.open(index, from) }()
}

func (o *opener) open(index int, from reader.Position) *openFile {
	file := o.source.files[index]
	f := &openFile{}
	f.input, f.err = o.source.newInput(o.ctx, index)
	if f.known = f.err == nil; f.known {
		f.reader, f.err = openReader(o.ctx, file, o.source.reading(), from)
	}
	return f
}

// openReader keeps a panic in a parser from ending the program.
func openReader(ctx context.Context, file source.File, o reader.Options, from reader.Position) (r reader.Reader, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a bug in the program: %v", p)
		}
	}()
	return reader.Open(ctx, file, o, from)
}

func (o *opener) take() *openFile {
	f := <-o.pending
	o.pending = nil
	return f
}

func (o *opener) close() {
	if o.pending != nil {
		o.take().close()
	}
}
