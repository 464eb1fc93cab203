package records

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonLines reads one row a line; blank lines are none.
func (r *reader) jsonLines(source io.Reader) error {
	lines := bufio.NewScanner(source)
	lines.Buffer(make([]byte, 0, 64<<10), MaxRow)
	n := 1
	for ; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if n == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if len(line) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return notUTF8(n)
		}
		value, err := decode(bytes.NewReader(line))
		if err != nil {
			if line[0] == '[' {
				err = fmt.Errorf("%w: for a list over several lines set format to json", err)
			}
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := r.value(value, n); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d has more than %d bytes", n, MaxRow)
	}
	return lines.Err()
}

// notUTF8 says that a line is written in another encoding, which nobody can guess.
func notUTF8(line int) error {
	return fmt.Errorf("line %d: it is not UTF-8: convert the file, for instance with iconv -f LATIN1 -t UTF-8", line)
}

// byteOrderMark is what some programs put before UTF-8.
var byteOrderMark = []byte("\uFEFF")

// json reads a file that is a list of rows, or holds one at Options.Items.
func (r *reader) json(source io.Reader) error {
	value, err := document(source)
	if err != nil {
		return err
	}
	value = r.inner(value)
	list, ok := value.([]any)
	if object, is := value.(map[string]any); is {
		keys := strings.Join(slices.Sorted(maps.Keys(object)), ", ")
		return fmt.Errorf("it is one object and no list: set items to the key of the list, of %s", keys)
	} else if !ok {
		return fmt.Errorf("there is no list at items %q", r.options.Items)
	}
	for _, value := range list {
		if err := r.value(value, 0); err != nil {
			return err
		}
	}
	return nil
}

// entries reads a file that is one object, or holds one at Options.Items, of which
// each entry is a row.
func (r *reader) entries(source io.Reader) error {
	value, err := document(source)
	if err != nil {
		return err
	}
	object, ok := r.inner(value).(map[string]any)
	if !ok {
		return errors.New("it is no object, or there is none at items")
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := r.row(Row{Fields: map[string]any{"key": key, "value": object[key]}}); err != nil {
			return err
		}
	}
	return nil
}

// inner is what a file holds at Options.Items; nil if there is nothing.
func (r *reader) inner(value any) any {
	if r.options.Items == "" {
		return value
	}
	for key := range strings.SplitSeq(r.options.Items, ".") {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// value passes on what stands for one row in JSON.
func (r *reader) value(value any, line int) error {
	switch v := value.(type) {
	case string:
		return r.row(Row{Text: v, Line: line})
	case map[string]any:
		return r.row(Row{Fields: v, Line: line})
	}
	at := Row{Number: r.number, Line: line}
	return fmt.Errorf("%s: it is neither an object nor a text", at.Place())
}

// document decodes a file that is one JSON value.
func document(source io.Reader) (any, error) {
	text := &checked{Reader: skipMark(source), line: 1}
	value, err := decode(text)
	if text.failed != nil {
		return nil, text.failed
	}
	return value, err
}

func decode(r io.Reader) (value any, err error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return value, nil
}

func skipMark(source io.Reader) io.Reader {
	b := bufio.NewReader(source)
	if first, err := b.Peek(len(byteOrderMark)); err == nil && bytes.Equal(first, byteOrderMark) {
		_, _ = b.Discard(len(byteOrderMark))
	}
	return b
}

// ending tells the last byte of a source that ends no line.
type ending struct {
	io.Reader
	last byte
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if text := bytes.TrimRight(p[:n], "\r\n"); len(text) > 0 {
		e.last = text[len(text)-1]
	}
	return n, err
}

// table reads lines of columns. Quotes within a field are part of it, but one that
// begins a field and does not end would swallow all that follows.
func (r *reader) table(source io.Reader, comma rune) error {
	end := &ending{Reader: skipMark(source)}
	rows := csv.NewReader(end)
	rows.Comma, rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = comma, -1, true, true
	var names []string
	quoted := 0 // the line in which the last field begins, if it holds several lines
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			if quoted > 0 && end.last != '"' {
				return fmt.Errorf("line %d: a quote begins here and does not end", quoted)
			}
			return nil
		}
		if err != nil {
			return err
		}
		quoted = 0
		if last := len(row) - 1; strings.Contains(row[last], "\n") {
			quoted, _ = rows.FieldPos(last)
		}
		for i, field := range row {
			if !utf8.ValidString(field) {
				line, _ := rows.FieldPos(i)
				return notUTF8(line)
			}
		}
		line, _ := rows.FieldPos(0)
		if names == nil && !r.options.NoHeader {
			names = slices.Clone(row)
			if err := unlike(names); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			continue
		}
		if err := r.row(Row{Fields: r.columns(names, row), Columns: names, Line: line}); err != nil {
			return err
		}
	}
}

// unlike sees to it that no two columns have one name. Those without one may be many.
func unlike(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if name != "" && seen[name] {
			return fmt.Errorf("two columns are called %q", name)
		}
		seen[name] = true
	}
	return nil
}

// columns are the fields of a line of a table.
func (r *reader) columns(names, row []string) map[string]any {
	fields := make(map[string]any, len(row))
	for i, value := range row {
		if i < len(names) {
			fields[names[i]] = value
		} else {
			fields[r.options.Column+strconv.Itoa(i+1)] = value
		}
	}
	return fields
}

// paragraphs reads texts with blank lines between.
func (r *reader) paragraphs(source io.Reader) error {
	text, err := io.ReadAll(skipMark(source))
	if err != nil {
		return err
	}
	var item []byte
	n := 0
	for line := range bytes.Lines(append(text, '\n', '\n')) {
		n++
		if !utf8.Valid(line) {
			return notUTF8(n)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			item = append(item, line...)
			continue
		}
		if len(item) == 0 {
			continue
		}
		first := n - bytes.Count(item, []byte("\n"))
		if len(item) > MaxRow {
			return fmt.Errorf("line %d begins a paragraph of %d bytes, %d are allowed", first, len(item), MaxRow)
		}
		if err := r.row(Row{Text: string(item), Line: first}); err != nil {
			return err
		}
		item = item[:0]
	}
	return nil
}

// whole reads a file that is one text, without the space around it.
func (r *reader) whole(source io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(skipMark(source), MaxRow+1))
	if err != nil {
		return err
	}
	if len(text) > MaxRow {
		return fmt.Errorf("a text of more than %d bytes", MaxRow)
	}
	if !utf8.Valid(text) {
		valid := 0
		for line := range bytes.Lines(text) {
			if valid++; !utf8.Valid(line) {
				break
			}
		}
		return notUTF8(valid)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return nil
	}
	return r.row(Row{Text: string(text), Line: 1})
}
