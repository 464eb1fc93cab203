package jinja

import (
	"fmt"
	"math"
)

func (n *binaryNode) eval(r *run, s *scope) (value, error) {
	left, err := r.eval(n.left, s)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "and":
		if !truth(left) {
			return left, nil
		}
		return r.eval(n.right, s)
	case "or":
		if truth(left) {
			return left, nil
		}
		return r.eval(n.right, s)
	}
	right, err := r.eval(n.right, s)
	if err != nil {
		return nil, err
	}
	r.line = n.line
	return r.operate(n.op, left, right)
}

func (r *run) operate(op string, a, b value) (value, error) {
	switch op {
	case "~":
		x, err := r.str(a)
		if err != nil {
			return nil, err
		}
		y, err := r.str(b)
		if err != nil {
			return nil, err
		}
		return r.join(x, y)
	case "+":
		if v, err := r.add(a, b); v != nil || err != nil {
			return v, err
		}
	case "*":
		if v, err := r.repeat(a, b); v != nil || err != nil {
			return v, err
		}
	case "%":
		if t, ok := a.(text); ok {
			return r.format(t, b)
		}
	}
	for _, v := range []value{a, b} {
		if u, ok := v.(undefined); ok {
			return nil, fmt.Errorf("%q is undefined", u.name)
		}
	}
	if err := r.charge(0); err != nil {
		return nil, err
	}
	x, ok := asInt(a)
	y, ok2 := asInt(b)
	if ok && ok2 {
		return intArithmetic(op, x, y)
	}
	f, ok := asFloat(a)
	g, ok2 := asFloat(b)
	if ok && ok2 {
		return floatArithmetic(op, f, g)
	}
	return nil, fmt.Errorf("%s %s %s", typeName(a), op, typeName(b))
}

func (r *run) join(a, b text) (value, error) {
	var w textBuilder
	if err := r.append(&w, a); err != nil {
		return nil, err
	}
	if err := r.append(&w, b); err != nil {
		return nil, err
	}
	return w.text(), nil
}

// add joins strings, and lists. The arguments of a call are a string beside a
// string: some templates want them as text.
func (r *run) add(a, b value) (value, error) {
	x, ok := a.(text)
	y, ok2 := b.(text)
	if d, isDict := b.(*dict); ok && isDict && d.json != nil {
		y, ok2 = *d.json, true
	}
	if d, isDict := a.(*dict); ok2 && isDict && d.json != nil {
		x, ok = *d.json, true
	}
	if ok && ok2 {
		return r.join(x, y)
	}
	l, ok := a.(*list)
	m, ok2 := b.(*list)
	if ok && ok2 && l.tuple == m.tuple {
		if err := r.chargeItems(len(l.items) + len(m.items)); err != nil {
			return nil, err
		}
		items := make([]value, 0, len(l.items)+len(m.items))
		items = append(append(items, l.items...), m.items...)
		return &list{items: items, tuple: l.tuple}, nil
	}
	return nil, nil
}

func (r *run) repeat(a, b value) (value, error) {
	if _, ok := asInt(a); ok {
		a, b = b, a
	}
	n, ok := asInt(b)
	if !ok {
		return nil, nil
	}
	n = max(n, 0)
	switch a := a.(type) {
	case text:
		if err := r.chargeTimes(a.size(), n); err != nil {
			return nil, err
		}
		var w textBuilder
		for range n {
			w.write(a)
		}
		return w.text(), nil
	case *list:
		if err := r.chargeTimes(len(a.items)*stepBytes, n); err != nil {
			return nil, err
		}
		out := &list{tuple: a.tuple}
		for range n {
			out.items = append(out.items, a.items...)
		}
		return out, nil
	}
	return nil, nil
}

func intArithmetic(op string, a, b int) (value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		f := math.Pow(float64(a), float64(b))
		if b >= 0 && math.Abs(f) < 1<<53 {
			return int(f), nil
		}
		return f, nil
	}
	if b == 0 {
		return nil, fmt.Errorf("division by zero")
	}
	switch op {
	case "/":
		return float64(a) / float64(b), nil
	case "//":
		q := a / b
		if a%b != 0 && (a < 0) != (b < 0) {
			q--
		}
		return q, nil
	}
	m := a % b
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}

func floatArithmetic(op string, a, b float64) (value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		return math.Pow(a, b), nil
	}
	if b == 0 {
		return nil, fmt.Errorf("division by zero")
	}
	switch op {
	case "/":
		return a / b, nil
	case "//":
		return math.Floor(a / b), nil
	}
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}
