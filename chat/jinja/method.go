package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type method[T any] func(r *run, self T, a callArgs) (value, error)

// methodOf returns v.name bound to v; nil where v has no such method. Methods
// that change a value are refused by the sandbox that templates are written
// for, and missing here.
func methodOf(v value, name string) *function {
	switch v := v.(type) {
	case text:
		if m, ok := textMethods[name]; ok {
			return bound(name, v, m)
		}
	case *dict:
		if m, ok := dictMethods[name]; ok {
			return bound(name, v, m)
		}
	case *list:
		if m, ok := listMethods[name]; ok {
			return bound(name, v, m)
		}
	}
	return nil
}

func bound[T any](name string, self T, m method[T]) *function {
	return &function{name, func(r *run, a callArgs) (value, error) { return m(r, self, a) }}
}

var dictMethods = map[string]method[*dict]{
	"items": func(r *run, d *dict, _ callArgs) (value, error) { return r.items(d) },
	"keys": func(r *run, d *dict, _ callArgs) (value, error) {
		items, err := r.iterate(d)
		return &list{items: items}, err
	},
	"values": func(r *run, d *dict, _ callArgs) (value, error) {
		return &list{items: d.vals}, r.charge(0)
	},
	"get": func(r *run, d *dict, a callArgs) (value, error) {
		v, err := a.bind("get", "key", "default")
		if err != nil {
			return nil, err
		}
		if k, ok := v[0].(text); ok {
			if err := r.charge(len(k.s)); err != nil {
				return nil, err
			}
			if item, ok := d.get(k.s); ok {
				return item, nil
			}
		}
		if v[1] == nil {
			return none{}, nil
		}
		return v[1], nil
	},
	"copy": func(_ *run, d *dict, _ callArgs) (value, error) { return d, nil },
}

var listMethods = map[string]method[*list]{
	"index": func(r *run, l *list, a callArgs) (value, error) {
		v, err := a.bind("index", "value")
		if err != nil {
			return nil, err
		}
		for i, item := range l.items {
			if same, err := r.equal(item, v[0]); same || err != nil {
				return i, err
			}
		}
		return nil, fmt.Errorf("index: the list has no such value")
	},
	"count": func(r *run, l *list, a callArgs) (value, error) {
		v, err := a.bind("count", "value")
		if err != nil {
			return nil, err
		}
		n := 0
		for _, item := range l.items {
			same, err := r.equal(item, v[0])
			if err != nil {
				return nil, err
			}
			if same {
				n++
			}
		}
		return n, nil
	},
}

func (r *run) items(d *dict) (value, error) {
	if err := r.chargeItems(len(d.keys)); err != nil {
		return nil, err
	}
	l := &list{items: make([]value, len(d.keys))}
	for i, k := range d.keys {
		l.items[i] = &list{items: []value{k, d.vals[i]}, tuple: true}
	}
	return l, nil
}

// textArgs binds arguments that must be strings; missing ones are nil.
func textArgs(fn string, a callArgs, names ...string) ([]*text, error) {
	vals, err := a.bind(fn, names...)
	if err != nil {
		return nil, err
	}
	texts := make([]*text, len(vals))
	for i, v := range vals {
		switch v := v.(type) {
		case nil, none:
		case text:
			texts[i] = &v
		default:
			return nil, fmt.Errorf("%s: %s is %s, not a string", fn, names[i], typeName(v))
		}
	}
	return texts, nil
}

// stripped makes the methods strip, lstrip and rstrip.
func stripped(name string, left, right bool) method[text] {
	return func(r *run, t text, a callArgs) (value, error) {
		v, err := textArgs(name, a, "chars")
		if err != nil {
			return nil, err
		}
		if err := r.charge(t.size()); err != nil {
			return nil, err
		}
		cut := isPythonSpace
		if v[0] != nil {
			if cut, err = r.oneOf(v[0].s); err != nil {
				return nil, err
			}
		}
		return t.trim(cut, left, right), nil
	}
}

// oneOf asks whether a character is one of chars.
func (r *run) oneOf(chars string) (func(rune) bool, error) {
	if err := r.charge(8 * len(chars)); err != nil {
		return nil, err
	}
	set := map[rune]bool{}
	for _, c := range chars {
		set[c] = true
	}
	return func(c rune) bool { return set[c] }, nil
}

// mapped makes methods that replace characters.
func mapped(f func(previous, r rune) string) method[text] {
	return func(r *run, t text, _ callArgs) (value, error) {
		if err := r.chargeRunes(t); err != nil {
			return nil, err
		}
		return t.mapRunes(f), nil
	}
}

func upperRune(_, r rune) string { return strings.ToUpper(string(r)) }
func lowerRune(_, r rune) string { return strings.ToLower(string(r)) }

func titleRune(previous, r rune) string {
	if unicode.IsLetter(previous) {
		return strings.ToLower(string(r))
	}
	return string(unicode.ToTitle(r))
}

func capitalRune(previous, r rune) string {
	if previous >= 0 {
		return strings.ToLower(string(r))
	}
	return string(unicode.ToTitle(r))
}

// affixed makes startswith and endswith, which take a string or a tuple.
func affixed(name string, has func(s, affix string) bool) method[text] {
	return func(r *run, t text, a callArgs) (value, error) {
		v, err := a.bind(name, "affix")
		if err != nil {
			return nil, err
		}
		affixes := []value{v[0]}
		if l, ok := v[0].(*list); ok && l.tuple {
			affixes = l.items
		}
		for _, affix := range affixes {
			s, ok := affix.(text)
			if !ok {
				return nil, fmt.Errorf("%s wants a string", name)
			}
			if err := r.charge(min(len(s.s), len(t.s))); err != nil {
				return nil, err
			}
			if has(t.s, s.s) {
				return true, nil
			}
		}
		return false, nil
	}
}

// without makes removeprefix and removesuffix.
func without(name string, cut func(s, affix string) (int, int)) method[text] {
	return func(r *run, t text, a callArgs) (value, error) {
		v, err := textArgs(name, a, "affix")
		if err != nil {
			return nil, err
		}
		if v[0] == nil {
			return nil, fmt.Errorf("%s wants a string", name)
		}
		if err := r.charge(t.size()); err != nil {
			return nil, err
		}
		from, to := cut(t.s, v[0].s)
		return t.slice(from, to), nil
	}
}

// found makes find and rfind.
func found(name string, index func(s, part string) int) method[text] {
	return func(r *run, t text, a callArgs) (value, error) {
		v, err := textArgs(name, a, "part")
		if err != nil {
			return nil, err
		}
		if v[0] == nil {
			return nil, fmt.Errorf("%s wants a string", name)
		}
		if err := r.chargeSearch(t.s, v[0].s); err != nil {
			return nil, err
		}
		i := index(t.s, v[0].s)
		if i > 0 {
			i = utf8.RuneCountInString(t.s[:i])
		}
		return i, nil
	}
}

// every makes methods that ask of all characters, of which there must be one.
func every(is func(rune) bool) method[text] {
	return func(r *run, t text, _ callArgs) (value, error) {
		if err := r.charge(len(t.s)); err != nil {
			return nil, err
		}
		ok := t.s != "" && strings.IndexFunc(t.s, func(r rune) bool { return !is(r) }) < 0
		return ok, nil
	}
}
