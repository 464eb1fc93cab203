package jinja

import "unicode/utf8"

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
		call func(r *run, a callArgs) (value, error)
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
