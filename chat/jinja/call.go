package jinja

import (
	"fmt"
	"strings"
)

// callArgs are the arguments of a call.
type callArgs struct {
	positional []value
	names      []string
	named      []value
	caller     *function // of a call block
}

// bind puts the arguments in the order of names; missing ones are nil.
func (a callArgs) bind(fn string, names ...string) ([]value, error) {
	if len(a.positional) > len(names) {
		return nil, fmt.Errorf("%s takes at most %d arguments, not %d", fn, len(names), len(a.positional))
	}
	vals := make([]value, len(names))
	copy(vals, a.positional)
next:
	for i, name := range a.names {
		for j, n := range names {
			if n == name {
				vals[j] = a.named[i]
				continue next
			}
		}
		return nil, fmt.Errorf("%s has no argument %q", fn, name)
	}
	return vals, nil
}

func (r *run) arguments(n arguments, s *scope) (callArgs, error) {
	a := callArgs{names: n.names}
	for _, e := range n.positional {
		v, err := r.eval(e, s)
		if err != nil {
			return a, err
		}
		a.positional = append(a.positional, v)
	}
	for _, e := range n.named {
		v, err := r.eval(e, s)
		if err != nil {
			return a, err
		}
		a.named = append(a.named, v)
	}
	return a, nil
}

func (n *invokeNode) eval(r *run, s *scope) (value, error) {
	fn, err := r.eval(n.fn, s)
	if err != nil {
		return nil, err
	}
	a, err := r.arguments(n.args, s)
	if err != nil {
		return nil, err
	}
	r.line = n.line
	return r.call(fn, a)
}

func (r *run) call(v value, a callArgs) (value, error) {
	if err := r.charge(0); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *function:
		return v.call(r, a)
	case undefined:
		return nil, fmt.Errorf("%q is undefined: it cannot be called", v.name)
	}
	return nil, fmt.Errorf("%s cannot be called", typeName(v))
}

// globals returns the functions that every template sees.
func globals() *scope {
	s := &scope{}
	for name, fn := range map[string]func(*run, callArgs) (value, error){
		"range":           callRange,
		"namespace":       callNamespace,
		"dict":            callDict,
		"raise_exception": callRaise,
		"strftime_now":    callStrftime,
	} {
		s.set(name, &function{name, fn})
	}
	return s
}

func callRange(r *run, a callArgs) (value, error) {
	from, to, step := 0, 0, 1
	ints := make([]int, len(a.positional))
	for i, v := range a.positional {
		var ok bool
		if ints[i], ok = asInt(v); !ok {
			return nil, fmt.Errorf("range of %s", typeName(v))
		}
	}
	switch len(ints) {
	case 1:
		to = ints[0]
	case 2:
		from, to = ints[0], ints[1]
	case 3:
		from, to, step = ints[0], ints[1], ints[2]
	default:
		return nil, fmt.Errorf("range takes one to three numbers")
	}
	if step == 0 {
		return nil, fmt.Errorf("range has step 0")
	}
	out := &list{}
	for i := from; (step > 0 && i < to) || (step < 0 && i > to); i += step {
		if len(out.items) >= maxRange {
			return nil, fmt.Errorf("range has more than %d numbers", maxRange)
		}
		out.items = append(out.items, i)
	}
	return out, r.chargeItems(len(out.items))
}

const maxRange = 100_000

func callNamespace(r *run, a callArgs) (value, error) {
	d, err := callDict(r, a)
	if err != nil {
		return nil, err
	}
	return &namespace{d.(*dict)}, nil
}

func callDict(r *run, a callArgs) (value, error) {
	d := newDict()
	for _, v := range a.positional {
		from, ok := v.(*dict)
		if !ok {
			return nil, fmt.Errorf("dict of %s", typeName(v))
		}
		for i, k := range from.keys {
			if err := r.chargeKey(k.s); err != nil {
				return nil, err
			}
			d.set(k, from.vals[i])
		}
	}
	for i, name := range a.names {
		if err := r.chargeKey(name); err != nil {
			return nil, err
		}
		d.put(name, a.named[i])
	}
	return d, nil
}

func callRaise(r *run, a callArgs) (value, error) {
	v, err := a.bind("raise_exception", "message")
	if err != nil {
		return nil, err
	}
	message := "the template refuses the conversation"
	if v[0] != nil {
		t, err := r.str(v[0])
		if err != nil {
			return nil, err
		}
		message = strings.ToValidUTF8(t.s, "\uFFFD")
	}
	return nil, &Error{Text: message, Raised: true}
}

func callStrftime(r *run, a callArgs) (value, error) {
	v, err := a.bind("strftime_now", "format")
	if err != nil {
		return nil, err
	}
	format, ok := v[0].(text)
	if !ok {
		return nil, fmt.Errorf("strftime_now wants a format")
	}
	if err := r.chargeTimes(strftimeBytes, len(format.s)); err != nil {
		return nil, err
	}
	return plain(strftime(r.now, format.s)), nil
}

// strftimeBytes are what a byte of a format makes at most, and the time it takes
// with that.
const strftimeBytes = 32
