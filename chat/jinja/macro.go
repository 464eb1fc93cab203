package jinja

import "fmt"

// assign sets a variable, several, or an attribute of a namespace.
func (r *run) assign(s *scope, t target, v value) error {
	if t.attr != "" {
		to, _ := s.get(t.names[0])
		ns, ok := to.(*namespace)
		if !ok {
			return fmt.Errorf("%s is no namespace: its attributes cannot be set", t.names[0])
		}
		ns.vars.put(t.attr, v)
		return r.charge(len(t.attr))
	}
	if !t.tuple {
		s.set(t.names[0], v)
		return nil
	}
	items, err := r.iterate(v)
	if err != nil {
		return err
	}
	if len(items) != len(t.names) {
		return fmt.Errorf("%d values for %d names", len(items), len(t.names))
	}
	if err := r.chargeNames(len(t.names), len(s.vars)+len(t.names)); err != nil {
		return err
	}
	for i, name := range t.names {
		s.set(name, items[i])
	}
	return nil
}

// macro makes a function of a block.
func (r *run) macro(name string, params []param, body block, outer *scope) *function {
	return &function{name: name, call: func(r *run, a callArgs) (value, error) {
		if r.calls++; r.calls > maxCalls {
			return nil, fmt.Errorf("%s: calls nested deeper than %d", name, maxCalls)
		}
		defer func() { r.calls-- }()
		if err := r.chargeNames(len(params), len(params)+len(a.names)); err != nil {
			return nil, err
		}
		names := make([]string, len(params))
		for i, p := range params {
			names[i] = p.name
		}
		vals, err := a.bind(name, names...)
		if err != nil {
			return nil, err
		}
		s := outer.inner()
		for i, p := range params {
			switch {
			case vals[i] != nil:
			case p.value == nil:
				vals[i] = undefined{p.name}
			default:
				if vals[i], err = r.eval(p.value, s); err != nil {
					return nil, err
				}
			}
			s.set(p.name, vals[i])
		}
		if a.caller != nil {
			s.set("caller", a.caller)
		}
		t, _, err := r.capture(body, s)
		return t, err
	}}
}
