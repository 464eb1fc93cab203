package question

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/parquetfile"
	"github.com/polymath-lm/polymath/internal/records"
)

// As says what files of rows are read as.
type As string

// What they can be.
const (
	AsFound      As = ""           // dictionaries where columns are called so, else tables
	AsDictionary As = "dictionary" // a term and its definition
	AsTable      As = "table"
)

// mostRows bounds the rows of a table.
const mostRows = 1 << 20

// readData reads a table or a dictionary. Rows of JSON are dictionaries unless
// Sources.As says that they are a table: corpora are written so, too.
func readData(c *collector, f file) error {
	t, err := readTable(c, f)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if len(t.rows) == 0 {
		return nil
	}
	if c.sources.As == AsDictionary {
		return c.addDictionary(t, f)
	}
	_, _, dictionary := t.dictionary()
	if !dictionary && !t.ordered && c.sources.As == AsFound {
		c.leave(leftNoDictionary)
		return nil
	}
	t.name = "the table " + t.name
	if dictionary && c.sources.As == AsFound {
		t.name = "the dictionary " + stem(f.name)
	}
	c.addTable(t)
	return nil
}

// addDictionary adds a table that is said to be a dictionary: its columns are called
// so, or are two.
func (c *collector) addDictionary(t *table, f file) error {
	name, definition, ok := t.dictionary()
	if !ok && len(t.columns) != 2 {
		return fmt.Errorf("%s: it is no dictionary: the columns %s are neither two nor called %s and %s",
			f.path, strings.Join(t.columns, ", "), termNames[0], definitionNames[0])
	}
	if !ok {
		name, definition = 0, 1
	}
	list := t.terms(name, definition)
	if !ok && t.ordered { // the first line is an entry, too
		list = append([]term{{t.columns[0], t.columns[1], f.path + ":1"}}, list...)
	}
	c.addTerms(list, "the dictionary "+stem(f.name), t.license)
	return nil
}

// stem is the name of a file without directory and endings.
func stem(name string) string {
	base := path.Base(slashed(unpacked(name)))
	return strings.TrimSuffix(base, path.Ext(base))
}

func readTable(c *collector, f file) (*table, error) {
	t := &table{name: stem(f.name)}
	if strings.EqualFold(path.Ext(f.name), ".parquet") {
		return t, t.readParquet(f)
	}
	o := records.Options{}
	if strings.EqualFold(path.Ext(unpacked(f.name)), ".json") && bytes.HasPrefix(bytes.TrimSpace(f.content), []byte("{")) {
		o.Format = "entries"
	}
	err := records.ReadFrom(unpacked(f.path), bytes.NewReader(f.content), o, func(r records.Row) error {
		if r.Fields == nil {
			return errors.New("it is a text and no row")
		}
		columns := r.Columns
		if t.ordered = columns != nil; !t.ordered {
			columns = slices.Sorted(maps.Keys(r.Fields))
		}
		return t.addRow(columns, r.Fields, f.path+":"+whereOf(&r))
	})
	for i, row := range t.rows {
		t.rows[i] = append(row, make([]string, len(t.columns)-len(row))...)
	}
	if o.Format == "entries" && slices.Equal(t.columns, []string{"key", "value"}) {
		t.columns = []string{termNames[0], definitionNames[0]}
	}
	return t, err
}

// whereOf is the line of a row, or its number.
func whereOf(r *records.Row) string {
	if r.Line > 0 {
		return fmt.Sprint(r.Line)
	}
	return r.Place()
}

// addRow adds a row, unless it has no fields. Columns that come later stand at the
// end, as far as cells are asked about.
func (t *table) addRow(columns []string, fields map[string]any, at string) error {
	if len(t.rows) == mostRows {
		return fmt.Errorf("it has more than %d rows", mostRows)
	}
	if len(columns) == 0 {
		return nil
	}
	if t.known == nil {
		t.known = map[string]bool{}
	}
	first := len(t.columns) == 0
	for _, column := range columns {
		if !t.known[column] && (first || len(t.columns) < mostCells) {
			t.known[column], t.columns = true, append(t.columns, column)
		}
	}
	row := make([]string, len(t.columns))
	for i, column := range t.columns {
		row[i] = cell(fields[column])
	}
	t.rows, t.at = append(t.rows, row), append(t.at, at)
	return nil
}

// cell is a value as a text; "" where it is none.
func cell(value any) string {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return ""
}

func (t *table) readParquet(f file) error {
	r, err := parquetfile.OpenRows(bytes.NewReader(f.content), int64(len(f.content)))
	if err != nil {
		return err
	}
	defer r.Close()
	t.ordered = true
	for n := 1; ; n++ {
		object, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var fields map[string]any
		d := json.NewDecoder(bytes.NewReader(object))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		if err := t.addRow(r.Columns(), fields, fmt.Sprintf("%s:row %d", f.path, n)); err != nil {
			return err
		}
	}
}
