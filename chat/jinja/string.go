package jinja

import (
	"fmt"
	"strings"
	"unicode"
)

var textMethods = map[string]method[text]{
	"strip":      stripped("strip", true, true),
	"lstrip":     stripped("lstrip", true, false),
	"rstrip":     stripped("rstrip", false, true),
	"upper":      mapped(upperRune),
	"lower":      mapped(lowerRune),
	"title":      mapped(titleRune),
	"capitalize": mapped(capitalRune),
	"startswith": affixed("startswith", strings.HasPrefix),
	"endswith":   affixed("endswith", strings.HasSuffix),
	"removeprefix": without("removeprefix", func(s, affix string) (int, int) {
		return len(s) - len(strings.TrimPrefix(s, affix)), len(s)
	}),
	"removesuffix": without("removesuffix", func(s, affix string) (int, int) {
		return 0, len(strings.TrimSuffix(s, affix))
	}),
	"find":       found("find", strings.Index),
	"rfind":      found("rfind", strings.LastIndex),
	"isdigit":    every(unicode.IsDigit),
	"isnumeric":  every(unicode.IsNumber),
	"isalpha":    every(unicode.IsLetter),
	"isalnum":    every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
	"isspace":    every(isPythonSpace),
	"isupper":    cased(unicode.IsUpper),
	"islower":    cased(unicode.IsLower),
	"split":      textSplit,
	"rsplit":     textRsplit,
	"splitlines": textSplitlines,
	"replace":    textReplace,
	"count":      textCount,
	"join":       textJoin,
	"format":     textFormat,
	"partition":  textPartition,
}

// cased makes isupper and islower, which ask of letters only.
func cased(is func(rune) bool) method[text] {
	return func(r *run, t text, _ callArgs) (value, error) {
		some, all := false, true
		for _, c := range t.s {
			if unicode.IsUpper(c) || unicode.IsLower(c) {
				some, all = true, all && is(c)
			}
		}
		return some && all, r.charge(len(t.s))
	}
}

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

func textSplit(r *run, t text, a callArgs) (value, error) {
	sep, n, err := splitArgs("split", a)
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(t.s) * 8); err != nil {
		return nil, err
	}
	if sep == nil {
		out := splitSpace(t, n)
		return out, r.chargeItems(len(out.items))
	}
	out := &list{}
	for ; n != 0; n-- {
		i := strings.Index(t.s, sep.s)
		if i < 0 {
			break
		}
		out.items = append(out.items, t.slice(0, i))
		t = t.slice(i+len(sep.s), len(t.s))
	}
	out.items = append(out.items, t)
	return out, r.chargeItems(len(out.items))
}

func splitSpace(t text, n int) *list {
	out := &list{}
	t = t.trim(isPythonSpace, true, false)
	for ; n != 0 && t.s != ""; n-- {
		i := strings.IndexFunc(t.s, isPythonSpace)
		if i < 0 {
			i = len(t.s)
		}
		out.items = append(out.items, t.slice(0, i))
		t = t.slice(i, len(t.s)).trim(isPythonSpace, true, false)
	}
	if t.s != "" {
		out.items = append(out.items, t)
	}
	return out
}

func textRsplit(r *run, t text, a callArgs) (value, error) {
	sep, n, err := splitArgs("rsplit", a)
	if err != nil {
		return nil, err
	}
	if sep == nil {
		return nil, fmt.Errorf("rsplit at white space is not supported")
	}
	if err := r.charge(len(t.s) * 8); err != nil {
		return nil, err
	}
	var parts []value
	for ; n != 0; n-- {
		i := strings.LastIndex(t.s, sep.s)
		if i < 0 {
			break
		}
		parts = append(parts, t.slice(i+len(sep.s), len(t.s)))
		t = t.slice(0, i)
	}
	parts = append(parts, t)
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return &list{items: parts}, nil
}

func textSplitlines(r *run, t text, _ callArgs) (value, error) {
	out := &list{}
	for t.s != "" {
		i := strings.IndexAny(t.s, "\n\r")
		if i < 0 {
			out.items = append(out.items, t)
			break
		}
		out.items = append(out.items, t.slice(0, i))
		if strings.HasPrefix(t.s[i:], "\r\n") {
			i++
		}
		t = t.slice(i+1, len(t.s))
		if err := r.charge(stepBytes + 8*i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func textPartition(r *run, t text, a callArgs) (value, error) {
	v, err := textArgs("partition", a, "sep")
	if err != nil {
		return nil, err
	}
	if v[0] == nil || v[0].s == "" {
		return nil, fmt.Errorf("partition wants a separator")
	}
	out := &list{tuple: true, items: []value{t, text{}, text{}}}
	if i := strings.Index(t.s, v[0].s); i >= 0 {
		j := i + len(v[0].s)
		out.items = []value{t.slice(0, i), t.slice(i, j), t.slice(j, len(t.s))}
	}
	return out, r.charge(len(t.s))
}

func textReplace(r *run, t text, a callArgs) (value, error) {
	v, err := a.bind("replace", "old", "new", "count")
	if err != nil {
		return nil, err
	}
	old, ok := v[0].(text)
	by, ok2 := v[1].(text)
	if !ok || !ok2 {
		return nil, fmt.Errorf("replace wants two strings")
	}
	n := -1
	if v[2] != nil {
		if n, ok = asInt(v[2]); !ok {
			return nil, fmt.Errorf("replace: count is %s", typeName(v[2]))
		}
	}
	times := strings.Count(t.s, old.s)
	if err := r.chargeTimes(len(by.s)+len(t.marks), times+1); err != nil {
		return nil, err
	}
	return t.replace(old.s, by, n), r.charge(len(t.s) * 4)
}

func textCount(r *run, t text, a callArgs) (value, error) {
	v, err := textArgs("count", a, "part")
	if err != nil {
		return nil, err
	}
	if v[0] == nil {
		return nil, fmt.Errorf("count wants a string")
	}
	return strings.Count(t.s, v[0].s), r.charge(len(t.s))
}

func textJoin(r *run, t text, a callArgs) (value, error) {
	v, err := a.bind("join", "values")
	if err != nil {
		return nil, err
	}
	items, err := r.iterate(v[0])
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if _, ok := item.(text); !ok {
			return nil, fmt.Errorf("join of %s", typeName(item))
		}
	}
	return r.joined(items, t)
}

// joined writes the items with sep between.
func (r *run) joined(items []value, sep text) (value, error) {
	var w textBuilder
	for i, item := range items {
		if i > 0 {
			w.write(sep)
		}
		t := stringOf(item)
		w.write(t)
		if err := r.charge(len(t.s) + len(sep.s)); err != nil || w.len() > r.limits.Output {
			return nil, errTooMuch
		}
	}
	return w.text(), nil
}
