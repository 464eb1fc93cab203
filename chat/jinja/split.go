package jinja

import (
	"fmt"
	"slices"
	"strings"
)

// splitArgs reads the arguments of split: the separator, nil for white space,
// and how often to split.
func splitArgs(name string, a callArgs) (sep *text, n int, err error) {
	v, err := a.bind(name, "sep", "maxsplit")
	if err != nil {
		return nil, 0, err
	}
	n = -1
	if v[1] != nil {
		var ok bool
		if n, ok = asInt(v[1]); !ok {
			return nil, 0, fmt.Errorf("%s: maxsplit is %s", name, typeName(v[1]))
		}
	}
	switch s := v[0].(type) {
	case nil, none:
		return nil, n, nil
	case text:
		if s.s == "" {
			return nil, 0, fmt.Errorf("%s: the separator is empty", name)
		}
		return &s, n, nil
	}
	return nil, 0, fmt.Errorf("%s: the separator is %s", name, typeName(v[0]))
}

// part appends t[from:to] to the parts of t.
func (r *run) part(out *list, t text, from, to int) error {
	if err := r.chargeItems(1); err != nil {
		return err
	}
	out.items = append(out.items, t.slice(from, to))
	return nil
}

func textSplit(r *run, t text, a callArgs) (value, error) {
	sep, n, err := splitArgs("split", a)
	if err != nil {
		return nil, err
	}
	if err := r.chargeRunes(t); err != nil {
		return nil, err
	}
	if sep == nil {
		return r.splitSpace(t, n)
	}
	if err := r.chargeSearch(t.s, sep.s); err != nil {
		return nil, err
	}
	out := &list{}
	from := 0
	for ; n != 0; n-- {
		i := strings.Index(t.s[from:], sep.s)
		if i < 0 {
			break
		}
		if err := r.part(out, t, from, from+i); err != nil {
			return nil, err
		}
		from += i + len(sep.s)
	}
	err = r.part(out, t, from, len(t.s))
	return out, err
}

func (r *run) splitSpace(t text, n int) (value, error) {
	out := &list{}
	afterSpace := func(i int) int { return len(t.s) - len(strings.TrimLeftFunc(t.s[i:], isPythonSpace)) }
	from := afterSpace(0)
	for ; n != 0 && from < len(t.s); n-- {
		to := len(t.s)
		if i := strings.IndexFunc(t.s[from:], isPythonSpace); i >= 0 {
			to = from + i
		}
		if err := r.part(out, t, from, to); err != nil {
			return nil, err
		}
		from = afterSpace(to)
	}
	if from == len(t.s) {
		return out, nil
	}
	err := r.part(out, t, from, len(t.s))
	return out, err
}

func textRsplit(r *run, t text, a callArgs) (value, error) {
	sep, n, err := splitArgs("rsplit", a)
	if err != nil {
		return nil, err
	}
	if sep == nil {
		return nil, fmt.Errorf("rsplit at white space is not supported")
	}
	if err := r.chargeRunes(t); err != nil {
		return nil, err
	}
	if err := r.chargeSearch(t.s, sep.s); err != nil {
		return nil, err
	}
	out := &list{}
	to := len(t.s)
	for ; n != 0; n-- {
		i := strings.LastIndex(t.s[:to], sep.s)
		if i < 0 {
			break
		}
		if err := r.part(out, t, i+len(sep.s), to); err != nil {
			return nil, err
		}
		to = i
	}
	err = r.part(out, t, 0, to)
	slices.Reverse(out.items)
	return out, err
}

func textSplitlines(r *run, t text, _ callArgs) (value, error) {
	if err := r.chargeRunes(t); err != nil {
		return nil, err
	}
	out := &list{}
	for from := 0; from < len(t.s); {
		to := len(t.s)
		if i := strings.IndexAny(t.s[from:], "\n\r"); i >= 0 {
			to = from + i
		}
		if err := r.part(out, t, from, to); err != nil {
			return nil, err
		}
		if strings.HasPrefix(t.s[to:], "\r\n") {
			to++
		}
		from = to + 1
	}
	return out, nil
}
