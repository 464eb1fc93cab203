package main

import "fmt"

func (m *amd64) emit(e *emitter, v *val, part int) {
	switch v.op {
	case "const":
		e.line("VBROADCASTSS %s, %s", m.constant(e, v), m.vec(e.def(v, part)))
	case "arg":
		e.line("VBROADCASTSS %s+%d(FP), %s", v.mem.name, v.mem.offset, m.vec(e.def(v, part)))
	case "field":
		name := "VBROADCASTSS"
		if v.mem.kind == "pairs" {
			name = "VBROADCASTSD"
		}
		e.line("%s %s, %s", name, m.memory(e, v.mem, part), m.vec(e.def(v, part)))
	case "setField":
		e.line("VMOVSS X%d, %s", e.reg(v.args[0], part), m.memory(e, v.mem, part))
	case "var":
		from := m.register(e, v.args[0], 0)
		for i := range m.parts() {
			e.line("VMOVAPS %s, %s", from, m.vec(e.def(v, i)))
		}
	case "loadF32":
		e.line("VMOVUPS %s, %s", m.memory(e, v.mem, part), m.vec(e.def(v, part)))
	case "loadBF16":
		d := m.vec(e.def(v, part))
		e.line("VPMOVZXWD %s, %s", m.memory(e, v.mem, part), d)
		e.line("VPSLLD $16, %s, %s", d, d)
	case "loadInt8":
		d := m.vec(e.def(v, part))
		e.line("VPMOVSXBD %s, %s", m.memory(e, v.mem, part), d)
		e.line("VCVTDQ2PS %s, %s", d, d)
	case "storeF32":
		e.line("VMOVUPS %s, %s", m.register(e, v.args[0], part), m.memory(e, v.mem, part))
	case "storeBF16":
		m.storeBF16(e, v, part)
	case "giveLanes":
		for i, part := range []string{"", "_8"}[:m.parts()] {
			e.line("VMOVUPS %s, %s%s+%d(FP)", m.vec(e.reg(v.args[0], i)), v.mem.name, part, v.mem.offset+32*i)
		}
	default:
		m.arithmetic(e, v, part)
	}
}

func (m *amd64) arithmetic(e *emitter, v *val, part int) {
	switch v.op {
	case "add":
		m.binary(e, v, part, "VADDPS", true)
	case "sub":
		m.binary(e, v, part, "VSUBPS", false)
	case "mul":
		m.binary(e, v, part, "VMULPS", true)
	case "div":
		if !v.wide {
			m.uniform(e, v, "VDIVPS")
			return
		}
		m.binary(e, v, part, "VDIVPS", false)
	case "larger":
		m.binary(e, v, part, "VMAXPS", false)
	case "smaller":
		m.binary(e, v, part, "VMINPS", false)
	case "addInt":
		m.binary(e, v, part, "VPADDD", true)
	case "subInt":
		m.binary(e, v, part, "VPSUBD", false)
	case "and":
		m.binary(e, v, part, m.pick("VPANDD", "VPAND"), true)
	case "or":
		m.binary(e, v, part, m.pick("VPORD", "VPOR"), true)
	case "xor":
		m.binary(e, v, part, m.pick("VPXORD", "VPXOR"), true)
	case "sqrt":
		if !v.wide {
			m.uniform(e, v, "VSQRTPS")
			return
		}
		from := m.src(e, v.args[0], part)
		e.line("VSQRTPS %s, %s", from, m.dest(e, v, part, v.args[0]))
	case "shl23":
		from := m.register(e, v.args[0], part)
		e.line("VPSLLD $23, %s, %s", from, m.dest(e, v, part, v.args[0]))
	case "fma":
		m.fma(e, v, part, "VFMADD")
	case "fnma":
		m.fma(e, v, part, "VFNMADD")
	case "addTo":
		m.change(e, v, part, "VADDPS")
	case "fmaTo":
		second := m.src(e, v.args[2], part)
		e.line("VFMADD231PS %s, %s, %s", second, m.register(e, v.args[1], part), m.vec(e.reg(v.args[0], part)))
	case "largerTo":
		s := m.vec(e.reg(v.args[0], part))
		e.line("VMAXPS %s, %s, %s", s, m.register(e, v.args[1], part), s)
	case "treeSum":
		m.tree(e, v, "VADDPS")
	case "treeLarger":
		m.tree(e, v, "VMAXPS")
	case "round", "roundWeight", "roundFlushed":
		m.round(e, v, part)
	default:
		m.choice(e, v, part)
	}
}

// uniform prints an operation that is slow on many lanes, on four, and spreads
// the result.
func (m *amd64) uniform(e *emitter, v *val, name string) {
	operands := ""
	for i := len(v.args) - 1; i >= 0; i-- {
		operands += "X" + m.register(e, v.args[i], 0)[1:] + ", "
	}
	d := e.def(v, 0)
	e.line("%s %sX%d", name, operands, d)
	e.line("VBROADCASTSS X%d, %s", d, m.vec(d))
}

func (m *amd64) change(e *emitter, v *val, part int, name string) {
	s := m.vec(e.reg(v.args[0], part))
	e.line("%s %s, %s, %s", name, m.src(e, v.args[1], part), s, s)
}

// tree folds the lanes of a variable: l and l+8, then +4, +2, +1.
func (m *amd64) tree(e *emitter, v *val, name string) {
	s, d, t := v.args[0], e.def(v, 0), e.temp()
	fold := func(width string, high, low int) {
		e.line("%s %s%d, %s%d, %s%d", name, width, low, width, high, width, d)
	}
	if m.wide512 {
		e.line("VEXTRACTF64X4 $1, Z%d, Y%d", e.reg(s, 0), d)
		fold("Y", d, e.reg(s, 0))
	} else {
		fold("Y", e.reg(s, 1), e.reg(s, 0))
	}
	e.line("%s $1, Y%d, X%d", m.pick("VEXTRACTF32X4", "VEXTRACTF128"), d, t)
	fold("X", t, d)
	e.line("VPERMILPS $14, X%d, X%d", d, t)
	fold("X", t, d)
	e.line("VPERMILPS $1, X%d, X%d", d, t)
	fold("X", t, d)
	e.line("VBROADCASTSS X%d, %s", d, m.vec(d))
}

// choice prints the operations that compare, with masks in K registers or in
// vectors.
func (m *amd64) choice(e *emitter, v *val, part int) {
	reg := func(i int) string { return m.register(e, v.args[i], part) }
	src := func(i int) string { return m.src(e, v.args[i], part) }
	switch v.op {
	case "mulUnlessBelow": // y, scale, x, limit
		if m.wide512 {
			e.line("VCMPPS $5, %s, %s, K1", src(3), reg(2))
			scale, y := src(1), reg(0)
			e.line("VMULPS.Z %s, %s, K1, %s", scale, y, m.dest(e, v, part, v.args[0], v.args[1]))
			return
		}
		t := m.vec(e.temp())
		e.line("VCMPPS $1, %s, %s, %s", src(3), reg(2), t)
		scale, y := src(1), reg(0)
		d := m.dest(e, v, part, v.args[0], v.args[1])
		e.line("VMULPS %s, %s, %s", scale, y, d)
		e.line("VANDNPS %s, %s, %s", d, t, d)
	case "zeroBelow": // y, x, limit
		if m.wide512 {
			e.line("VCMPPS $5, %s, %s, K1", src(2), reg(1))
			e.line("VMOVAPS.Z %s, K1, %s", reg(0), m.vec(e.def(v, part)))
			return
		}
		t := m.vec(e.temp())
		e.line("VCMPPS $1, %s, %s, %s", src(2), reg(1), t)
		e.line("VANDNPS %s, %s, %s", reg(0), t, m.vec(e.def(v, part)))
	case "selectLE": // x, limit, then, else
		if m.wide512 {
			e.line("VCMPPS $2, %s, %s, K1", src(1), reg(0))
			e.line("VBLENDMPS %s, %s, K1, %s", reg(2), reg(3), m.vec(e.def(v, part)))
			return
		}
		t := m.vec(e.temp())
		e.line("VCMPPS $2, %s, %s, %s", src(1), reg(0), t)
		e.line("VBLENDVPS %s, %s, %s, %s", t, reg(2), reg(3), m.vec(e.def(v, part)))
	default:
		panic(fmt.Sprintf("amd64: no operation %q", v.op))
	}
}
