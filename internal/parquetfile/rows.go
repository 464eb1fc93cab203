package parquetfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Bounds of a file and of a row.
const (
	maxColumns   = 1 << 10
	maxDepth     = 32
	MaxRowBytes  = 256 << 20 // of its texts and bytes
	maxRowValues = 1 << 20   // of all columns
)

// Rows reads whole rows, lists and groups included, as JSON objects. It holds one
// page of each column.
type Rows struct {
	at      io.ReaderAt
	size    int64
	file    *parquet.File
	root    *node
	columns []*leaf
	group   int
	left    int64 // rows of the group
	number  int64
}

// leaf is a column with the values of the row that is read.
type leaf struct {
	path   string
	level  int
	column *Column
	values []parquet.Value
	next   *parquet.Value // the first of the next row
}

// OpenRows reads the schema of a file of that size.
func OpenRows(at io.ReaderAt, size int64) (r *Rows, err error) {
	err = Guard(func() error {
		if err := CheckFooter(at, size); err != nil {
			return err
		}
		file, err := parquet.OpenFile(at, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
		if err != nil {
			return fmt.Errorf("this is no Parquet file that can be read: %w", err)
		}
		r = &Rows{at: at, size: size, file: file}
		schema := file.Schema()
		if r.root, err = r.node("", schema, maxDepth); err != nil {
			return err
		}
		for _, path := range schema.Columns() {
			c, ok := schema.Lookup(path...)
			if !ok || c.ColumnIndex != len(r.columns) {
				return fmt.Errorf("column %v is not where the schema has it", path)
			}
			r.columns = append(r.columns, &leaf{path: fmt.Sprint(path), level: c.MaxDefinitionLevel})
		}
		if len(r.columns) != r.root.last || len(r.columns) == 0 {
			return errors.New("the schema has no columns, or does not name each once")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// node reads a part of the schema.
func (r *Rows) node(name string, n parquet.Node, depth int) (*node, error) {
	first := 0
	if r.root != nil {
		first = r.root.last
	} else {
		r.root = &node{}
	}
	out := &node{name: name, optional: n.Optional(), repeated: n.Repeated(), first: first}
	if depth == 0 {
		return nil, fmt.Errorf("its schema is deeper than %d levels", maxDepth)
	}
	if n.Leaf() {
		if r.root.last++; r.root.last > maxColumns {
			return nil, fmt.Errorf("it has more than %d columns", maxColumns)
		}
	}
	for _, f := range n.Fields() {
		child, err := r.node(f.Name(), f, depth-1)
		if err != nil {
			return nil, err
		}
		out.children = append(out.children, child)
	}
	out.last = r.root.last
	out.list = len(out.children) == 1 && out.children[0].isElements()
	return out, nil
}

// isElements reports whether a node is the repeated group of one element by which
// writers of LIST have it (LogicalTypes.md of the format).
func (n *node) isElements() bool {
	return n.repeated && len(n.children) == 1 && (n.name == "list" || n.name == "bag" || n.name == "array")
}

// Len is the number of rows.
func (r *Rows) Len() int64 { return r.file.NumRows() }

// Columns are the names of the columns and groups of a row, in the file's order. They
// belong to the receiver.
func (r *Rows) Columns() []string {
	names := make([]string, len(r.root.children))
	for i, c := range r.root.children {
		names[i] = c.name
	}
	return names
}

// Next returns the next row as a JSON object, and io.EOF at the end. Columns called
// bytes are in base64; what else is no text is {"bytes": base64}.
func (r *Rows) Next() (object []byte, err error) {
	err = Guard(func() error {
		for r.left == 0 {
			if err := r.enter(); err != nil {
				return err
			}
		}
		r.left--
		size, values := 0, 0
		for _, c := range r.columns {
			if err := c.read(&size, &values); err != nil {
				return fmt.Errorf("column %s: %w", c.path, err)
			}
		}
		v, err := r.root.value(r.slices(), 0, 0)
		if err != nil {
			return err
		}
		object, err = json.Marshal(v)
		r.number++
		return err
	})
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("row %d: %w", r.number, err)
	}
	return object, err
}

// enter opens the next row group.
func (r *Rows) enter() error {
	r.leave()
	groups := r.file.RowGroups()
	if r.group >= len(groups) {
		return io.EOF
	}
	g, meta := groups[r.group], r.file.Metadata().RowGroups[r.group]
	r.group++
	chunks := g.ColumnChunks()
	if len(chunks) != len(r.columns) || len(meta.Columns) != len(r.columns) {
		return fmt.Errorf("row group %d has %d columns of %d", r.group-1, len(chunks), len(r.columns))
	}
	r.left = g.NumRows()
	for i, c := range r.columns {
		column, err := NewColumn(r.at, r.size, c.path, c.level, chunks[i], columnMeta(&meta, i))
		if err != nil {
			return err
		}
		c.column = column
	}
	return nil
}

func columnMeta(g *format.RowGroup, i int) *format.ColumnMetaData { return &g.Columns[i].MetaData }

func (r *Rows) leave() {
	for _, c := range r.columns {
		if c.column != nil {
			c.column.Close()
		}
		c.column, c.next = nil, nil
	}
}

// Close lets go of the pages; the file is the caller's.
func (r *Rows) Close() { _ = Guard(func() error { r.leave(); return nil }) }

// read collects the values of the next row, and adds up the bytes and values of all
// columns.
func (c *leaf) read(size, values *int) error {
	c.values = c.values[:0]
	for {
		v := c.next
		if c.next = nil; v == nil {
			value, err := c.column.Value()
			if errors.Is(err, io.EOF) && len(c.values) > 0 {
				return nil
			}
			if errors.Is(err, io.EOF) {
				return errors.New("it ends before the others")
			}
			if err != nil {
				return err
			}
			value = value.Clone()
			v = &value
		}
		if len(c.values) > 0 && v.RepetitionLevel() == 0 {
			c.next = v
			return nil
		}
		if *values++; *values > maxRowValues {
			return fmt.Errorf("the row has more than %d values", maxRowValues)
		}
		c.values = append(c.values, *v)
		if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
			if *size += len(v.ByteArray()); *size > MaxRowBytes {
				return fmt.Errorf("the row has more than %d bytes", MaxRowBytes)
			}
		}
	}
}

func (r *Rows) slices() [][]parquet.Value {
	all := make([][]parquet.Value, len(r.columns))
	for i, c := range r.columns {
		all[i] = c.values
	}
	return all
}
