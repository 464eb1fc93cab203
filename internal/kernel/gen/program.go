package main

import (
	"strconv"
	"strings"
)

// A program is one primitive: straight code and loops over a row, on vectors
// of 16 lanes of 32 bits. A wide value has its own content in each lane; a
// uniform one has the same in all of them, and is computed outside the loops.
//
// A program may do the same for several rows, one after the other. The rows of
// a tile have 64 elements, or another fixed number, so that the loops over a row
// are unrolled.
type program struct {
	name    string
	params  []*param
	results []*param // sixteen lanes each
	blocks  []*block
	count   *param // of several rows: how many, as a number or by its length
	width   *param // has as many elements as each of several rows; nil for a tile
	tile    int    // elements of a tile's row
}

// block is straight code, or the body of a loop over the row, 16 elements at a
// time.
type block struct {
	loop  bool
	inRow bool // within the loop over several rows
	vals  []*val
}

const tileWidth = 64

// val is an operation and its result. Operations on a variable (a wide value
// that loops change) have it as their first argument.
type val struct {
	op   string
	args []*val
	wide bool
	bits uint32 // of a constant
	mem  *param // of loads, stores and results
	half bool   // of roundings: the result is 16 packed bf16 already
}

type param struct {
	name, kind string // kind: "bf16s", "int8s", "f32s", "pairs" (of f32), "f32", "int", "lanes"
	offset     int    // from the frame pointer
	perRow     bool   // of several rows: one element for each
	step       int    // of several rows: the distance of two, in widths
}

func newProgram(name string, params ...*param) *program {
	p := &program{name: name, params: params, tile: tileWidth}
	p.blocks = []*block{{}}
	offset := 0
	for _, x := range params {
		if x.slice() || x.kind == "int" {
			offset = (offset + 7) &^ 7
		}
		x.offset = offset
		offset += sizes[x.kind]
	}
	return p
}

// sizes of parameters in the frame.
var sizes = map[string]int{"bf16s": 24, "int8s": 24, "f32s": 24, "pairs": 24, "f32": 4, "int": 8, "lanes": 64}

func (x *param) slice() bool { return sizes[x.kind] == 24 }

// slices are the parameters in memory.
func (p *program) slices() (list []*param) {
	for _, x := range p.params {
		if x.slice() {
			list = append(list, x)
		}
	}
	return list
}

// rows begins a program on several rows. Those in each have an element for each
// row.
func (p *program) rows(count, width *param, each ...*param) {
	p.count, p.width = count, width
	for _, x := range each {
		x.perRow = true
	}
	p.blocks = append(p.blocks, &block{inRow: true})
}

// stays are parameters that are the same for all rows, like the width's.
func stays(list ...*param) {
	for _, x := range list {
		x.step = 0
	}
}

// field is the element of the present row, or its pair: then even lanes have the
// first number and odd ones the second.
func (p *program) field(x *param) *val { return p.add(&val{op: "field", mem: x}) }

func (p *program) setField(x *param, v *val) { p.op("setField", v).mem = x }

// frame is the size of arguments and result.
func (p *program) frame() int {
	last := p.last()
	return last.offset + sizes[last.kind]
}

// last is the last of parameters and results.
func (p *program) last() *param {
	if n := len(p.results); n > 0 {
		return p.results[n-1]
	}
	return p.params[len(p.params)-1]
}

func bf16s(name string) *param   { return &param{name: name, kind: "bf16s", step: 1} }
func int8s(name string) *param   { return &param{name: name, kind: "int8s", step: 1} }
func f32s(name string) *param    { return &param{name: name, kind: "f32s", step: 1} }
func pairs(name string) *param   { return &param{name: name, kind: "pairs"} } // of several rows: two numbers for each
func f32(name string) *param     { return &param{name: name, kind: "f32"} }
func integer(name string) *param { return &param{name: name, kind: "int"} }

// signature is the Go declaration of the primitive.
func (p *program) signature() string {
	types := map[string]string{
		"bf16s": "[]tensor.BF16", "int8s": "[]int8", "f32s": "[]float32", "pairs": "[]float32",
		"f32": "float32", "int": "int",
	}
	var in []string
	for _, x := range p.params {
		if !strings.HasPrefix(x.name, "s_") { // the fields of a struct
			in = append(in, x.name+" "+types[x.kind])
		} else if in[len(in)-1] != "s AdamWStep" {
			in = append(in, "s AdamWStep")
		}
	}
	s := "(" + strings.Join(in, ", ") + ")"
	switch len(p.results) {
	case 0:
		return s
	case 1:
		return s + " lanes"
	}
	return s + " (lanes" + strings.Repeat(", lanes", len(p.results)-1) + ")"
}

// add appends an operation where it belongs: an operation on uniform values
// goes before the loop that is being written, and an argument is loaded first
// of all.
func (p *program) add(v *val) *val {
	at := len(p.blocks) - 1
	if p.blocks[at].loop && !v.wide {
		at--
	}
	if v.op == "arg" {
		at = 0
	}
	p.blocks[at].vals = append(p.blocks[at].vals, v)
	return v
}

func (p *program) op(name string, args ...*val) *val {
	v := &val{op: name, args: args}
	for _, a := range args {
		v.wide = v.wide || a.wide
	}
	return p.add(v)
}

// loop writes a loop over the row.
func (p *program) loop(body func()) {
	inRow := p.count != nil
	p.blocks = append(p.blocks, &block{loop: true, inRow: inRow})
	body()
	p.blocks = append(p.blocks, &block{inRow: inRow})
}

// constants: one val for each bit pattern, in the first block.
func (p *program) bits(u uint32) *val {
	for _, v := range p.blocks[0].vals {
		if v.op == "const" && v.bits == u {
			return v
		}
	}
	v := &val{op: "const", bits: u}
	p.blocks[0].vals = append([]*val{v}, p.blocks[0].vals...)
	return v
}

func (p *program) arg(x *param) *val {
	for _, v := range p.blocks[0].vals {
		if v.op == "arg" && v.mem == x {
			return v
		}
	}
	return p.add(&val{op: "arg", mem: x})
}

// variable starts at the uniform value v.
func (p *program) variable(v *val) *val {
	return p.add(&val{op: "var", args: []*val{v}, wide: true})
}

func (p *program) load(x *param) *val {
	switch x.kind {
	case "bf16s":
		return p.add(&val{op: "loadBF16", mem: x, wide: true})
	case "int8s":
		return p.add(&val{op: "loadInt8", mem: x, wide: true})
	}
	return p.add(&val{op: "loadF32", mem: x, wide: true})
}

// store writes a float32, or a value of round as bf16.
func (p *program) store(x *param, v *val) {
	op := "storeF32"
	if x.kind == "bf16s" {
		op = "storeBF16"
	}
	p.add(&val{op: op, mem: x, args: []*val{v}, wide: true})
}

// giveLanes makes a variable a result, after those before.
func (p *program) giveLanes(v *val) {
	x := &param{name: "ret", kind: "lanes", offset: (p.frame() + 7) &^ 7}
	if n := len(p.results); n > 0 {
		x.name += strconv.Itoa(n)
	}
	p.results = append(p.results, x)
	p.op("giveLanes", v).mem = x
}
