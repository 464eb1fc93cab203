package jinja

import (
	"fmt"
	"time"
)

// run executes a template once.
type run struct {
	out  *textBuilder
	root *textBuilder // the outermost out
	// generated are the byte ranges of root that generation tags enclosed.
	generated [][2]int

	line  int // of what is executed
	steps int
	calls int
	depth int // of the expressions that are evaluated
	now   time.Time

	limits Limits
	until  time.Time
}

// scope is a set of variables within another. There are few in each.
type scope struct {
	vars   []variable
	parent *scope
}

type variable struct {
	name  string
	value value
}

func (s *scope) inner() *scope { return &scope{parent: s} }

func (s *scope) get(name string) (value, bool) {
	for ; s != nil; s = s.parent {
		for i := range s.vars {
			if s.vars[i].name == name {
				return s.vars[i].value, true
			}
		}
	}
	return nil, false
}

func (s *scope) set(name string, v value) {
	for i := range s.vars {
		if s.vars[i].name == name {
			s.vars[i].value = v
			return
		}
	}
	s.vars = append(s.vars, variable{name, v})
}

func newRun(now time.Time, limits Limits) *run {
	out := &textBuilder{}
	limits = limits.orDefault()
	return &run{out: out, root: out, line: 1, now: now, limits: limits, until: time.Now().Add(limits.Time)}
}

// eval returns what an expression is.
func (r *run) eval(e expression, s *scope) (value, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	v, err := e.eval(r, s)
	r.leave()
	return v, err
}

// append writes t to a text that is made.
func (r *run) append(w *textBuilder, t text) error {
	if w.len()+len(t.s) > r.limits.Output || markBytes*(len(w.marks)+len(t.marks)) > r.limits.Output {
		return errTooMuch
	}
	if err := r.charge(t.size()); err != nil {
		return err
	}
	w.write(t)
	return nil
}

// print writes str(v).
func (r *run) print(v value) error {
	t, err := r.str(v)
	if err != nil {
		return err
	}
	return r.write(t)
}

func (r *run) write(t text) error {
	if r.out.len()+len(t.s) > r.limits.Output {
		return fmt.Errorf("more than %d bytes of output", r.limits.Output)
	}
	return r.append(r.out, t)
}

func (r *run) block(b block, s *scope) (flow, error) {
	for _, st := range b {
		if err := r.charge(0); err != nil {
			return flowNext, err
		}
		if f, err := st.exec(r, s); f != flowNext || err != nil {
			return f, err
		}
	}
	return flowNext, nil
}

// capture executes a block and returns what it wrote.
func (r *run) capture(b block, s *scope) (text, flow, error) {
	outer := r.out
	r.out = &textBuilder{}
	f, err := r.block(b, s)
	t := r.out.text()
	r.out = outer
	return t, f, err
}

func (n *dataNode) exec(r *run, _ *scope) (flow, error) { return flowNext, r.write(n.text) }

func (n *outputNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	v, err := r.eval(n.expr, s)
	if err != nil {
		return flowNext, err
	}
	return flowNext, r.print(v)
}

func (n *doNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	_, err := r.eval(n.expr, s)
	return flowNext, err
}

func (n *flowNode) exec(*run, *scope) (flow, error) { return n.flow, nil }

func (n *ifNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	c, err := r.eval(n.cond, s)
	if err != nil {
		return flowNext, err
	}
	if truth(c) {
		return r.block(n.then, s)
	}
	return r.block(n.els, s)
}

func (n *setNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	v, err := r.eval(n.value, s)
	if err != nil {
		return flowNext, err
	}
	return flowNext, r.assign(s, n.target, v)
}

func (n *setBlockNode) exec(r *run, s *scope) (flow, error) {
	t, f, err := r.capture(n.body, s.inner())
	if err != nil || f != flowNext {
		return f, err
	}
	v, err := r.filters(t, n.filters, s)
	if err != nil {
		return flowNext, err
	}
	return flowNext, r.assign(s, n.target, v)
}

func (n *filterNode) exec(r *run, s *scope) (flow, error) {
	t, f, err := r.capture(n.body, s.inner())
	if err != nil || f != flowNext {
		return f, err
	}
	r.line = n.line
	v, err := r.filters(t, n.filters, s)
	if err != nil {
		return flowNext, err
	}
	return flowNext, r.print(v)
}

func (r *run) filters(v value, calls []filterCall, s *scope) (value, error) {
	for _, c := range calls {
		r.line = c.line
		a, err := r.arguments(c.args, s)
		if err != nil {
			return nil, err
		}
		if v, err = c.fn(r, v, a); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (n *withNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	in := s.inner()
	for i, name := range n.names {
		v, err := r.eval(n.values[i], s)
		if err != nil {
			return flowNext, err
		}
		in.set(name, v)
	}
	return r.block(n.body, in)
}

func (n *generationNode) exec(r *run, s *scope) (flow, error) {
	from := r.root.len()
	f, err := r.block(n.body, s.inner())
	if r.out == r.root {
		r.generated = append(r.generated, [2]int{from, r.root.len()})
	}
	return f, err
}

func (n *macroNode) exec(r *run, s *scope) (flow, error) {
	s.set(n.name, r.macro(n.name, n.params, n.body, s))
	return flowNext, nil
}

func (n *callNode) exec(r *run, s *scope) (flow, error) {
	r.line = n.line
	call := n.call.(*invokeNode)
	fn, err := r.eval(call.fn, s)
	if err != nil {
		return flowNext, err
	}
	a, err := r.arguments(call.args, s)
	if err != nil {
		return flowNext, err
	}
	a.caller = r.macro("caller", n.params, n.body, s)
	v, err := r.call(fn, a)
	if err != nil {
		return flowNext, err
	}
	return flowNext, r.print(v)
}
