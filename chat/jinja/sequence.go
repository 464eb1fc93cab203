package jinja

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func filterList(r *run, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	return &list{items: items}, err
}

func filterItems(r *run, v value, _ callArgs) (value, error) {
	switch v := v.(type) {
	case undefined:
		return &list{}, nil
	case *dict:
		return r.items(v)
	}
	return nil, fmt.Errorf("items of %s", typeName(v))
}

func filterFirst(r *run, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil || len(items) == 0 {
		return undefined{"first"}, err
	}
	return items[0], nil
}

func filterLast(r *run, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil || len(items) == 0 {
		return undefined{"last"}, err
	}
	return items[len(items)-1], nil
}

func filterReverse(r *run, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, ok := v.(text); ok {
		return r.joined(items, text{})
	}
	return &list{items: items}, nil
}

func filterJoin(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("join", "d", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if p[1] != nil {
		if items, err = r.attributes(items, p[1], nil); err != nil {
			return nil, err
		}
	}
	sep := text{}
	if p[0] != nil {
		if sep, err = r.str(p[0]); err != nil {
			return nil, err
		}
	}
	return r.joined(items, sep)
}

// path is v.a.b.0 for the attribute "a.b.0".
func (r *run) path(v, attribute value) (value, error) {
	if i, ok := asInt(attribute); ok {
		return r.item(v, i)
	}
	name, ok := attribute.(text)
	if !ok {
		return nil, fmt.Errorf("an attribute is %s", typeName(attribute))
	}
	for part := range strings.SplitSeq(name.s, ".") {
		if err := r.charge(len(part)); err != nil {
			return nil, err
		}
		var key value = plain(part)
		if i, err := strconv.Atoi(part); err == nil {
			key = i
		}
		var err error
		if v, err = r.item(v, key); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (r *run) attributes(items []value, attribute, missing value) ([]value, error) {
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, item := range items {
		v, err := r.path(item, attribute)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(undefined); ok && missing != nil {
			v = missing
		}
		out[i] = v
	}
	return out, nil
}

func filterMap(r *run, v value, a callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if len(a.positional) == 0 {
		p, err := a.bind("map", "attribute", "default")
		if err != nil || p[0] == nil {
			return nil, fmt.Errorf("map wants a filter or an attribute")
		}
		items, err = r.attributes(items, p[0], p[1])
		return &list{items: items}, err
	}
	name, _ := a.positional[0].(text)
	if err := r.charge(len(name.s)); err != nil {
		return nil, err
	}
	fn := filterTable[name.s]
	if fn == nil {
		return nil, fmt.Errorf("map: the filter %q is unknown or not supported", name.s)
	}
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	// map('map', 'map', …) nests as expressions do.
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	rest := callArgs{positional: a.positional[1:], names: a.names, named: a.named}
	out := &list{items: make([]value, len(items))}
	for i, item := range items {
		if out.items[i], err = fn(r, item, rest); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// choose makes select, reject, selectattr and rejectattr.
func choose(name string, attribute, keep bool) filter {
	return func(r *run, v value, a callArgs) (value, error) {
		items, err := r.iterate(v)
		if err != nil {
			return nil, err
		}
		args := a.positional
		var of value
		if attribute {
			if len(args) == 0 {
				return nil, fmt.Errorf("%s wants an attribute", name)
			}
			of, args = args[0], args[1:]
		}
		test := predicate(func(_ *run, v value, _ []value) (bool, error) { return truth(v), nil })
		if len(args) > 0 {
			called, _ := args[0].(text)
			if err := r.charge(len(called.s)); err != nil {
				return nil, err
			}
			if test = testTable[called.s]; test == nil {
				return nil, fmt.Errorf("%s: the test %q is unknown or not supported", name, called.s)
			}
			args = args[1:]
		}
		if err := r.chargeItems(len(items)); err != nil {
			return nil, err
		}
		out := &list{}
		for _, item := range items {
			asked := item
			if of != nil {
				if asked, err = r.path(item, of); err != nil {
					return nil, err
				}
			}
			ok, err := test(r, asked, args)
			if err != nil {
				return nil, err
			}
			if ok == keep {
				out.items = append(out.items, item)
			}
		}
		return out, nil
	}
}

func filterBatch(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("batch", "linecount", "fill_with")
	if err != nil {
		return nil, err
	}
	n, ok := asInt(p[0])
	if !ok || n < 1 {
		return nil, fmt.Errorf("batch wants a number")
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	out := &list{}
	for part := range slices.Chunk(items, n) {
		out.items = append(out.items, &list{items: slices.Clone(part)})
	}
	if p[1] != nil && len(items)%n != 0 {
		if err := r.chargeItems(n); err != nil {
			return nil, err
		}
		last := out.items[len(out.items)-1].(*list)
		for len(last.items) < n {
			last.items = append(last.items, p[1])
		}
	}
	return out, nil
}

func filterAttr(r *run, v value, a callArgs) (value, error) {
	p, err := textArgs("attr", a, "name")
	if err != nil || p[0] == nil {
		return nil, fmt.Errorf("attr wants a name")
	}
	if err := r.charge(len(p[0].s)); err != nil {
		return nil, err
	}
	if m := methodOf(v, p[0].s); m != nil {
		return m, nil
	}
	if _, ok := v.(*dict); ok { // items are no attributes
		return undefined{p[0].s}, nil
	}
	return r.held(v, p[0].s), nil
}
