package decontaminate

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
)

// jsonLines reads one item a line; blank lines are none.
func (l *loader) jsonLines(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxItem)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		value, err := decode(bytes.NewReader(line))
		if err == nil {
			err = l.record(value)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

// json reads a file that is a list of items, or holds one at the set's Items.
func (l *loader) json(r io.Reader) error {
	value, err := decode(r)
	if err != nil {
		return err
	}
	if l.set.Items != "" {
		for key := range strings.SplitSeq(l.set.Items, ".") {
			object, _ := value.(map[string]any)
			value = object[key]
		}
	}
	list, ok := value.([]any)
	if object, is := value.(map[string]any); is {
		return fmt.Errorf("it is one object and no list: set items to the key of the list, of %s", keysOf(object))
	} else if !ok {
		return fmt.Errorf("there is no list at items %q", l.set.Items)
	}
	for i, value := range list {
		if err := l.record(value); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
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

// table reads lines of columns.
func (l *loader) table(r io.Reader, comma rune) error {
	rows := csv.NewReader(r)
	rows.Comma, rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = comma, -1, true, true
	var names []string
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if names == nil && !l.set.NoHeader {
			names = slices.Clone(row)
			continue
		}
		object := make(map[string]any, len(row))
		for i, value := range row {
			object[strconv.Itoa(i+1)] = value
			if i < len(names) {
				object[names[i]] = value
			}
		}
		if err := l.record(object); err != nil {
			return err
		}
	}
}

// paragraphs reads items with blank lines between.
func (l *loader) paragraphs(r io.Reader) error {
	source, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var item []byte
	for line := range bytes.Lines(append(source, '\n', '\n')) {
		if len(bytes.TrimSpace(line)) > 0 {
			item = append(item, line...)
		} else if len(item) > 0 {
			if err := l.add(string(item)); err != nil {
				return err
			}
			item = item[:0]
		}
	}
	return nil
}

// record takes one item of a file that has fields, or is a text itself.
func (l *loader) record(value any) error {
	if text, ok := value.(string); ok && len(l.set.fields()) == 0 {
		return l.add(text)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return errors.New("it is neither an object nor a text")
	}
	if l.keys == nil {
		l.keys = slices.Sorted(maps.Keys(object))
	}
	fields := l.set.fields()
	if len(fields) == 0 {
		return fmt.Errorf("set fields to what is taken of an item, of %s", keysOf(object))
	}
	values := make([]string, len(fields))
	for i, field := range fields {
		if values[i] = textAt(object, field); values[i] != "" {
			l.have[i]++
		}
	}
	if l.set.Template == "" {
		return l.add(strings.Join(values, "\n"))
	}
	var pairs []string
	for i, field := range fields {
		pairs = append(pairs, "{"+field+"}", values[i])
	}
	return l.add(strings.NewReplacer(pairs...).Replace(l.set.Template))
}

// fields are what is taken of an item.
func (s *Set) fields() []string {
	if s.Template != "" {
		return placeholders(s.Template)
	}
	return s.Fields
}

// placeholders lists the names in braces.
func placeholders(template string) (names []string) {
	for {
		_, rest, ok := strings.Cut(template, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return names
		}
		if name != "" && !strings.ContainsAny(name, "{ \n") {
			names = append(names, name)
			template = after
		} else {
			template = rest
		}
	}
}

// textAt is the text at a path of keys with dots; "" if there is none. A key with
// dots in it is found as well.
func textAt(object map[string]any, at string) string {
	if value, ok := object[at]; ok {
		return textOf(value)
	}
	for i := range len(at) {
		if at[i] == '.' {
			if below, ok := object[at[:i]].(map[string]any); ok {
				if text := textAt(below, at[i+1:]); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// textOf writes a value: lists and objects as what they hold, one a line.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, part := range v {
			parts = append(parts, textOf(part))
		}
		return strings.Join(parts, "\n")
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, textOf(v[key]))
		}
		return strings.Join(parts, "\n")
	}
	return ""
}

func keysOf(object map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(object)), ", ")
}
