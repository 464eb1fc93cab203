package main

import "strings"

// A program is one primitive: straight code and loops over a row, on vectors
// of 16 lanes of 32 bits. A wide value has its own content in each lane; a
// uniform one has the same in all of them, and is computed outside the loops.
type program struct {
	name    string
	params  []*param
	results []*param
	blocks  []*block
}

// block is straight code, or the body of a loop over the row, 16 elements at a
// time.
type block struct {
	loop bool
	vals []*val
}

// val is an operation and its result. Operations on a variable (a wide value
// that loops change) have it as their first argument.
type val struct {
	op   string
	args []*val
	wide bool
	bits uint32 // of a constant
	mem  *param // of loads, stores and results
}

type param struct {
	name, kind string // kind: "bf16s", "f32s", "f32", "int", "lanes"
	offset     int    // from the frame pointer
}

func newProgram(name string, params ...*param) *program {
	p := &program{name: name, params: params}
	p.blocks = []*block{{}}
	offset := 0
	for _, x := range params {
		switch x.kind {
		case "bf16s", "f32s", "int":
			offset = (offset + 7) &^ 7
		}
		x.offset = offset
		switch x.kind {
		case "bf16s", "f32s":
			offset += 24
		case "int":
			offset += 8
		case "f32":
			offset += 4
		}
	}
	return p
}

// result adds a result; all parameters are there before.
func (p *program) result(name, kind string) *param {
	r := &param{name: name, kind: kind}
	r.offset = (p.argsEnd() + 7) &^ 7
	if n := len(p.results); n > 0 {
		r.offset = p.results[n-1].offset + 4
	}
	p.results = append(p.results, r)
	return r
}

func (p *program) argsEnd() int {
	last := p.params[len(p.params)-1]
	return last.offset + map[string]int{"bf16s": 24, "f32s": 24, "int": 8, "f32": 4}[last.kind]
}

// frame is the size of arguments and results.
func (p *program) frame() int {
	if len(p.results) == 0 {
		return p.argsEnd()
	}
	last := p.results[len(p.results)-1]
	return last.offset + map[string]int{"lanes": 64, "f32": 4}[last.kind]
}

func bf16s(name string) *param   { return &param{name: name, kind: "bf16s"} }
func f32s(name string) *param    { return &param{name: name, kind: "f32s"} }
func f32(name string) *param     { return &param{name: name, kind: "f32"} }
func integer(name string) *param { return &param{name: name, kind: "int"} }

// signature is the Go declaration of the primitive.
func (p *program) signature() string {
	types := map[string]string{"bf16s": "[]tensor.BF16", "f32s": "[]float32", "f32": "float32", "int": "int"}
	var in, out []string
	for i := 0; i < len(p.params); i++ {
		x := p.params[i]
		if strings.HasPrefix(x.name, "s_") { // the fields of a struct
			if !strings.Contains(strings.Join(in, ""), "AdamWStep") {
				in = append(in, "s AdamWStep")
			}
			continue
		}
		in = append(in, x.name+" "+types[x.kind])
	}
	for _, x := range p.results {
		if x.kind == "lanes" {
			return "(" + strings.Join(in, ", ") + ") lanes"
		}
		out = append(out, x.name+" "+types[x.kind])
	}
	s := "(" + strings.Join(in, ", ") + ")"
	if len(out) > 0 {
		s += " (" + strings.Join(out, ", ") + ")"
	}
	return s
}

// add appends an operation where it belongs: an operation on uniform values
// goes before the loop that is being written.
func (p *program) add(v *val) *val {
	at := len(p.blocks) - 1
	if p.blocks[at].loop && !v.wide && v.op != "store" {
		at--
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
	p.blocks = append(p.blocks, &block{loop: true})
	body()
	p.blocks = append(p.blocks, &block{})
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

func (p *program) arg(x *param) *val { return p.add(&val{op: "arg", mem: x}) }

// variable starts at the uniform value v, or at 0, 1, ... 15 if v is nil.
func (p *program) variable(v *val) *val {
	if v == nil {
		return p.add(&val{op: "iota", wide: true})
	}
	return p.add(&val{op: "var", args: []*val{v}, wide: true})
}

func (p *program) load(x *param) *val {
	if x.kind == "bf16s" {
		return p.add(&val{op: "loadBF16", mem: x, wide: true})
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

// give stores a result: a variable as lanes, or a uniform value.
func (p *program) give(x *param, v *val) { p.op("give"+x.kind, v).mem = x }
