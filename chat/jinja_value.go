package chat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is what an expression has: undefined, none, bool, int, float64, number,
// text, *list, *dict, *namespace, *loop or *function.
type value any

type (
	undefined struct{ name string }
	none      struct{}
	// number is a JSON number that no int holds, in its own words.
	number struct {
		raw string
		f   float64
	}
	list struct {
		items []value
		tuple bool
		names []string // of a tuple's items, if they have any
	}
	namespace struct{ vars *dict }
	function  struct {
		name string
		call func(r *jinjaRun, a callArgs) (value, error)
	}
)

// dict keeps the order of its keys.
type dict struct {
	keys  []text
	index map[string]int
	vals  []value
	// json is the text of a call's arguments as it was written; templates for
	// models that write them as text may treat the dict as a string.
	json *text
}

func newDict() *dict { return &dict{index: map[string]int{}} }

func (d *dict) set(key text, v value) {
	if i, ok := d.index[key.s]; ok {
		d.vals[i] = v
		return
	}
	d.index[key.s] = len(d.keys)
	d.keys, d.vals = append(d.keys, key), append(d.vals, v)
}

func (d *dict) put(key string, v value) { d.set(plain(key), v) }

func (d *dict) get(key string) (value, bool) {
	i, ok := d.index[key]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

func listOf(items ...value) *list { return &list{items: items} }

// typeName is what errors call v's type.
func typeName(v value) string {
	switch v := v.(type) {
	case undefined:
		return "undefined"
	case none:
		return "none"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64, number:
		return "float"
	case text:
		return "string"
	case *list:
		if v.tuple {
			return "tuple"
		}
		return "list"
	case *dict:
		return "dict"
	case *function:
		return "function"
	}
	return "object"
}

func truth(v value) bool {
	switch v := v.(type) {
	case undefined, none:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case number:
		return v.f != 0
	case text:
		return v.s != ""
	case *list:
		return len(v.items) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// asFloat is v as a number, bools included as Python has them.
func asFloat(v value) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int:
		return float64(v), true
	case float64:
		return v, true
	case number:
		return v.f, true
	}
	return 0, false
}

func asInt(v value) (int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int:
		return v, true
	}
	return 0, false
}

// maxDepth bounds what is compared and written of values that contain others,
// maxValue the bytes of their text.
const (
	maxDepth = 200
	maxValue = 16 << 20
)

// equal is a == b. Values may share parts, so their size says nothing about the
// work: every comparison of parts is charged.
func (r *jinjaRun) equal(a, b value) (bool, error) { return r.equalParts(a, b, 0) }

func (r *jinjaRun) equalParts(a, b value, depth int) (bool, error) {
	if err := r.charge(0); err != nil || depth > maxDepth {
		return false, err
	}
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && x == y, nil
	}
	switch a := a.(type) {
	case undefined:
		_, ok := b.(undefined)
		return ok, nil
	case none:
		_, ok := b.(none)
		return ok, nil
	case text:
		b, ok := b.(text)
		return ok && a.s == b.s, nil
	case *list:
		b, ok := b.(*list)
		if !ok || len(a.items) != len(b.items) || a.tuple != b.tuple {
			return false, nil
		}
		for i := range a.items {
			if ok, err := r.equalParts(a.items[i], b.items[i], depth+1); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	case *dict:
		b, ok := b.(*dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false, nil
		}
		for i, k := range a.keys {
			v, ok := b.get(k.s)
			if !ok {
				return false, nil
			}
			if ok, err := r.equalParts(a.vals[i], v, depth+1); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return a == b, nil
}

// less orders numbers, strings and lists of them.
func (r *jinjaRun) less(a, b value, depth int) (bool, error) {
	if x, ok := asFloat(a); ok {
		if y, ok := asFloat(b); ok {
			return x < y, nil
		}
	}
	if x, ok := a.(text); ok {
		if y, ok := b.(text); ok {
			return x.s < y.s, nil
		}
	}
	x, ok := a.(*list)
	y, ok2 := b.(*list)
	if !ok || !ok2 || depth > maxDepth {
		return false, fmt.Errorf("%s and %s cannot be ordered", typeName(a), typeName(b))
	}
	for i := range min(len(x.items), len(y.items)) {
		same, err := r.equal(x.items[i], y.items[i])
		if err != nil {
			return false, err
		}
		if !same {
			return r.less(x.items[i], y.items[i], depth+1)
		}
	}
	return len(x.items) < len(y.items), nil
}

func length(v value) (int, bool) {
	switch v := v.(type) {
	case undefined:
		return 0, true
	case text:
		return utf8.RuneCountInString(v.s), true
	case *list:
		return len(v.items), true
	case *dict:
		return len(v.keys), true
	case *loop:
		return len(v.items), true
	}
	return 0, false
}

// stringOf is Python's str(v).
func stringOf(v value) text {
	if t, ok := v.(text); ok {
		return t
	}
	var w textBuilder
	writeRepr(&w, v, 0)
	return w.text()
}

// writeRepr is Python's repr(v), and nothing for undefined.
func writeRepr(w *textBuilder, v value, depth int) {
	if depth > maxDepth || w.len() > maxValue {
		w.writeString("...")
		return
	}
	switch v := v.(type) {
	case undefined:
		if depth > 0 {
			w.writeString("Undefined")
		}
	case none:
		w.writeString("None")
	case bool:
		w.writeString(strings.ToUpper(strconv.FormatBool(v)[:1]) + strconv.FormatBool(v)[1:])
	case int:
		w.writeString(strconv.Itoa(v))
	case float64:
		w.writeString(floatRepr(v))
	case number:
		w.writeString(v.raw)
	case text:
		writeQuoted(w, v)
	case *list:
		open, closing := "[", "]"
		if v.tuple {
			open, closing = "(", ")"
			if len(v.items) == 1 {
				closing = ",)"
			}
		}
		w.writeString(open)
		for i, item := range v.items {
			if w.len() > maxValue {
				break
			}
			if i > 0 {
				w.writeString(", ")
			}
			writeRepr(w, item, depth+1)
		}
		w.writeString(closing)
	case *dict:
		w.writeString("{")
		for i, k := range v.keys {
			if w.len() > maxValue {
				break
			}
			if i > 0 {
				w.writeString(", ")
			}
			writeQuoted(w, k)
			w.writeString(": ")
			writeRepr(w, v.vals[i], depth+1)
		}
		w.writeString("}")
	default:
		w.writeString("<" + typeName(v) + ">")
	}
}

// writeQuoted is Python's repr of a string.
func writeQuoted(w *textBuilder, t text) {
	quote := '\''
	if strings.Contains(t.s, "'") && !strings.Contains(t.s, `"`) {
		quote = '"'
	}
	w.writeString(string(quote))
	w.write(t.mapRunes(func(_, r rune) string {
		switch {
		case r == quote || r == '\\':
			return `\` + string(r)
		case r == '\n':
			return `\n`
		case r == '\r':
			return `\r`
		case r == '\t':
			return `\t`
		case r < ' ' || r == 0x7f:
			return fmt.Sprintf(`\x%02x`, r)
		}
		return string(r)
	}))
	w.writeString(string(quote))
}

// floatRepr is Python's repr of a float.
func floatRepr(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
