package jinja

import (
	"fmt"
	"unicode/utf8"
)

// loop is the variable of that name in a loop.
type loop struct {
	items []value
	index int
	last  *list // what changed() saw
}

func (n *forNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	over, err := r.eval(n.over, s)
	if err != nil {
		return flowNext, err
	}
	items, err := r.iterate(over)
	if err != nil {
		return flowNext, err
	}
	if n.filter != nil {
		if items, err = n.kept(r, s, items); err != nil {
			return flowNext, err
		}
	}
	l := &loop{items: items}
	for i, item := range items {
		in := &scope{parent: s, vars: make([]variable, 0, 4)}
		l.index = i
		in.set("loop", l)
		if err := r.charge(0); err != nil {
			return flowNext, err
		}
		if err := r.assign(in, n.target, item); err != nil {
			return flowNext, err
		}
		f, err := r.block(n.body, in)
		if err != nil {
			return flowNext, err
		}
		if f == flowBreak {
			break
		}
	}
	if len(items) == 0 {
		return r.block(n.els, s.inner())
	}
	return flowNext, nil
}

// kept returns the items that the loop's condition lets through.
func (n *forNode) kept(r *run, s *scope, items []value) ([]value, error) {
	var kept []value
	for _, item := range items {
		in := s.inner()
		if err := r.assign(in, n.target, item); err != nil {
			return nil, err
		}
		ok, err := r.eval(n.filter, in)
		if err != nil {
			return nil, err
		}
		if truth(ok) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// iterate returns what a loop over v sees.
func (r *run) iterate(v value) ([]value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, nil
	case *list:
		return v.items, r.charge(0)
	case *dict:
		if err := r.chargeItems(len(v.keys)); err != nil {
			return nil, err
		}
		items := make([]value, len(v.keys))
		for i, k := range v.keys {
			items[i] = k
		}
		return items, nil
	case text:
		if err := r.chargeItems(len(v.s)); err != nil {
			return nil, err
		}
		var items []value
		for i := 0; i < len(v.s); {
			_, n := utf8.DecodeRuneInString(v.s[i:])
			items = append(items, v.slice(i, i+n))
			i += n
		}
		return items, nil
	}
	return nil, fmt.Errorf("%s cannot be iterated", typeName(v))
}

func (l *loop) attribute(name string) (value, bool) {
	n := len(l.items)
	at := func(i int) value {
		if i < 0 || i >= n {
			return undefined{"loop." + name}
		}
		return l.items[i]
	}
	switch name {
	case "index":
		return l.index + 1, true
	case "index0":
		return l.index, true
	case "revindex":
		return n - l.index, true
	case "revindex0":
		return n - l.index - 1, true
	case "first":
		return l.index == 0, true
	case "last":
		return l.index == n-1, true
	case "length":
		return n, true
	case "previtem":
		return at(l.index - 1), true
	case "nextitem":
		return at(l.index + 1), true
	case "depth": // of recursion only
		return 1, true
	case "depth0":
		return 0, true
	case "cycle":
		return &function{"cycle", func(_ *run, a callArgs) (value, error) {
			if len(a.positional) == 0 {
				return nil, fmt.Errorf("cycle has no values")
			}
			return a.positional[l.index%len(a.positional)], nil
		}}, true
	case "changed":
		return &function{"changed", func(r *run, a callArgs) (value, error) {
			now := &list{items: a.positional}
			last := l.last
			l.last = now
			if last == nil {
				return true, nil
			}
			same, err := r.equal(last, now)
			return !same, err
		}}, true
	}
	return nil, false
}
