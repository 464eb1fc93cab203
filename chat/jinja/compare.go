package jinja

import (
	"fmt"
	"strings"
)

func (r *run) compare(op string, a, b value) (bool, error) {
	switch op {
	case "==":
		return r.equal(a, b)
	case "!=":
		same, err := r.equal(a, b)
		return !same, err
	case "in":
		return r.contains(b, a)
	case "not in":
		ok, err := r.contains(b, a)
		return !ok, err
	case "<":
		return r.less(a, b, 0)
	case ">":
		return r.less(b, a, 0)
	case "<=":
		ok, err := r.less(b, a, 0)
		return !ok && err == nil, err
	}
	ok, err := r.less(a, b, 0) // >=
	return !ok && err == nil, err
}

// contains is v in all.
func (r *run) contains(all, v value) (bool, error) {
	switch all := all.(type) {
	case undefined:
		return false, nil
	case text:
		part, ok := v.(text)
		if !ok {
			return false, fmt.Errorf("%s in a string", typeName(v))
		}
		if err := r.chargeSearch(all.s, part.s); err != nil {
			return false, err
		}
		return strings.Contains(all.s, part.s), nil
	case *dict:
		k, ok := v.(text)
		if !ok {
			return false, nil
		}
		if err := r.charge(len(k.s)); err != nil {
			return false, err
		}
		_, ok = all.get(k.s)
		return ok, nil
	}
	items, err := r.iterate(all)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		if same, err := r.equal(item, v); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// equal is a == b. Values may share parts, so their size says nothing about the
// work: every comparison of parts is charged.
func (r *run) equal(a, b value) (bool, error) { return r.equalParts(a, b, 0) }

func (r *run) equalParts(a, b value, depth int) (bool, error) {
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
		if !ok || len(a.s) != len(b.s) {
			return false, nil
		}
		return a.s == b.s, r.charge(len(a.s))
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
			if err := r.chargeKey(k.s); err != nil {
				return false, err
			}
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
func (r *run) less(a, b value, depth int) (bool, error) {
	if err := r.charge(0); err != nil {
		return false, err
	}
	if x, ok := asFloat(a); ok {
		if y, ok := asFloat(b); ok {
			return x < y, nil
		}
	}
	if x, ok := a.(text); ok {
		if y, ok := b.(text); ok {
			return x.s < y.s, r.charge(min(len(x.s), len(y.s)))
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
