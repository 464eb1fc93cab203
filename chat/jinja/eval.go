package jinja

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

func (n *literalNode) eval(*run, *scope) (value, error) { return n.value, nil }

func (n *nameNode) eval(r *run, s *scope) (value, error) {
	r.line = n.line
	if v, ok := s.get(n.name); ok {
		return v, nil
	}
	return undefined{n.name}, nil
}

func (n *listNode) eval(r *run, s *scope) (value, error) {
	l := &list{tuple: n.tuple, items: make([]value, len(n.items))}
	for i, e := range n.items {
		v, err := r.eval(e, s)
		if err != nil {
			return nil, err
		}
		l.items[i] = v
	}
	return l, nil
}

func (n *dictNode) eval(r *run, s *scope) (value, error) {
	d := newDict()
	for i := range n.keys {
		k, err := r.eval(n.keys[i], s)
		if err != nil {
			return nil, err
		}
		v, err := r.eval(n.values[i], s)
		if err != nil {
			return nil, err
		}
		key, ok := k.(text)
		if !ok {
			return nil, fmt.Errorf("a key is %s: only strings are supported", typeName(k))
		}
		if err := r.chargeKey(key.s); err != nil {
			return nil, err
		}
		d.set(key, v)
	}
	r.line = n.line
	return d, nil
}

func (n *attrNode) eval(r *run, s *scope) (value, error) {
	of, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	r.line = n.line
	return r.attribute(of, n.name)
}

// attribute is v.name: a method where there is one, else what v holds under the
// name.
func (r *run) attribute(v value, name string) (value, error) {
	if u, ok := v.(undefined); ok {
		return nil, fmt.Errorf("%q is undefined, so it has no %q", u.name, name)
	}
	if err := r.charge(len(name)); err != nil {
		return nil, err
	}
	if m := methodOf(v, name); m != nil {
		return m, nil
	}
	return r.held(v, name), nil
}

func (r *run) held(v value, name string) value {
	switch v := v.(type) {
	case *dict:
		if item, ok := v.get(name); ok {
			return item
		}
	case *namespace:
		if item, ok := v.vars.get(name); ok {
			return item
		}
	case *loop:
		if item, ok := v.attribute(name); ok {
			return item
		}
	case *list:
		if i := slices.Index(v.names, name); i >= 0 {
			return v.items[i]
		}
	}
	return undefined{name}
}

func (n *itemNode) eval(r *run, s *scope) (value, error) {
	of, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	key, err := r.eval(n.key, s)
	if err != nil {
		return nil, err
	}
	r.line = n.line
	return r.item(of, key)
}

// item is v[key].
func (r *run) item(v, key value) (value, error) {
	if u, ok := v.(undefined); ok {
		return nil, fmt.Errorf("%q is undefined, so it has no items", u.name)
	}
	if name, ok := key.(text); ok {
		if err := r.charge(len(name.s)); err != nil {
			return nil, err
		}
		held := r.held(v, name.s)
		if _, missing := held.(undefined); missing {
			if m := methodOf(v, name.s); m != nil {
				held = m
			}
		}
		return held, nil
	}
	i, ok := asInt(key)
	if !ok {
		return undefined{"item " + typeName(key)}, r.charge(0)
	}
	switch v := v.(type) {
	case *list:
		if i < 0 {
			i += len(v.items)
		}
		if i >= 0 && i < len(v.items) {
			return v.items[i], r.charge(0)
		}
	case text:
		if err := r.charge(v.size()); err != nil {
			return nil, err
		}
		n := utf8.RuneCountInString(v.s)
		if i < 0 {
			i += n
		}
		if i >= 0 && i < n {
			from := byteOffset(v.s, i)
			_, width := utf8.DecodeRuneInString(v.s[from:])
			return v.slice(from, from+width), nil
		}
	}
	return undefined{fmt.Sprintf("item %d", i)}, r.charge(0)
}

func (n *sliceNode) eval(r *run, s *scope) (value, error) {
	of, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	var bounds [3]*int
	for i, e := range []expression{n.from, n.to, n.step} {
		if e == nil {
			continue
		}
		v, err := r.eval(e, s)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(none); ok {
			continue
		}
		b, ok := asInt(v)
		if !ok {
			return nil, fmt.Errorf("a slice has a bound of type %s", typeName(v))
		}
		bounds[i] = &b
	}
	r.line = n.line
	return r.slice(of, bounds)
}

func (n *condNode) eval(r *run, s *scope) (value, error) {
	c, err := r.eval(n.cond, s)
	if err != nil {
		return nil, err
	}
	if truth(c) {
		return r.eval(n.then, s)
	}
	if n.els == nil {
		return undefined{"else"}, nil
	}
	return r.eval(n.els, s)
}

func (n *unaryNode) eval(r *run, s *scope) (value, error) {
	v, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	r.line = n.line
	if n.op == "not" {
		return !truth(v), nil
	}
	if i, ok := asInt(v); ok {
		if n.op == "-" {
			i = -i
		}
		return i, nil
	}
	f, ok := asFloat(v)
	if !ok {
		return nil, fmt.Errorf("%s of %s", n.op, typeName(v))
	}
	if n.op == "-" {
		f = -f
	}
	return f, nil
}

func (n *compareNode) eval(r *run, s *scope) (value, error) {
	left, err := r.eval(n.first, s)
	if err != nil {
		return nil, err
	}
	for i, op := range n.ops {
		right, err := r.eval(n.rest[i], s)
		if err != nil {
			return nil, err
		}
		r.line = n.line
		ok, err := r.compare(op, left, right)
		if err != nil || !ok {
			return false, err
		}
		left = right
	}
	return true, nil
}

func (n *testNode) eval(r *run, s *scope) (value, error) {
	v, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	args := make([]value, len(n.args))
	for i, e := range n.args {
		if args[i], err = r.eval(e, s); err != nil {
			return nil, err
		}
	}
	r.line = n.line
	ok, err := n.test(r, v, args)
	return ok != n.not, err
}

func (n *filteredNode) eval(r *run, s *scope) (value, error) {
	v, err := r.eval(n.of, s)
	if err != nil {
		return nil, err
	}
	return r.filters(v, []filterCall{n.filter}, s)
}
