package jinja

import (
	"fmt"
	"slices"
	"strings"
)

// folded is v as sort and its kin compare it: strings without case, unless
// sensitive says otherwise.
func (r *run) folded(v, sensitive value) (value, error) {
	t, ok := v.(text)
	if !ok || (sensitive != nil && truth(sensitive)) {
		return v, nil
	}
	if err := r.chargeRunes(t); err != nil {
		return nil, err
	}
	return plain(strings.ToLower(t.s)), nil
}

// sortBy sorts items by keys, in place.
func (r *run) sortBy(items, keys []value, reverse bool) error {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	var fault error
	slices.SortStableFunc(order, func(i, j int) int {
		if fault != nil {
			return 0
		}
		if reverse {
			i, j = j, i
		}
		for _, c := range []struct{ a, b, sign int }{{i, j, -1}, {j, i, 1}} {
			before, err := r.less(keys[c.a], keys[c.b], 0)
			if err != nil && fault == nil {
				fault = err
			}
			if before {
				return c.sign
			}
		}
		return 0
	})
	sorted := make([]value, len(items))
	for to, from := range order {
		sorted[to] = items[from]
	}
	copy(items, sorted)
	return fault
}

func filterSort(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("sort", "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	keys := slices.Clone(items)
	if p[2] != nil {
		if keys, err = r.attributes(items, p[2], nil); err != nil {
			return nil, err
		}
	}
	for i := range keys {
		if keys[i], err = r.folded(keys[i], p[1]); err != nil {
			return nil, err
		}
	}
	err = r.sortBy(items, keys, p[0] != nil && truth(p[0]))
	return &list{items: items}, err
}

func filterDictsort(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("dictsort", "case_sensitive", "by", "reverse")
	if err != nil {
		return nil, err
	}
	d, ok := v.(*dict)
	if !ok {
		return nil, fmt.Errorf("dictsort of %s", typeName(v))
	}
	items, err := r.items(d)
	if err != nil {
		return nil, err
	}
	pairs := items.(*list).items
	keys := make([]value, len(pairs))
	by, _ := p[1].(text)
	for i := range keys {
		keys[i] = d.keys[i]
		if by.s == "value" {
			keys[i] = d.vals[i]
		}
		if keys[i], err = r.folded(keys[i], p[0]); err != nil {
			return nil, err
		}
	}
	err = r.sortBy(pairs, keys, p[2] != nil && truth(p[2]))
	return items, err
}

// extreme makes max and min.
func extreme(name string, highest bool) filter {
	return func(r *run, v value, a callArgs) (value, error) {
		p, err := a.bind(name, "case_sensitive", "attribute")
		if err != nil {
			return nil, err
		}
		items, err := r.iterate(v)
		if err != nil || len(items) == 0 {
			return undefined{name}, err
		}
		keys := items
		if p[1] != nil {
			if keys, err = r.attributes(items, p[1], nil); err != nil {
				return nil, err
			}
		}
		best := 0
		var bestKey value
		for i := range items {
			key, err := r.folded(keys[i], p[0])
			if err != nil {
				return nil, err
			}
			if i == 0 {
				bestKey = key
			}
			x, y := key, bestKey
			if highest {
				x, y = y, x
			}
			better, err := r.less(x, y, 0)
			if err != nil {
				return nil, err
			}
			if better {
				best, bestKey = i, key
			}
		}
		return items[best], nil
	}
}

func filterUnique(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("unique", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	keys := items
	if p[1] != nil {
		if keys, err = r.attributes(items, p[1], nil); err != nil {
			return nil, err
		}
	}
	out, seen := &list{}, &list{}
	for i, item := range items {
		key, err := r.folded(keys[i], p[0])
		if err != nil {
			return nil, err
		}
		old, err := r.contains(seen, key)
		if err != nil {
			return nil, err
		}
		if !old {
			seen.items = append(seen.items, key)
			out.items = append(out.items, item)
		}
	}
	return out, nil
}

func filterGroupby(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("groupby", "attribute", "default")
	if err != nil || p[0] == nil {
		return nil, fmt.Errorf("groupby wants an attribute")
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if err := r.chargeItems(len(items)); err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	keys, err := r.attributes(items, p[0], p[1])
	if err != nil {
		return nil, err
	}
	if err := r.sortBy(items, keys, false); err != nil {
		return nil, err
	}
	if keys, err = r.attributes(items, p[0], p[1]); err != nil {
		return nil, err
	}
	out := &list{}
	for i, item := range items {
		if n := len(out.items); n > 0 {
			group := out.items[n-1].(*list)
			same, err := r.equal(group.items[0], keys[i])
			if err != nil {
				return nil, err
			}
			if same {
				members := group.items[1].(*list)
				members.items = append(members.items, item)
				continue
			}
		}
		out.items = append(out.items, &list{items: []value{keys[i], listOf(item)}, tuple: true, names: []string{"grouper", "list"}})
	}
	return out, nil
}
