package main

import (
	"fmt"
	"strings"
)

// arm64 prints for NEON: a wide value is four vectors. Go's assembler lacks
// most vector instructions on floating-point numbers, so all are given as
// words, with their meaning beside them.
type arm64 struct {
	bases map[*param]int
}

func (m *arm64) parts() int             { return 4 }
func (m *arm64) registers() int         { return 32 }
func (m *arm64) reserved() map[int]bool { return nil }

// constants of the roundings, in the order in which round has them.
func (m *arm64) constants(op string) []uint32 {
	switch op {
	case "round", "roundWeight":
		return []uint32{1, 0x7fff}
	case "roundFlushed":
		return []uint32{1, 0x7fff, 0x7f800000, 1 << 31}
	}
	return nil
}

// neon is an instruction on vectors Vd, Vn and Vm: its word with all registers
// zero, and its operands in the language of objdump.
type neon struct {
	word     uint32
	name     string
	operands string
}

var (
	fadd  = neon{0x4e20d400, "fadd", "d.4s n.4s m.4s"}
	fsub  = neon{0x4ea0d400, "fsub", "d.4s n.4s m.4s"}
	fmul  = neon{0x6e20dc00, "fmul", "d.4s n.4s m.4s"}
	fdiv  = neon{0x6e20fc00, "fdiv", "d.4s n.4s m.4s"}
	fmla  = neon{0x4e20cc00, "fmla", "d.4s n.4s m.4s"}
	fmls  = neon{0x4ea0cc00, "fmls", "d.4s n.4s m.4s"}
	fsqrt = neon{0x6ea1f800, "fsqrt", "d.4s n.4s"}
	fcmgt = neon{0x6ea0e400, "fcmgt", "d.4s n.4s m.4s"}
	fcmge = neon{0x6e20e400, "fcmge", "d.4s n.4s m.4s"}
	fcmeq = neon{0x4e20e400, "fcmeq", "d.4s n.4s m.4s"}
	iadd  = neon{0x4ea08400, "add", "d.4s n.4s m.4s"}
	isub  = neon{0x6ea08400, "sub", "d.4s n.4s m.4s"}
	cmeq0 = neon{0x4ea09800, "cmeq", "d.4s n.4s #0"}
	eor   = neon{0x6e201c00, "eor", "d.16b n.16b m.16b"}
	and   = neon{0x4e201c00, "and", "d.16b n.16b m.16b"}
	bic   = neon{0x4e601c00, "bic", "d.16b n.16b m.16b"}
	orr   = neon{0x4ea01c00, "orr", "d.16b n.16b m.16b"}
	orn   = neon{0x4ee01c00, "orn", "d.16b n.16b m.16b"}
	bsl   = neon{0x6e601c00, "bsl", "d.16b n.16b m.16b"}
	bit   = neon{0x6ea01c00, "bit", "d.16b n.16b m.16b"}
	mov   = neon{0x4ea01c00, "mov", "d.16b n.16b"} // orr with n twice
	shl23 = neon{0x4f375400, "shl", "d.4s n.4s #23"}
	shr16 = neon{0x6f300400, "ushr", "d.4s n.4s #16"}
	shrn  = neon{0x0f108400, "shrn", "d.4h n.4s #16"}
	shll  = neon{0x2e613800, "shll", "d.4s n.4h #16"}
	dup   = neon{0x4e040400, "dup", "d.4s n.s[0]"}
	dup2  = neon{0x4e080400, "dup", "d.2d n.d[0]"}
	scvtf = neon{0x4e21d800, "scvtf", "d.4s n.4s"}
	sxtlb = neon{0x0f08a400, "sxtl", "d.8h n.8b"}
	ext8  = neon{0x6e004000, "ext", "d.16b n.16b m.16b #8"}
	sxtlh = neon{0x0f10a400, "sxtl", "d.4s n.4h"}
	ext4  = neon{0x6e002000, "ext", "d.16b n.16b m.16b #4"}
)

// encode returns the word and how objdump prints it.
func (i neon) encode(d, n, m int) (uint32, string) {
	word := i.word | uint32(d) | uint32(n)<<5 | uint32(m)<<16
	if i.name == "mov" {
		word |= uint32(n) << 16
	}
	var text []string
	for _, o := range strings.Fields(i.operands) {
		switch o[0] {
		case 'd':
			o = fmt.Sprintf("v%d%s", d, o[1:])
		case 'n':
			o = fmt.Sprintf("v%d%s", n, o[1:])
		case 'm':
			o = fmt.Sprintf("v%d%s", m, o[1:])
		}
		text = append(text, o)
	}
	return word, i.name + " " + strings.Join(text, ", ")
}

// do prints an instruction; those with two operands have m = 0.
func (m *arm64) do(e *emitter, i neon, d, n, r int) {
	word, text := i.encode(d, n, r)
	e.line("WORD $0x%08x // %s", word, text)
}

func (m *arm64) begin(e *emitter) {
	fmt.Fprintf(&e.out, "\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n",
		symbol("neon", e.name), e.signature(), symbol("neon", e.name), e.frame())
	m.bases = map[*param]int{}
	for _, x := range e.slices() {
		m.bases[x] = len(m.bases)
	}
}

// rowsBegin: the addresses move from row to row.
func (m *arm64) rowsBegin(e *emitter) {
	for _, x := range e.slices() {
		e.line("MOVD %s_base+%d(FP), R%d", x.name, x.offset, m.bases[x])
	}
	if e.count.slice() {
		e.line("MOVD %s_len+%d(FP), R10", e.count.name, e.count.offset+8)
	} else {
		e.line("MOVD %s+%d(FP), R10", e.count.name, e.count.offset)
	}
	e.line("CBZ R10, end")
	fmt.Fprintf(&e.out, "\nrow:\n")
}

// rowsEnd: the addresses are those of the row's first elements.
func (m *arm64) rowsEnd(e *emitter) {
	for _, x := range e.slices() {
		if x.perRow || e.width == nil {
			if n := e.rowBytes(x); n > 0 {
				e.line("ADD $%d, R%d", n, m.bases[x])
			}
			continue
		}
		e.line("MOVD %s_len+%d(FP), R8", e.width.name, e.width.offset+8)
		for range x.step {
			e.line("ADD R8<<%d, R%d", size(x)/2, m.bases[x])
		}
	}
	e.line("SUBS $1, R10")
	e.line("BNE row")
	fmt.Fprintf(&e.out, "\nend:\n")
}

// rowBytes is the distance of the rows of a tile.
func (p *program) rowBytes(x *param) int {
	if x.perRow {
		return size(x)
	}
	return x.step * p.tile * size(x)
}

// loopBegin loads the addresses of the rows that the loop uses.
func (m *arm64) loopBegin(e *emitter, k *block, n int) {
	width := e.width
	if e.count == nil {
		width = e.params[0]
		for _, x := range e.slices() {
			if uses(k, x) {
				e.line("MOVD %s_base+%d(FP), R%d", x.name, x.offset, m.bases[x])
			}
		}
	}
	e.line("MOVD %s_len+%d(FP), R8", width.name, width.offset+8)
	e.line("CBZ R8, done%d", n)
	fmt.Fprintf(&e.out, "\nloop%d:\n", n)
}

func (m *arm64) loopEnd(e *emitter, k *block, n int) {
	for _, x := range e.params {
		if uses(k, x) {
			e.line("ADD $%d, R%d", 16*size(x), m.bases[x])
		}
	}
	e.line("SUBS $16, R8")
	e.line("BNE loop%d", n)
	if e.count != nil { // back to the row's first element
		e.line("MOVD %s_len+%d(FP), R8", e.width.name, e.width.offset+8)
		for _, x := range e.slices() {
			if uses(k, x) {
				e.line("SUB R8<<%d, R%d", size(x)/2, m.bases[x])
			}
		}
	}
	fmt.Fprintf(&e.out, "\ndone%d:\n", n)
}

func (m *arm64) end(e *emitter) { e.line("RET") }

func uses(k *block, x *param) bool {
	for _, v := range k.vals {
		if v.mem == x && v.wide {
			return true
		}
	}
	return false
}

func size(x *param) int {
	switch x.kind {
	case "int8s":
		return 1
	case "bf16s":
		return 2
	case "pairs":
		return 8
	}
	return 4
}

func (m *arm64) memory(e *emitter, x *param, part int) string {
	return fmt.Sprintf("%d(R%d)", (e.chunk*16+part*4)*size(x), m.bases[x])
}

// dest gives v the register of one of the operands, if one dies.
func (m *arm64) dest(e *emitter, v *val, part int, operands ...*val) int {
	for _, a := range operands {
		if e.dies(a, part) && a.wide == v.wide {
			return e.inherit(v, a, part)
		}
	}
	return e.def(v, part)
}

func (m *arm64) emit(e *emitter, v *val, part int) {
	switch v.op {
	case "const":
		e.line("MOVW $0x%08x, R9", v.bits)
		e.line("VDUP R9, V%d.S4", e.def(v, part))
	case "arg":
		e.line("MOVWU %s+%d(FP), R9", v.mem.name, v.mem.offset)
		e.line("VDUP R9, V%d.S4", e.def(v, part))
	case "field":
		if v.mem.kind == "pairs" {
			d := e.def(v, part)
			e.line("FMOVD (R%d), F%d", m.bases[v.mem], d)
			m.do(e, dup2, d, d, 0)
			return
		}
		e.line("MOVWU (R%d), R9", m.bases[v.mem])
		e.line("VDUP R9, V%d.S4", e.def(v, part))
	case "setField":
		e.line("FMOVS F%d, (R%d)", e.reg(v.args[0], part), m.bases[v.mem])
	case "var":
		from := e.reg(v.args[0], 0)
		for i := range m.parts() {
			m.do(e, mov, e.def(v, i), from, 0)
		}
	case "loadF32":
		e.line("FMOVQ %s, F%d", m.memory(e, v.mem, part), e.def(v, part))
	case "loadBF16":
		d := e.def(v, part)
		e.line("FMOVD %s, F%d", m.memory(e, v.mem, part), d)
		m.do(e, shll, d, d, 0)
	case "loadInt8":
		d := e.def(v, part)
		e.line("FMOVS %s, F%d", m.memory(e, v.mem, part), d)
		m.do(e, sxtlb, d, d, 0)
		m.do(e, sxtlh, d, d, 0)
		m.do(e, scvtf, d, d, 0)
	case "storeF32":
		e.line("FMOVQ F%d, %s", e.reg(v.args[0], part), m.memory(e, v.mem, part))
	case "storeBF16":
		t := e.temp()
		m.do(e, shrn, t, e.reg(v.args[0], part), 0)
		e.line("FMOVD F%d, %s", t, m.memory(e, v.mem, part))
	case "giveLanes":
		e.line("MOVD $%s+%d(FP), R9", v.mem.name, v.mem.offset)
		for i := range m.parts() {
			e.line("FMOVQ F%d, %d(R9)", e.reg(v.args[0], i), 16*i)
		}
	default:
		m.arithmetic(e, v, part)
	}
}
