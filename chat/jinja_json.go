package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxJSONDepth bounds the nesting of schemas and arguments.
const maxJSONDepth = 100

// parseJSON reads one JSON value. Objects keep the order of their keys, and all
// strings have the source's mark.
func parseJSON(data []byte, source int) (value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readJSON(d, source, 0)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows the value")
	}
	return v, nil
}

func readJSON(d *json.Decoder, source, depth int) (value, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return none{}, nil
	case bool:
		return t, nil
	case string:
		return marked(t, source), nil
	case json.Number:
		if i, err := strconv.Atoi(t.String()); err == nil && t.String() != "-0" {
			return i, nil
		}
		f, _ := t.Float64() // too large is an infinity, as in Python
		return number{t.String(), f}, nil
	case json.Delim:
		if t == '[' {
			return readArray(d, source, depth)
		}
		return readObject(d, source, depth)
	}
	return nil, fmt.Errorf("unexpected %v", t)
}

func readArray(d *json.Decoder, source, depth int) (value, error) {
	l := &list{}
	for d.More() {
		v, err := readJSON(d, source, depth+1)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, v)
	}
	_, err := d.Token()
	return l, err
}

func readObject(d *json.Decoder, source, depth int) (value, error) {
	o := newDict()
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if !ok {
			return nil, fmt.Errorf("a key is %v", k)
		}
		v, err := readJSON(d, source, depth+1)
		if err != nil {
			return nil, err
		}
		o.set(marked(key, source), v)
	}
	_, err := d.Token()
	return o, err
}

// writeJSON is Python's json.dumps without ensure_ascii. Without indentation a
// line has ", " and ": "; indent < 0 means none.
func writeJSON(w *textBuilder, v value, indent, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("tojson: nested deeper than %d", maxDepth)
	}
	if w.len() > maxValue {
		return fmt.Errorf("tojson: more than %d bytes", maxValue)
	}
	switch v := v.(type) {
	case none:
		w.writeString("null")
	case bool:
		w.writeString(strconv.FormatBool(v))
	case int:
		w.writeString(strconv.Itoa(v))
	case float64:
		w.writeString(jsonFloat(v))
	case number:
		w.writeString(v.raw)
	case text:
		writeJSONString(w, v)
	case *list:
		return writeItems(w, "[", "]", len(v.items), indent, depth, func(i int) error {
			return writeJSON(w, v.items[i], indent, depth+1)
		})
	case *dict:
		return writeItems(w, "{", "}", len(v.keys), indent, depth, func(i int) error {
			writeJSONString(w, v.keys[i])
			w.writeString(": ")
			return writeJSON(w, v.vals[i], indent, depth+1)
		})
	default:
		return fmt.Errorf("tojson: %s is not JSON", typeName(v))
	}
	return nil
}

func jsonFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case math.IsNaN(f):
		return "NaN"
	}
	return floatRepr(f)
}

func writeItems(w *textBuilder, open, closing string, n, indent, depth int, item func(int) error) error {
	newline := func(depth int) {
		if indent >= 0 {
			w.writeString("\n" + strings.Repeat(" ", min(indent, 16)*depth))
		}
	}
	w.writeString(open)
	for i := range n {
		switch {
		case i > 0 && indent >= 0:
			w.writeString(",")
		case i > 0:
			w.writeString(", ")
		}
		newline(depth + 1)
		if err := item(i); err != nil {
			return err
		}
	}
	if n > 0 {
		newline(depth)
	}
	w.writeString(closing)
	return nil
}

func writeJSONString(w *textBuilder, t text) {
	w.writeString(`"`)
	if strings.IndexFunc(t.s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) < 0 {
		w.write(t)
	} else {
		w.write(t.mapRunes(func(_, r rune) string { return jsonRune(r) }))
	}
	w.writeString(`"`)
}

func jsonRune(r rune) string {
	switch r {
	case '"', '\\':
		return `\` + string(r)
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	}
	if r < ' ' {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}
