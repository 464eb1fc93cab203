package reader

import (
	"io"

	"github.com/polymath-lm/polymath/corpus/document"
)

// whole reads a file as one record.
type whole struct {
	in     *input
	base   document.Origin
	name   string
	format document.Format
	limit  int
	done   bool
}

// Next implements Reader.
func (w *whole) Next() (*Record, error) {
	if w.done {
		return nil, io.EOF
	}
	r := &Record{Origin: w.base, Format: w.format, Meta: map[string]string{"path": w.name}}
	content := w.in.need(w.limit + 1)
	if w.in.err != nil && w.in.err != io.EOF {
		return nil, w.in.ended(w.base.File)
	}
	w.done = true
	if len(content) > w.limit {
		return nil, r.bad("the file is larger than %d bytes", w.limit)
	}
	if len(content) == 0 {
		return nil, &Skipped{r.Origin, "empty file"}
	}
	r.Content = w.in.take()
	return r, nil
}

// Position implements Reader.
func (w *whole) Position() Position {
	if w.done {
		return Position{Record: 1}
	}
	return Position{}
}

// Close implements Reader.
func (w *whole) Close() error { return w.in.src.Close() }
