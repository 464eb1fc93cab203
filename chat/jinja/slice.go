package jinja

import "fmt"

// byteOffset returns where character i begins.
func byteOffset(s string, i int) int {
	for at := range s {
		if i == 0 {
			return at
		}
		i--
	}
	return len(s)
}

// slice is v[from:to:step].
func (r *run) slice(v value, bounds [3]*int) (value, error) {
	size, _ := length(v)
	from, to, step, err := sliceBounds(size, bounds)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *list:
		return r.sliceList(v, from, to, step)
	case text:
		return r.sliceText(v, from, to, step)
	case undefined:
		return nil, fmt.Errorf("%q is undefined, so it has no slices", v.name)
	}
	return nil, fmt.Errorf("%s has no slices", typeName(v))
}

func (r *run) sliceList(l *list, from, to, step int) (value, error) {
	n := max((to-from)/step+1, 0) // or one more than there are
	if err := r.chargeItems(n); err != nil {
		return nil, err
	}
	out := &list{tuple: l.tuple, items: make([]value, 0, n)}
	for i := from; (step > 0 && i < to) || (step < 0 && i > to); i += step {
		out.items = append(out.items, l.items[i])
	}
	return out, nil
}

func (r *run) sliceText(t text, from, to, step int) (value, error) {
	if err := r.charge(t.size()); err != nil {
		return nil, err
	}
	if step == 1 {
		if from >= to {
			return text{}, nil
		}
		begin := byteOffset(t.s, from)
		return t.slice(begin, begin+byteOffset(t.s[begin:], to-from)), nil
	}
	chars, err := r.iterate(t)
	if err != nil {
		return nil, err
	}
	var w textBuilder
	for i := from; (step > 0 && i < to) || (step < 0 && i > to); i += step {
		w.write(chars[i].(text))
	}
	return w.text(), nil
}

// sliceBounds is Python's slice.indices.
func sliceBounds(n int, b [3]*int) (from, to, step int, err error) {
	step = 1
	if b[2] != nil {
		// Steps longer than the value are all the same, and must not overflow.
		step = max(min(*b[2], n+1), -n-1)
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	clamp := func(p *int, missing int) int {
		if p == nil {
			return missing
		}
		i := *p
		if i < 0 {
			i += n
		}
		return max(low, min(i, high))
	}
	switch {
	case b[2] != nil && *b[2] == 0:
		return 0, 0, 0, fmt.Errorf("a slice has step 0")
	case step > 0:
		return clamp(b[0], low), clamp(b[1], high), step, nil
	}
	return clamp(b[0], high), clamp(b[1], low), step, nil
}
