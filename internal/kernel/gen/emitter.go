package main

import (
	"fmt"
	"strings"
)

// A machine prints the operations of programs in its own instructions. It holds
// the 16 lanes of a wide value in parts registers.
type machine interface {
	parts() int
	registers() int
	reserved() map[int]bool       // registers that allocation leaves alone
	constants(op string) []uint32 // that an operation needs, as more arguments
	begin(e *emitter)
	emit(e *emitter, v *val, part int)
	loopBegin(e *emitter, k *block, n int)
	loopEnd(e *emitter, k *block, n int)
	rowsBegin(e *emitter)
	rowsEnd(e *emitter)
	end(e *emitter)
}

// emitter walks through a program and gives registers to its values. Values
// get a register when they are computed and lose it with their last use; the
// parts of a loop's body are printed one after the other, so that only the
// variables need a register for each part. If registers run out, constants
// stay in memory, the least used first.
type emitter struct {
	machine
	*program
	out      strings.Builder
	last     map[*val]int // position of the last use
	now      int
	chunk    int // of a tile's row: 16 elements
	at       map[place]int
	free     []bool
	temps    []int
	inMemory map[*val]bool
	uses     map[*val]int
	table    *table
}

type place struct {
	v    *val
	part int
}

// outOfRegisters is the panic of alloc; assemble starts again after it.
type outOfRegisters struct{}

// assemble returns the assembly of a program.
func assemble(m machine, p *program, t *table) string {
	for _, k := range p.blocks {
		for _, v := range k.vals {
			for _, c := range m.constants(v.op) {
				v.args = append(v.args, p.bits(c))
			}
		}
	}
	placeConstants(p)
	e := &emitter{machine: m, program: p, inMemory: map[*val]bool{}, table: t}
	e.findLastUses()
	for !e.try() {
		e.demote()
	}
	return e.out.String()
}

// placeConstants moves each constant to the straight code before its first use.
func placeConstants(p *program) {
	first := map[*val]int{}
	var constants []*val
	for i, k := range p.blocks {
		for _, v := range k.vals {
			for _, a := range v.args {
				if _, seen := first[a]; a.op == "const" && !seen {
					first[a] = i
					constants = append(constants, a)
				}
			}
		}
	}
	for _, k := range p.blocks {
		rest := k.vals[:0:0]
		for _, v := range k.vals {
			if v.op != "const" {
				rest = append(rest, v)
			}
		}
		k.vals = rest
	}
	for i := len(constants) - 1; i >= 0; i-- {
		at := first[constants[i]]
		for p.blocks[at].loop || p.blocks[at].inRow {
			at--
		}
		p.blocks[at].vals = append([]*val{constants[i]}, p.blocks[at].vals...)
	}
}

// findLastUses numbers the operations. A value from before a loop is in use
// until the loop ends.
func (e *emitter) findLastUses() {
	e.last, e.uses = map[*val]int{}, map[*val]int{}
	home := map[*val]int{}
	now, all := 0, 0
	for _, k := range e.blocks {
		all += len(k.vals) + 1
	}
	for i, k := range e.blocks {
		end := now + len(k.vals)
		for _, v := range k.vals {
			home[v] = i
			e.last[v] = now
			for _, a := range v.args {
				e.uses[a]++
				e.last[a] = now
				if k.loop && home[a] != i {
					e.last[a] = end
				}
				if k.inRow && !e.blocks[home[a]].inRow {
					e.last[a] = all
				}
			}
			now++
		}
		now++ // the loop's end
	}
}

func (e *emitter) try() (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, pressure := r.(outOfRegisters); !pressure {
				panic(r)
			}
		}
	}()
	e.out.Reset()
	e.at, e.temps, e.now = map[place]int{}, nil, 0
	e.free = make([]bool, e.registers())
	for i := range e.free {
		e.free[i] = !e.reserved()[i]
	}
	e.begin(e)
	for n, k := range e.blocks {
		if k.inRow && !e.blocks[n-1].inRow {
			e.rowsBegin(e)
		}
		e.block(k, n)
	}
	if e.count != nil {
		e.rowsEnd(e)
	}
	e.end(e)
	return true
}

func (e *emitter) block(k *block, n int) {
	if !k.loop {
		for _, v := range k.vals {
			if !e.inMemory[v] {
				e.emit(e, v, 0)
			}
			e.release(v)
			e.now++
		}
		e.now++
		return
	}
	if k.inRow && e.width == nil {
		start := e.now
		for e.chunk = range e.tile / 16 {
			e.now = start
			e.body(k)
		}
		e.chunk = 0
	} else {
		e.loopBegin(e, k, n)
		e.body(k)
		e.loopEnd(e, k, n)
	}
	for p, r := range e.at {
		if e.last[p.v] == e.now {
			e.free[r] = true
			delete(e.at, p)
		}
	}
	e.now++
}

func (e *emitter) body(k *block) {
	start := e.now
	for part := range e.parts() {
		e.now = start
		for _, v := range k.vals {
			e.emit(e, v, part)
			e.release(v)
			e.now++
		}
	}
}

// demote leaves the constant with the fewest uses in memory.
func (e *emitter) demote() {
	var least *val
	for _, k := range e.blocks {
		for _, v := range k.vals {
			if v.op == "const" && !e.inMemory[v] && (least == nil || e.uses[v] < e.uses[least]) {
				least = v
			}
		}
	}
	if least == nil {
		panic(e.name + ": too many values at once")
	}
	e.inMemory[least] = true
}

// has reports whether the program has an operation.
func (e *emitter) has(op string) bool {
	for _, k := range e.blocks {
		for _, v := range k.vals {
			if v.op == op {
				return true
			}
		}
	}
	return false
}

func (e *emitter) line(format string, args ...any) {
	fmt.Fprintf(&e.out, "\t"+format+"\n", args...)
}

// table collects the constants in memory of a file.
type table struct {
	offsets map[uint32]int
	order   []uint32
}

func (t *table) offset(bits uint32, size int) int {
	o, ok := t.offsets[bits]
	if !ok {
		o = len(t.order) * size
		t.offsets[bits] = o
		t.order = append(t.order, bits)
	}
	return o
}
