package reader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/parquetfile"
)

// columns reads a Parquet file row by row, of the columns that are asked for.
// It holds one page of each.
type columns struct {
	at    source.ReaderAt
	size  int64
	file  *parquet.File
	base  document.Origin
	opt   Options
	want  []wantColumn          // the text first
	row   int64                 // of the file
	group int                   // row group that is read
	left  int64                 // rows of it to come
	skip  int64                 // rows of it to pass over
	cols  []*parquetfile.Column // nil between row groups
	err   error
}

// wantColumn is a column that is read.
type wantColumn struct {
	key   string // in Meta; "" is the text
	path  string
	index int
	level int
	kind  parquet.Kind
}

func openParquet(ctx context.Context, f source.File, base document.Origin, opt Options, from Position) (Reader, error) {
	at, size, err := source.OpenAt(ctx, f)
	if err != nil {
		return nil, err
	}
	p := &columns{at: at, size: size, base: base, opt: opt}
	err = parquetfile.Guard(func() error { return p.open(from) })
	if err != nil {
		at.Close()
		return nil, fmt.Errorf("%s: %w", shown(f), err)
	}
	return p, nil
}

func (p *columns) open(from Position) error {
	if err := parquetfile.CheckFooter(p.at, p.size); err != nil {
		return err
	}
	file, err := parquet.OpenFile(p.at, p.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return fmt.Errorf("this is no Parquet file that can be read: %w", err)
	}
	p.file = file
	if err := p.choose(); err != nil {
		return err
	}
	groups := file.RowGroups()
	if from.Record < 0 || from.Record > file.NumRows() {
		return fmt.Errorf("cannot go on at row %d: the file has %d", from.Record, file.NumRows())
	}
	for p.group < len(groups) && p.row+groups[p.group].NumRows() <= from.Record {
		p.row += groups[p.group].NumRows()
		p.group++
	}
	p.skip = from.Record - p.row
	return nil
}

// choose finds the columns by their names.
func (p *columns) choose() error {
	text, err := p.column(p.opt.TextField)
	if err != nil {
		return fmt.Errorf("%w; name the one with the text in text_field: it has %s", err, p.names())
	}
	if text.kind != parquet.ByteArray {
		return fmt.Errorf("column %q holds %v instead of text; name another in text_field", p.opt.TextField, text.kind)
	}
	p.want = append(p.want, text)
	for _, m := range metaFields(p.opt) {
		key, path := metaField(m)
		w, err := p.column(path)
		if err != nil {
			if len(p.opt.MetaFields) == 0 {
				continue // one of the usual, which need not be there
			}
			return fmt.Errorf("%w; correct meta_fields: it has %s", err, p.names())
		}
		w.key = key
		p.want = append(p.want, w)
	}
	return nil
}

func splitPath(path string) []string { return strings.Split(path, ".") }

func (p *columns) column(path string) (wantColumn, error) {
	leaf, ok := p.file.Schema().Lookup(splitPath(path)...)
	if !ok {
		leaf, ok = p.file.Schema().Lookup(path) // a name with a dot
	}
	if !ok || !leaf.Node.Leaf() {
		return wantColumn{}, fmt.Errorf("it has no column %q", path)
	}
	if leaf.MaxRepetitionLevel > 0 {
		return wantColumn{}, fmt.Errorf("column %q holds lists, which are not read", path)
	}
	return wantColumn{path: path, index: leaf.ColumnIndex, level: leaf.MaxDefinitionLevel, kind: leaf.Node.Type().Kind()}, nil
}

// names lists the first columns for an error.
func (p *columns) names() string {
	var names []string
	for _, path := range p.file.Schema().Columns() {
		if len(names) == 12 {
			return strings.Join(append(names, "..."), ", ")
		}
		names = append(names, strings.Join(path, "."))
	}
	return strings.Join(names, ", ")
}

// Next implements Reader.
func (p *columns) Next() (*Record, error) {
	if p.err != nil {
		return nil, p.err
	}
	var r *Record
	err := parquetfile.Guard(func() (err error) {
		r, err = p.next()
		return err
	})
	var bad *BadRecord
	if err != nil && !errors.As(err, &bad) {
		p.err = err
		if err != io.EOF {
			p.err = fmt.Errorf("%s: row %d: %w", p.base.File, p.row, err)
		}
		return nil, p.err
	}
	return r, err
}

func (p *columns) next() (*Record, error) {
	for p.cols == nil || p.left == 0 {
		if err := p.enter(); err != nil {
			return nil, err
		}
	}
	r := &Record{Origin: p.base, Format: p.opt.Holds, Meta: map[string]string{}}
	r.Origin.Record, r.Origin.Offset = p.row, p.cols[0].Start()
	problem := ""
	for i, w := range p.want {
		v, err := p.cols[i].Value()
		if err == io.EOF {
			return nil, fmt.Errorf("column %q ends before the others", w.path)
		}
		if err != nil {
			return nil, err
		}
		there := p.cols[i].There(v)
		switch {
		case !there && i == 0:
			problem = fmt.Sprintf("row %d: column %q is null", p.row, w.path)
		case !there:
		case i == 0 && int64(len(v.ByteArray())) > int64(p.opt.MaxRecord):
			problem = fmt.Sprintf("row %d: the text is longer than %d bytes; raise max_record to read it", p.row, p.opt.MaxRecord)
		case i == 0:
			r.Content = bytes.Clone(v.ByteArray())
		default:
			s := v.String()
			r.Meta[w.key] = strings.ToValidUTF8(strings.Clone(s[:min(len(s), maxMeta)]), "")
		}
	}
	p.row++
	p.left--
	if problem != "" {
		return nil, r.bad("%s", problem)
	}
	return r, nil
}

// enter opens the next row group.
func (p *columns) enter() error {
	p.leave()
	groups := p.file.RowGroups()
	if p.group >= len(groups) {
		return io.EOF
	}
	g, meta := groups[p.group], p.file.Metadata().RowGroups[p.group]
	p.group++
	p.left = g.NumRows()
	chunks := g.ColumnChunks()
	for _, w := range p.want {
		c, err := parquetfile.NewColumn(p.at, p.size, w.path, w.level, chunks[w.index], &meta.Columns[w.index].MetaData)
		if err != nil {
			return err
		}
		p.cols = append(p.cols, c)
	}
	p.left -= p.skip
	for ; p.skip > 0; p.skip-- {
		p.row++
		for _, c := range p.cols {
			if _, err := c.Value(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *columns) leave() {
	for _, c := range p.cols {
		c.Close()
	}
	p.cols = nil
}

// Position implements Reader.
func (p *columns) Position() Position { return Position{Record: p.row + p.skip} }

// Close implements Reader.
func (p *columns) Close() error {
	_ = parquetfile.Guard(func() error { p.leave(); return nil })
	return p.at.Close()
}
