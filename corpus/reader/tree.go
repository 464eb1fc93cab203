package reader

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
)

// tree reads the files of a source tree. Its record numbers count what is left
// out too.
type tree struct {
	ctx    context.Context
	files  *code.Tree
	base   document.Origin
	commit string
	next   int64
}

func openTree(ctx context.Context, f source.File, base document.Origin, opt Options, from Position) (Reader, error) {
	if !f.Tree {
		return nil, fmt.Errorf("%s: the format tree is that of directories; name the directory", shown(f))
	}
	if from.Record < 0 {
		return nil, fmt.Errorf("%s: %+v is no place in a tree", shown(f), from)
	}
	files, err := code.OpenTree(f.Path, opt.Tree)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown(f), err)
	}
	files.Begin(from.Record)
	return &tree{ctx: ctx, files: files, base: base, commit: files.Commit(), next: from.Record}, nil
}

// Next implements Reader.
func (t *tree) Next() (*Record, error) {
	f, err := t.files.Next(t.ctx)
	var left *code.LeftOut
	var bad *code.FileError
	switch {
	case errors.As(err, &left):
		return nil, &Skipped{t.origin(left.Index), "tree " + string(left.Reason)}
	case errors.As(err, &bad):
		return nil, &BadRecord{t.origin(bad.Index), bad.Error()}
	case err != nil:
		return nil, err // io.EOF as well
	}
	r := &Record{Origin: t.origin(f.Index), Format: document.Code, Content: f.Content, Charset: "utf-8"}
	r.Meta = map[string]string{"path": f.Path}
	if f.License != "" {
		r.Meta["license"] = f.License
	}
	if t.commit != "" {
		r.Meta["commit"] = t.commit
	}
	return r, nil
}

func (t *tree) origin(index int64) document.Origin {
	t.next = index + 1
	o := t.base
	o.Record = index
	return o
}

// Position implements Reader.
func (t *tree) Position() Position { return Position{Record: t.next} }

// Close implements Reader.
func (t *tree) Close() error { return nil }
