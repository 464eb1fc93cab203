package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// TextsRead counts what EachText read.
type TextsRead struct {
	Files   int   `json:"files"`
	Records int64 `json:"records"`
	// Bytes is the length of all texts.
	Bytes int64 `json:"bytes"`
	// Left is the number of records that are no text or cannot be read, and Why the
	// first reason.
	Left int64  `json:"left_out"`
	Why  string `json:"why,omitempty"`
}

// EachText calls do with the text of every document that patterns name, as the
// sources of a recipe do, in order. The text lasts until do returns. An error of do
// ends it. Records that cannot be read are counted.
func EachText(ctx context.Context, patterns []string, do func(text []byte) error) (*TextsRead, error) {
	s := Source{Paths: patterns}
	return s.Each(ctx, func(d *document.Document) error { return do(d.Text()) })
}

// Each calls do with every document of the source as it is before the steps, until
// there is a sample of texts if the source has one. The document lasts until do
// returns. An error of do ends it. What cannot be read is counted.
func (s *Source) Each(ctx context.Context, do func(*document.Document) error) (*TextsRead, error) {
	t := texts{source: s, do: do}
	o := s.listing()
	if s.Mixed {
		o.Closed = func(path string) { t.leave(fmt.Errorf("%s may not be read", path)) }
	}
	files, err := source.List(ctx, s.patterns(), o)
	if err != nil {
		return nil, err
	}
	if s.Sample > 0 {
		byHash(files)
	}
	pool, err := pdf.New(1)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	t.worker = (&shared{ctx: ctx, pdfs: pool}).newWorker()
	for _, f := range files {
		if t.full() {
			break
		}
		if err := t.file(ctx, f); err != nil {
			return nil, err
		}
		t.read.Files++
	}
	return &t.read, nil
}

type texts struct {
	source *Source
	worker *worker
	do     func(*document.Document) error
	read   TextsRead
}

// full says that the source's sample is complete.
func (t *texts) full() bool { return t.source.Sample > 0 && t.read.Bytes >= int64(t.source.Sample) }

func (t *texts) leave(err error) {
	if t.read.Left++; t.read.Why == "" {
		t.read.Why = err.Error()
	}
}

// file reads the records of one file.
func (t *texts) file(ctx context.Context, f source.File) error {
	in, err := openReader(ctx, f, t.source.reading(), reader.Position{})
	if err != nil {
		t.leave(err)
		return context.Cause(ctx)
	}
	defer in.Close()
	for !t.full() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rec, err := in.Next()
		var bad *reader.BadRecord
		var skipped *reader.Skipped
		switch {
		case err == nil:
			if err := t.record(ctx, rec); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad), errors.As(err, &skipped):
			t.leave(err)
		default:
			t.leave(fmt.Errorf("%s: %w", f.Path, err))
			return context.Cause(ctx)
		}
	}
	return nil
}

func (t *texts) record(ctx context.Context, rec *reader.Record) error {
	t.read.Records++
	if err := rec.Resolve(); err != nil {
		t.leave(err)
		return nil
	}
	text, found, drop, err := t.worker.text(ctx, rec)
	switch {
	case err != nil:
		t.leave(fmt.Errorf("%s, record %d: %w", rec.Origin.File, rec.Origin.Record, err))
		return nil
	case drop != nil || len(text) == 0:
		t.leave(fmt.Errorf("%s, record %d: there is no text in it", rec.Origin.File, rec.Origin.Record))
		return nil
	}
	t.read.Bytes += int64(len(text))
	d := &t.worker.doc
	d.Reset(text)
	d.ID, d.Origin, d.Format = document.NewID(rec.Content), rec.Origin, rec.Format
	t.source.describe(d, rec, found)
	return t.do(d)
}
