package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// str is Python's str(v).
func (r *run) str(v value) (text, error) {
	if t, ok := v.(text); ok {
		return t, nil
	}
	return r.repr(v)
}

// repr is Python's repr(v), and nothing for undefined.
func (r *run) repr(v value) (text, error) {
	var w textBuilder
	err := r.writeRepr(&w, v, 0)
	return w.text(), err
}

func (r *run) writeRepr(w *textBuilder, v value, depth int) error {
	if err := r.charge(0); err != nil {
		return err
	}
	if depth > maxDepth || w.len() > maxValue {
		w.writeString("...")
		return nil
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
		return r.writeQuoted(w, v)
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
			if err := r.writeRepr(w, item, depth+1); err != nil {
				return err
			}
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
			if err := r.writeQuoted(w, k); err != nil {
				return err
			}
			w.writeString(": ")
			if err := r.writeRepr(w, v.vals[i], depth+1); err != nil {
				return err
			}
		}
		w.writeString("}")
	default:
		w.writeString("<" + typeName(v) + ">")
	}
	return nil
}

// writeQuoted is Python's repr of a string.
func (r *run) writeQuoted(w *textBuilder, t text) error {
	if err := r.chargeRunes(t); err != nil {
		return err
	}
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
	return nil
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
