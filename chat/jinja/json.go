package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// MaxJSONDepth bounds the nesting of JSON that ParseJSON reads.
const MaxJSONDepth = 100

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
	if depth > MaxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", MaxJSONDepth)
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

// jsonStyle says how writeJSON writes: as Python's json.dumps does with these
// arguments.
type jsonStyle struct {
	indent    int // -1: all in one line
	item, key string
	ascii     bool
	charge    func(text) error // for each string; nil: nothing is counted
}

// oneLine is json.dumps(v, ensure_ascii=False).
var oneLine = jsonStyle{indent: -1, item: ", ", key: ": "}

func (o jsonStyle) write(w *textBuilder, v value, depth int) error {
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
		return o.writeString(w, v)
	case *list:
		return o.writeItems(w, "[", "]", len(v.items), depth, func(i int) error {
			return o.write(w, v.items[i], depth+1)
		})
	case *dict:
		return o.writeItems(w, "{", "}", len(v.keys), depth, func(i int) error {
			if err := o.writeString(w, v.keys[i]); err != nil {
				return err
			}
			w.writeString(o.key)
			return o.write(w, v.vals[i], depth+1)
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

func (o jsonStyle) writeItems(w *textBuilder, open, closing string, n, depth int, item func(int) error) error {
	newline := func(depth int) {
		if o.indent >= 0 {
			w.writeString("\n" + strings.Repeat(" ", o.indent*depth))
		}
	}
	w.writeString(open)
	for i := range n {
		if i > 0 {
			w.writeString(o.item)
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

func (o jsonStyle) writeString(w *textBuilder, t text) error {
	if o.charge != nil {
		if err := o.charge(t); err != nil {
			return err
		}
	}
	special := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || (o.ascii && r > 0x7e) }
	w.writeString(`"`)
	if strings.IndexFunc(t.s, special) < 0 {
		w.write(t)
	} else {
		w.write(t.mapRunes(func(_, r rune) string {
			if o.ascii && r > 0x7e {
				return asciiRune(r)
			}
			return jsonRune(r)
		}))
	}
	w.writeString(`"`)
	return nil
}

func asciiRune(r rune) string {
	if a, b := utf16.EncodeRune(r); a != 0xfffd {
		return fmt.Sprintf(`\u%04x\u%04x`, a, b)
	}
	return fmt.Sprintf(`\u%04x`, r)
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
