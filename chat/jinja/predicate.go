package jinja

import (
	"fmt"
	"strings"
)

// predicate is a test: v is p(args).
type predicate func(r *run, v value, args []value) (bool, error)

var testTable map[string]predicate

func init() {
	testTable = map[string]predicate{
		"defined":   is(func(v value) bool { return !isType[undefined](v) }),
		"undefined": is(isType[undefined]),
		"none":      is(isType[none]),
		"boolean":   is(isType[bool]),
		"true":      is(func(v value) bool { return v == true }),
		"false":     is(func(v value) bool { return v == false }),
		"integer":   is(func(v value) bool { return isType[int](v) }),
		"float":     is(func(v value) bool { return isType[float64](v) || isType[number](v) }),
		"number":    is(func(v value) bool { _, ok := asFloat(v); return ok }),
		"string":    is(isType[text]),
		"mapping":   is(isType[*dict]),
		"iterable":  is(func(v value) bool { return isType[undefined](v) || isSequence(v) || isType[*loop](v) }),
		"sequence":  is(func(v value) bool { return isType[undefined](v) || isSequence(v) }),
		"callable":  is(isType[*function]),
		"escaped":   is(func(value) bool { return false }),
		"lower":     isText(func(s string) bool { return s == strings.ToLower(s) && s != strings.ToUpper(s) }),
		"upper":     isText(func(s string) bool { return s == strings.ToUpper(s) && s != strings.ToLower(s) }),
		"odd":       divides(2, 1),
		"even":      divides(2, 0),
		"divisibleby": func(_ *run, v value, args []value) (bool, error) {
			by, ok := 0, false
			if len(args) == 1 {
				by, ok = asInt(args[0])
			}
			i, ok2 := asInt(v)
			if !ok || !ok2 || by == 0 {
				return false, fmt.Errorf("divisibleby wants whole numbers, not 0")
			}
			return i%by == 0, nil
		},
		"filter": isText(func(s string) bool { return filterTable[s] != nil }),
		"test":   isText(func(s string) bool { return testTable[s] != nil }),
		"in":     compares("in"),
		"sameas": compares("=="),
	}
	for op, names := range map[string]string{
		"==": "eq equalto ==", "!=": "ne !=", "<": "lt lessthan <", "<=": "le <=",
		">": "gt greaterthan >", ">=": "ge >=",
	} {
		for _, name := range strings.Fields(names) {
			testTable[name] = compares(op)
		}
	}
}

func isType[T any](v value) bool { _, ok := v.(T); return ok }

func isSequence(v value) bool {
	return isType[text](v) || isType[*list](v) || isType[*dict](v)
}

func is(f func(value) bool) predicate {
	return func(r *run, v value, args []value) (bool, error) {
		if len(args) > 0 {
			return false, fmt.Errorf("a test has an argument too many")
		}
		return f(v), r.charge(0)
	}
}

// isText makes tests of str(v).
func isText(f func(string) bool) predicate {
	return func(r *run, v value, args []value) (bool, error) {
		if len(args) > 0 {
			return false, fmt.Errorf("a test has an argument too many")
		}
		t, err := r.str(v)
		if err != nil {
			return false, err
		}
		if err := r.chargeRunes(t); err != nil {
			return false, err
		}
		return f(t.s), nil
	}
}

func divides(by, rest int) predicate {
	return func(_ *run, v value, _ []value) (bool, error) {
		i, ok := asInt(v)
		if !ok {
			return false, fmt.Errorf("odd and even want a whole number, not %s", typeName(v))
		}
		return (i%by+by)%by == rest, nil
	}
}

func compares(op string) predicate {
	return func(r *run, v value, args []value) (bool, error) {
		if len(args) != 1 {
			return false, fmt.Errorf("a test wants one argument")
		}
		return r.compare(op, v, args[0])
	}
}
