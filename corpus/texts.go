package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// TextsRead counts what EachText read.
type TextsRead struct {
	Files   int   `json:"files"`
	Records int64 `json:"records"`
	// Left is the number of records that are no text or cannot be read, and Why the
	// first reason.
	Left int64  `json:"left_out"`
	Why  string `json:"why,omitempty"`
}

// EachText calls do with the text of every document that patterns name, as the
// sources of a recipe do, in order. The text lasts until do returns. An error of do
// ends it. Records that cannot be read are counted.
func EachText(ctx context.Context, patterns []string, do func(text []byte) error) (*TextsRead, error) {
	var o source.Options
	o.SetDefaults()
	files, err := source.List(ctx, patterns, o)
	if err != nil {
		return nil, err
	}
	pool, err := pdf.New(1)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	t := texts{worker: (&shared{ctx: ctx, pdfs: pool}).newWorker(), do: do}
	for _, f := range files {
		if err := t.file(ctx, f); err != nil {
			return nil, err
		}
		t.read.Files++
	}
	return &t.read, nil
}

type texts struct {
	worker *worker
	do     func(text []byte) error
	read   TextsRead
}

func (t *texts) leave(err error) {
	if t.read.Left++; t.read.Why == "" {
		t.read.Why = err.Error()
	}
}

// file reads the records of one file.
func (t *texts) file(ctx context.Context, f source.File) error {
	var o reader.Options
	o.SetDefaults()
	in, err := openReader(ctx, f, o, reader.Position{})
	if err != nil {
		t.leave(err)
		return context.Cause(ctx)
	}
	defer in.Close()
	for {
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
}

func (t *texts) record(ctx context.Context, rec *reader.Record) error {
	t.read.Records++
	if err := rec.Resolve(); err != nil {
		t.leave(err)
		return nil
	}
	text, _, drop, err := t.worker.text(ctx, rec)
	switch {
	case err != nil:
		t.leave(fmt.Errorf("%s, record %d: %w", rec.Origin.File, rec.Origin.Record, err))
		return nil
	case drop != nil || len(text) == 0:
		t.leave(fmt.Errorf("%s, record %d: there is no text in it", rec.Origin.File, rec.Origin.Record))
		return nil
	}
	return t.do(text)
}
