package jinja

import (
	"fmt"
	"strings"
)

// filter is f of v|f(a).
type filter func(r *run, v value, a callArgs) (value, error)

// filterTable is filled by init: filters that apply filters look it up.
var filterTable map[string]filter

func init() {
	filterTable = map[string]filter{
		"abs": filterAbs, "attr": filterAttr, "batch": filterBatch,
		"capitalize": asMethod(mapped(capitalRune)), "count": filterLength, "d": filterDefault,
		"default": filterDefault, "dictsort": filterDictsort, "e": asMethod(mapped(escapeRune)), "escape": asMethod(mapped(escapeRune)),
		"first": filterFirst, "float": filterFloat, "format": filterFormat, "groupby": filterGroupby,
		"indent": filterIndent, "int": filterInt, "items": filterItems, "join": filterJoin,
		"last": filterLast, "length": filterLength, "list": filterList,
		"lower": asMethod(mapped(lowerRune)), "map": filterMap, "max": extreme("max", true),
		"min": extreme("min", false), "reject": choose("reject", false, false),
		"rejectattr": choose("rejectattr", true, false), "replace": asMethod(textReplace),
		"reverse": filterReverse, "round": filterRound, "safe": filterString,
		"select": choose("select", false, true), "selectattr": choose("selectattr", true, true),
		"sort": filterSort, "string": filterString, "sum": filterSum,
		"title": asMethod(mapped(titleFilterRune)), "tojson": filterJSON, "trim": asMethod(stripped("trim", true, true)),
		"truncate": filterTruncate, "unique": filterUnique, "upper": asMethod(mapped(upperRune)),
		"wordcount": filterWordcount,
	}
}

// asMethod makes a filter of a method of str(v).
func asMethod(m method[text]) filter {
	return func(r *run, v value, a callArgs) (value, error) {
		t, err := r.str(v)
		if err != nil {
			return nil, err
		}
		return m(r, t, a)
	}
}

// titleFilterRune begins words after blanks, hyphens and brackets only.
func titleFilterRune(previous, r rune) string {
	if previous < 0 || isPythonSpace(previous) || strings.ContainsRune("-([{<", previous) {
		return upperRune(previous, r)
	}
	return lowerRune(previous, r)
}

func filterString(r *run, v value, _ callArgs) (value, error) {
	return r.str(v)
}

// filterJSON is transformers' tojson, which is not Jinja's.
func filterJSON(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys")
	if err != nil {
		return nil, err
	}
	style := oneLine
	style.charge = r.chargeRunes
	style.ascii = p[0] != nil && truth(p[0])
	if i, ok := asInt(p[1]); ok {
		style.indent = min(max(i, 0), 16)
		style.item = ","
	} else if p[1] != nil && !isType[none](p[1]) {
		return nil, fmt.Errorf("tojson: indent is %s", typeName(p[1]))
	}
	if l, ok := p[2].(*list); ok && len(l.items) == 2 {
		item, err := r.str(l.items[0])
		if err != nil {
			return nil, err
		}
		key, err := r.str(l.items[1])
		if err != nil {
			return nil, err
		}
		style.item, style.key = item.s, key.s
	} else if p[2] != nil && !isType[none](p[2]) {
		return nil, fmt.Errorf("tojson: separators are %s", typeName(p[2]))
	}
	if p[3] != nil && truth(p[3]) {
		return nil, fmt.Errorf("tojson: sort_keys is not supported")
	}
	var w textBuilder
	if err := style.write(&w, v, 0); err != nil {
		return nil, err
	}
	return w.text(), r.charge(w.len() * 4)
}

func filterLength(r *run, v value, _ callArgs) (value, error) {
	if t, ok := v.(text); ok {
		if err := r.charge(len(t.s)); err != nil {
			return nil, err
		}
	}
	n, ok := length(v)
	if !ok {
		return nil, fmt.Errorf("%s has no length", typeName(v))
	}
	return n, nil
}

func filterDefault(_ *run, v value, a callArgs) (value, error) {
	p, err := a.bind("default", "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	if p[0] == nil {
		p[0] = text{}
	}
	if _, missing := v.(undefined); missing || (p[1] != nil && truth(p[1]) && !truth(v)) {
		return p[0], nil
	}
	return v, nil
}

func escapeRune(_, r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '\'':
		return "&#39;"
	case '"':
		return "&#34;"
	}
	return string(r)
}

func filterFormat(r *run, v value, a callArgs) (value, error) {
	if len(a.names) > 0 {
		return nil, fmt.Errorf("format: named arguments are not supported")
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.format(t, &list{items: a.positional, tuple: true})
}

func filterIndent(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("indent", "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	by := plain("    ")
	switch w := p[0].(type) {
	case nil:
	case text:
		by = w
	default:
		n, ok := asInt(w)
		if !ok || n > 1000 {
			return nil, fmt.Errorf("indent: bad width")
		}
		by = plain(strings.Repeat(" ", max(n, 0)))
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if err := r.charge(t.size() + 3*len(t.s)); err != nil {
		return nil, err
	}
	if err := r.chargeTimes(by.size()+1, strings.Count(t.s, "\n")+1); err != nil {
		return nil, err
	}
	var w textBuilder
	for i := 0; ; {
		end := strings.IndexByte(t.s[i:], '\n')
		if end < 0 {
			end = len(t.s) - i
		}
		indented := i > 0 || (p[1] != nil && truth(p[1]))
		if indented && (end > 0 || (p[2] != nil && truth(p[2]))) {
			w.write(by)
		}
		w.write(t.slice(i, i+end))
		if i += end; i == len(t.s) {
			return w.text(), nil
		}
		w.write(t.slice(i, i+1))
		i++
	}
}

func filterTruncate(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("truncate", "length", "killwords", "end", "leeway")
	if err != nil {
		return nil, err
	}
	size, leeway, end := 255, 5, plain("...")
	for i, to := range map[int]*int{0: &size, 3: &leeway} {
		if n, ok := asInt(p[i]); ok {
			*to = n
		}
	}
	if e, ok := p[2].(text); ok {
		end = e
	}
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if err := r.charge(t.size() + end.size()); err != nil {
		return nil, err
	}
	n, _ := length(t)
	tail, _ := length(end)
	if n <= size+leeway || size < tail {
		return t, nil
	}
	cut := t.slice(0, byteOffset(t.s, size-tail))
	if p[1] == nil || !truth(p[1]) {
		if i := strings.LastIndexByte(cut.s, ' '); i >= 0 {
			cut = cut.slice(0, i)
		}
	}
	return concat(cut, end), nil
}

func filterWordcount(r *run, v value, _ callArgs) (value, error) {
	t, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(t.s)); err != nil {
		return nil, err
	}
	n := 0
	for range strings.FieldsSeq(t.s) {
		n++
	}
	return n, nil
}
