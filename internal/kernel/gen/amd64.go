package main

import "fmt"

// amd64 prints for AVX-512 (a wide value is one ZMM) or AVX2 and FMA (two YMM).
type amd64 struct {
	wide512 bool
	bf16    bool // has AVX512_BF16
	bases   map[*param]string
}

func (m *amd64) parts() int {
	if m.wide512 {
		return 1
	}
	return 2
}

func (m *amd64) registers() int {
	if m.wide512 {
		return 32
	}
	return 16
}

// reserved: Z31 holds the places of the upper halves.
func (m *amd64) reserved() map[int]bool { return map[int]bool{31: m.wide512} }

func (m *amd64) path() string {
	if m.bf16 {
		return "avx512BF16"
	}
	if m.wide512 {
		return "avx512"
	}
	return "avx2"
}

func (m *amd64) vec(r int) string {
	if m.wide512 {
		return fmt.Sprintf("Z%d", r)
	}
	return fmt.Sprintf("Y%d", r)
}

// pick returns the first of two spellings for AVX-512, the second for AVX2.
func (m *amd64) pick(a, b string) string {
	if m.wide512 {
		return a
	}
	return b
}

func (m *amd64) begin(e *emitter) {
	fmt.Fprintf(&e.out, "\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n",
		symbol(m.path(), e.name), e.signature(), symbol(m.path(), e.name), e.frame())
	m.bases = map[*param]string{}
	names := []string{"SI", "DI", "R8", "R9", "R10", "R11"}
	for _, x := range e.slices() {
		m.bases[x] = names[len(m.bases)]
		e.line("MOVQ %s_base+%d(FP), %s", x.name, x.offset, m.bases[x])
	}
	width := e.width
	if e.count == nil {
		width = e.params[0]
	}
	if width != nil {
		e.line("MOVQ %s_len+%d(FP), AX", width.name, width.offset+8)
	}
	if m.wide512 && !m.bf16 && e.has("storeBF16") {
		e.line("VMOVDQU32 rowUpper<>+0(SB), Z31")
	}
}

// rowsBegin: the addresses move from row to row.
func (m *amd64) rowsBegin(e *emitter) {
	if e.count.slice() {
		e.line("MOVQ %s_len+%d(FP), DX", e.count.name, e.count.offset+8)
	} else {
		e.line("MOVQ %s+%d(FP), DX", e.count.name, e.count.offset)
	}
	e.line("TESTQ DX, DX")
	e.line("JEQ end")
	fmt.Fprintf(&e.out, "\nrow:\n")
}

func (m *amd64) rowsEnd(e *emitter) {
	for _, x := range e.slices() {
		if x.perRow || e.width == nil {
			if n := e.rowBytes(x); n > 0 {
				e.line("ADDQ $%d, %s", n, m.bases[x])
			}
			continue
		}
		for range x.step {
			e.line("LEAQ (%s)(AX*%d), %s", m.bases[x], size(x), m.bases[x])
		}
	}
	e.line("DECQ DX")
	e.line("JNE row")
	fmt.Fprintf(&e.out, "\nend:\n")
}

func (m *amd64) loopBegin(e *emitter, k *block, n int) {
	e.line("XORQ CX, CX")
	e.line("TESTQ AX, AX")
	e.line("JEQ done%d", n)
	fmt.Fprintf(&e.out, "\nloop%d:\n", n)
}

func (m *amd64) loopEnd(e *emitter, k *block, n int) {
	e.line("ADDQ $16, CX")
	e.line("CMPQ CX, AX")
	e.line("JLT loop%d", n)
	fmt.Fprintf(&e.out, "\ndone%d:\n", n)
}

func (m *amd64) end(e *emitter) {
	e.line("VZEROUPPER")
	e.line("RET")
}

// memory is the address of a part of the elements of a row.
func (m *amd64) memory(e *emitter, x *param, part int) string {
	if x.perRow {
		return fmt.Sprintf("(%s)", m.bases[x])
	}
	offset := ""
	if o := (e.chunk*16 + part*8) * size(x); o > 0 {
		offset = fmt.Sprint(o)
	}
	if e.count != nil && e.width == nil {
		return fmt.Sprintf("%s(%s)", offset, m.bases[x])
	}
	return fmt.Sprintf("%s(%s)(CX*%d)", offset, m.bases[x], size(x))
}

// src is an operand that may be in memory: the first of an instruction.
func (m *amd64) src(e *emitter, v *val, part int) string {
	if e.inMemory[v] {
		if m.wide512 {
			return m.register(e, v, part)
		}
		return m.constant(e, v)
	}
	return m.vec(e.reg(v, part))
}

func (m *amd64) constant(e *emitter, v *val) string {
	return fmt.Sprintf("%sRowTable<>+%d(SB)", m.path(), e.table.offset(v.bits, m.constantSize()))
}

// constantSize is the size of a constant in memory: AVX2 has no broadcast in
// its operands, so there each is 32 bytes.
func (m *amd64) constantSize() int {
	if m.wide512 {
		return 4
	}
	return 32
}

// register is an operand in a register, a temporary one if need be.
func (m *amd64) register(e *emitter, v *val, part int) string {
	if e.inMemory[v] {
		t := m.vec(e.temp())
		e.line("VBROADCASTSS %s, %s", m.constant(e, v), t)
		return t
	}
	return m.vec(e.reg(v, part))
}

// dest gives v the register of one of the operands, if one dies.
func (m *amd64) dest(e *emitter, v *val, part int, operands ...*val) string {
	for _, a := range operands {
		if e.dies(a, part) && a.wide == v.wide {
			return m.vec(e.inherit(v, a, part))
		}
	}
	return m.vec(e.def(v, part))
}

// binary prints d = a op b. The operands of a commutative one change places
// if the first is in memory.
func (m *amd64) binary(e *emitter, v *val, part int, name string, commutes bool) {
	a, b := v.args[0], v.args[1]
	if commutes && e.inMemory[a] {
		a, b = b, a
	}
	second, first := m.src(e, b, part), m.register(e, a, part)
	e.line("%s %s, %s, %s", name, second, first, m.dest(e, v, part, a, b))
}

// fma prints a*b + c or, as VFNMADD, c - a*b in the form that overwrites an
// operand that dies.
func (m *amd64) fma(e *emitter, v *val, part int, name string) {
	a, b, c := v.args[0], v.args[1], v.args[2]
	if e.inMemory[a] || !e.dies(a, part) && e.dies(b, part) {
		a, b = b, a
	}
	if !e.dies(c, part) && e.dies(a, part) && a.wide == v.wide {
		if e.inMemory[b] {
			second, third := m.register(e, c, part), m.src(e, b, part)
			e.line("%s132PS %s, %s, %s", name, third, second, m.vec(e.inherit(v, a, part)))
			return
		}
		third, second := m.src(e, c, part), m.register(e, b, part)
		e.line("%s213PS %s, %s, %s", name, third, second, m.vec(e.inherit(v, a, part)))
		return
	}
	third, second := m.src(e, b, part), m.register(e, a, part)
	var d string
	switch {
	case e.dies(c, part) && c.wide == v.wide:
		d = m.vec(e.inherit(v, c, part))
	case e.inMemory[c]:
		d = m.vec(e.def(v, part))
		e.line("VBROADCASTSS %s, %s", m.constant(e, c), d)
	default:
		from := m.vec(e.reg(c, part))
		d = m.vec(e.def(v, part))
		e.line("VMOVAPS %s, %s", from, d)
	}
	e.line("%s231PS %s, %s, %s", name, third, second, d)
}
