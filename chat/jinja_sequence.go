package chat

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

func filterList(r *jinjaRun, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	return &list{items: items}, err
}

func filterItems(r *jinjaRun, v value, _ callArgs) (value, error) {
	switch v := v.(type) {
	case undefined:
		return &list{}, nil
	case *dict:
		return r.items(v)
	}
	return nil, fmt.Errorf("items of %s", typeName(v))
}

func filterFirst(r *jinjaRun, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil || len(items) == 0 {
		return undefined{"first"}, err
	}
	return items[0], nil
}

func filterLast(r *jinjaRun, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil || len(items) == 0 {
		return undefined{"last"}, err
	}
	return items[len(items)-1], nil
}

func filterReverse(r *jinjaRun, v value, _ callArgs) (value, error) {
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, ok := v.(text); ok {
		return r.joined(items, text{})
	}
	return &list{items: items}, nil
}

func filterJoin(r *jinjaRun, v value, a callArgs) (value, error) {
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
		sep = stringOf(p[0])
	}
	return r.joined(items, sep)
}

// path is v.a.b.0 for the attribute "a.b.0".
func (r *jinjaRun) path(v, attribute value) (value, error) {
	if i, ok := asInt(attribute); ok {
		return r.item(v, i)
	}
	name, ok := attribute.(text)
	if !ok {
		return nil, fmt.Errorf("an attribute is %s", typeName(attribute))
	}
	for _, part := range strings.Split(name.s, ".") {
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

func (r *jinjaRun) attributes(items []value, attribute, missing value) ([]value, error) {
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

func filterMap(r *jinjaRun, v value, a callArgs) (value, error) {
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
	fn := jinjaFilters()[name.s]
	if fn == nil {
		return nil, fmt.Errorf("map: the filter %q is unknown or not supported", name.s)
	}
	rest := callArgs{positional: a.positional[1:], names: a.names, named: a.named}
	out := &list{items: make([]value, len(items))}
	for i, item := range items {
		if out.items[i], err = fn(r, item, rest); err != nil {
			return nil, err
		}
	}
	return out, r.chargeItems(len(items))
}

// choose makes select, reject, selectattr and rejectattr.
func choose(name string, attribute, keep bool) filter {
	return func(r *jinjaRun, v value, a callArgs) (value, error) {
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
		test := predicate(func(_ *jinjaRun, v value, _ []value) (bool, error) { return truth(v), nil })
		if len(args) > 0 {
			called, _ := args[0].(text)
			if test = jinjaTests()[called.s]; test == nil {
				return nil, fmt.Errorf("%s: the test %q is unknown or not supported", name, called.s)
			}
			args = args[1:]
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
		return out, r.chargeItems(len(items))
	}
}

// folded is v as sort and its kin compare it: strings without case.
func folded(v value, caseSensitive bool) value {
	if t, ok := v.(text); ok && !caseSensitive {
		return plain(strings.ToLower(t.s))
	}
	return v
}

// sortBy sorts items by keys, in place.
func (r *jinjaRun) sortBy(items, keys []value, reverse bool) error {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	var fault error
	slices.SortStableFunc(order, func(i, j int) int {
		if fault == nil {
			fault = r.charge(0)
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

func filterSort(r *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("sort", "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
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
		keys[i] = folded(keys[i], p[1] != nil && truth(p[1]))
	}
	err = r.sortBy(items, keys, p[0] != nil && truth(p[0]))
	return &list{items: items}, err
}

func filterDictsort(r *jinjaRun, v value, a callArgs) (value, error) {
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
		keys[i] = folded(keys[i], p[0] != nil && truth(p[0]))
	}
	err = r.sortBy(pairs, keys, p[2] != nil && truth(p[2]))
	return items, err
}

// extreme makes max and min.
func extreme(name string, highest bool) filter {
	return func(r *jinjaRun, v value, a callArgs) (value, error) {
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
		sensitive := p[0] != nil && truth(p[0])
		for i := range items {
			x, y := folded(keys[i], sensitive), folded(keys[best], sensitive)
			if highest {
				x, y = y, x
			}
			better, err := r.less(x, y, 0)
			if err != nil {
				return nil, err
			}
			if better {
				best = i
			}
		}
		return items[best], nil
	}
}

func filterUnique(r *jinjaRun, v value, a callArgs) (value, error) {
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
		key := folded(keys[i], p[0] != nil && truth(p[0]))
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

func filterGroupby(r *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("groupby", "attribute", "default")
	if err != nil || p[0] == nil {
		return nil, fmt.Errorf("groupby wants an attribute")
	}
	items, err := r.iterate(v)
	if err != nil {
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

func filterBatch(r *jinjaRun, v value, a callArgs) (value, error) {
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
	out := &list{}
	for part := range slices.Chunk(items, n) {
		out.items = append(out.items, &list{items: slices.Clone(part)})
	}
	if p[1] != nil && len(items)%n != 0 {
		if err := r.chargeTimes(16, n); err != nil {
			return nil, err
		}
		last := out.items[len(out.items)-1].(*list)
		for len(last.items) < n {
			last.items = append(last.items, p[1])
		}
	}
	return out, r.chargeItems(len(items))
}

func filterSum(r *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("sum", "attribute", "start")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v)
	if err != nil {
		return nil, err
	}
	if p[0] != nil {
		if _, ok := p[0].(none); !ok {
			if items, err = r.attributes(items, p[0], nil); err != nil {
				return nil, err
			}
		}
	}
	var sum value = 0
	if p[1] != nil {
		sum = p[1]
	}
	for _, item := range items {
		if sum, err = r.operate("+", sum, item); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func filterAttr(r *jinjaRun, v value, a callArgs) (value, error) {
	p, err := textArgs("attr", a, "name")
	if err != nil || p[0] == nil {
		return nil, fmt.Errorf("attr wants a name")
	}
	if m := methodOf(v, p[0].s); m != nil {
		return m, nil
	}
	if _, ok := v.(*dict); ok { // items are no attributes
		return undefined{p[0].s}, nil
	}
	return r.held(v, p[0].s), nil
}

func filterAbs(_ *jinjaRun, v value, _ callArgs) (value, error) {
	if i, ok := asInt(v); ok {
		return max(i, -i), nil
	}
	if f, ok := asFloat(v); ok {
		return math.Abs(f), nil
	}
	return nil, fmt.Errorf("abs of %s", typeName(v))
}

func filterInt(_ *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("int", "default", "base")
	if err != nil {
		return nil, err
	}
	if i, ok := asInt(v); ok {
		return i, nil
	}
	f, ok := asFloat(v)
	if t, isText := v.(text); isText {
		s := strings.TrimFunc(t.s, isPythonSpace)
		if i, err := strconv.Atoi(s); err == nil {
			return i, nil
		}
		var err error
		f, err = strconv.ParseFloat(s, 64)
		ok = err == nil
	}
	if ok && math.Abs(f) < 1<<62 {
		return int(f), nil
	}
	if p[0] == nil {
		return 0, nil
	}
	return p[0], nil
}

func filterFloat(_ *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("float", "default")
	if err != nil {
		return nil, err
	}
	if f, ok := asFloat(v); ok {
		return f, nil
	}
	if t, ok := v.(text); ok {
		if f, err := strconv.ParseFloat(strings.TrimFunc(t.s, isPythonSpace), 64); err == nil {
			return f, nil
		}
	}
	if p[0] == nil {
		return 0.0, nil
	}
	return p[0], nil
}

func filterRound(_ *jinjaRun, v value, a callArgs) (value, error) {
	p, err := a.bind("round", "precision", "method")
	if err != nil {
		return nil, err
	}
	f, ok := asFloat(v)
	if !ok {
		return nil, fmt.Errorf("round of %s", typeName(v))
	}
	digits, _ := asInt(p[0])
	scale := math.Pow(10, float64(digits))
	by := math.RoundToEven
	switch how, _ := p[1].(text); how.s {
	case "ceil":
		by = math.Ceil
	case "floor":
		by = math.Floor
	}
	return by(f*scale) / scale, nil
}
