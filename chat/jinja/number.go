package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func filterSum(r *run, v value, a callArgs) (value, error) {
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

func filterAbs(_ *run, v value, _ callArgs) (value, error) {
	if i, ok := asInt(v); ok {
		return max(i, -i), nil
	}
	if f, ok := asFloat(v); ok {
		return math.Abs(f), nil
	}
	return nil, fmt.Errorf("abs of %s", typeName(v))
}

func filterInt(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("int", "default", "base")
	if err != nil {
		return nil, err
	}
	if i, ok := asInt(v); ok {
		return i, nil
	}
	f, ok := asFloat(v)
	if t, isText := v.(text); isText {
		if err := r.charge(len(t.s)); err != nil {
			return nil, err
		}
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

func filterFloat(r *run, v value, a callArgs) (value, error) {
	p, err := a.bind("float", "default")
	if err != nil {
		return nil, err
	}
	if f, ok := asFloat(v); ok {
		return f, nil
	}
	if t, ok := v.(text); ok {
		if err := r.charge(len(t.s)); err != nil {
			return nil, err
		}
		if f, err := strconv.ParseFloat(strings.TrimFunc(t.s, isPythonSpace), 64); err == nil {
			return f, nil
		}
	}
	if p[0] == nil {
		return 0.0, nil
	}
	return p[0], nil
}

func filterRound(_ *run, v value, a callArgs) (value, error) {
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
