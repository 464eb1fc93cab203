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
		if err := r.charge(len(t.s)); err != nil {
			return nil, err
		}
		some, all := false, true
		for _, c := range t.s {
			if unicode.IsUpper(c) || unicode.IsLower(c) {
				some, all = true, all && is(c)
			}
		}
		return some && all, nil
	}
}

func textPartition(r *run, t text, a callArgs) (value, error) {
	v, err := textArgs("partition", a, "sep")
	if err != nil {
		return nil, err
	}
	if v[0] == nil || v[0].s == "" {
		return nil, fmt.Errorf("partition wants a separator")
	}
	if err := r.charge(t.size()); err != nil {
		return nil, err
	}
	if err := r.chargeSearch(t.s, v[0].s); err != nil {
		return nil, err
	}
	out := &list{tuple: true, items: []value{t, text{}, text{}}}
	if i := strings.Index(t.s, v[0].s); i >= 0 {
		j := i + len(v[0].s)
		out.items = []value{t.slice(0, i), t.slice(i, j), t.slice(j, len(t.s))}
	}
	return out, nil
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
	if err := r.charge(t.size() + 3*len(t.s)); err != nil {
		return nil, err
	}
	if err := r.chargeSearch(t.s, old.s); err != nil {
		return nil, err
	}
	if err := r.chargeTimes(by.size(), strings.Count(t.s, old.s)+1); err != nil {
		return nil, err
	}
	return t.replace(old.s, by, n), nil
}

func textCount(r *run, t text, a callArgs) (value, error) {
	v, err := textArgs("count", a, "part")
	if err != nil {
		return nil, err
	}
	if v[0] == nil {
		return nil, fmt.Errorf("count wants a string")
	}
	if err := r.chargeSearch(t.s, v[0].s); err != nil {
		return nil, err
	}
	return strings.Count(t.s, v[0].s), nil
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
	if err := r.chargeItems(len(items)); err != nil {
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
			if err := r.append(&w, sep); err != nil {
				return nil, err
			}
		}
		t, err := r.str(item)
		if err != nil {
			return nil, err
		}
		if err := r.append(&w, t); err != nil {
			return nil, err
		}
	}
	return w.text(), nil
}
