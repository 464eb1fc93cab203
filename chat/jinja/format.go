package jinja

import (
	"fmt"
	"strconv"
	"strings"
)

// textFormat is str.format with {}, {0} and {name}.
func textFormat(r *run, t text, a callArgs) (value, error) {
	if err := r.charge(t.size()); err != nil {
		return nil, err
	}
	var w textBuilder
	next := 0
	for i := 0; i < len(t.s); {
		j := strings.IndexAny(t.s[i:], "{}")
		if j < 0 {
			w.write(t.slice(i, len(t.s)))
			break
		}
		w.write(t.slice(i, i+j))
		i += j
		if i+1 < len(t.s) && t.s[i+1] == t.s[i] {
			w.write(t.slice(i, i+1))
			i += 2
			continue
		}
		end := strings.IndexByte(t.s[i:], '}')
		if t.s[i] == '}' || end < 0 {
			return nil, fmt.Errorf("format: a brace has no partner")
		}
		if err := r.charge(8 * len(a.names)); err != nil {
			return nil, err
		}
		v, err := formatField(t.s[i+1:i+end], &next, a)
		if err != nil {
			return nil, err
		}
		piece, err := r.str(v)
		if err != nil {
			return nil, err
		}
		if err := r.append(&w, piece); err != nil {
			return nil, err
		}
		i += end + 1
	}
	return w.text(), nil
}

func formatField(name string, next *int, a callArgs) (value, error) {
	if name == "" {
		name = strconv.Itoa(*next)
		*next++
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || i >= len(a.positional) {
			return nil, fmt.Errorf("format: there is no argument %d", i)
		}
		return a.positional[i], nil
	}
	for i, n := range a.names {
		if n == name {
			return a.named[i], nil
		}
	}
	return nil, fmt.Errorf("format: the field {%s} is unknown or not supported", name)
}

// format is t % v, with %s, %d, %r, %i and %%.
func (r *run) format(t text, v value) (value, error) {
	args := []value{v}
	if l, ok := v.(*list); ok && l.tuple {
		args = l.items
	}
	if err := r.charge(t.size()); err != nil {
		return nil, err
	}
	var w textBuilder
	for i := 0; i < len(t.s); {
		j := strings.IndexByte(t.s[i:], '%')
		if j < 0 || i+j+1 == len(t.s) {
			w.write(t.slice(i, len(t.s)))
			break
		}
		w.write(t.slice(i, i+j))
		verb := t.s[i+j+1]
		i += j + 2
		if verb == '%' {
			w.writeString("%")
			continue
		}
		if len(args) == 0 {
			return nil, fmt.Errorf("%%%c has no argument", verb)
		}
		arg := args[0]
		args = args[1:]
		piece, err := r.formatVerb(verb, arg)
		if err != nil {
			return nil, err
		}
		if err := r.append(&w, piece); err != nil {
			return nil, err
		}
	}
	if len(args) > 0 {
		return nil, fmt.Errorf("%% has arguments that the text does not use")
	}
	return w.text(), nil
}

func (r *run) formatVerb(verb byte, v value) (text, error) {
	switch verb {
	case 's':
		return r.str(v)
	case 'r':
		return r.repr(v)
	case 'd', 'i':
		if f, ok := asFloat(v); ok {
			return plain(strconv.FormatInt(int64(f), 10)), nil
		}
		return text{}, fmt.Errorf("%%%c of %s", verb, typeName(v))
	case 'f':
		if f, ok := asFloat(v); ok {
			return plain(strconv.FormatFloat(f, 'f', 6, 64)), nil
		}
		return text{}, fmt.Errorf("%%%c of %s", verb, typeName(v))
	}
	return text{}, fmt.Errorf("%%%c is not supported", verb)
}
