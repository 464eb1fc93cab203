package main

import "fmt"

// release frees what v used for the last time, and temporaries.
func (e *emitter) release(v *val) {
	for _, x := range append([]*val{v}, v.args...) {
		for part := range e.parts() {
			if r, ok := e.at[place{x, part}]; ok && e.last[x] == e.now {
				e.free[r] = true
				delete(e.at, place{x, part})
			}
		}
	}
	for _, r := range e.temps {
		e.free[r] = true
	}
	e.temps = e.temps[:0]
}

func (e *emitter) alloc() int {
	for r, free := range e.free {
		if free {
			e.free[r] = false
			return r
		}
	}
	panic(outOfRegisters{})
}

func (e *emitter) temp() int {
	r := e.alloc()
	e.temps = append(e.temps, r)
	return r
}

// def gives v a register of its own.
func (e *emitter) def(v *val, part int) int {
	r := e.alloc()
	e.at[e.place(v, part)] = r
	return r
}

// place is where a value is looked up: a uniform one has a single part.
func (e *emitter) place(v *val, part int) place {
	if !v.wide {
		part = 0
	}
	return place{v, part}
}

// reg is the register of v, which has one.
func (e *emitter) reg(v *val, part int) int {
	r, ok := e.at[e.place(v, part)]
	if !ok {
		panic(fmt.Sprintf("%s: %s has no register", e.name, v.op))
	}
	return r
}

// dies reports whether a register ends with the present operation.
func (e *emitter) dies(v *val, part int) bool {
	_, ok := e.at[e.place(v, part)]
	return ok && e.last[v] == e.now
}

// inherit gives v the register of a, which dies.
func (e *emitter) inherit(v, a *val, part int) int {
	r := e.reg(a, part)
	delete(e.at, e.place(a, part))
	e.at[e.place(v, part)] = r
	return r
}
