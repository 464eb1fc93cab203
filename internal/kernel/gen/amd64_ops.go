package main

import "fmt"

func (m *amd64) emit(e *emitter, v *val, part int) {
	switch v.op {
	case "const":
		e.line("VBROADCASTSS %s, %s", m.constant(e, v), m.vec(e.def(v, part)))
	case "arg":
		name := "VBROADCASTSS"
		if v.mem.kind == "int" {
			name = "VPBROADCASTD"
		}
		e.line("%s %s+%d(FP), %s", name, v.mem.name, v.mem.offset, m.vec(e.def(v, part)))
	case "var":
		from := m.register(e, v.args[0], 0)
		for i := range m.parts() {
			e.line("VMOVAPS %s, %s", from, m.vec(e.def(v, i)))
		}
	case "iota":
		for i := range m.parts() {
			e.line("VMOVDQU%s rowIota<>+%d(SB), %s", m.pick("32", ""), 32*i, m.vec(e.def(v, i)))
		}
	case "loadF32":
		e.line("VMOVUPS %s, %s", m.memory(v.mem, part), m.vec(e.def(v, part)))
	case "loadBF16":
		d := m.vec(e.def(v, part))
		e.line("VPMOVZXWD %s, %s", m.memory(v.mem, part), d)
		e.line("VPSLLD $16, %s, %s", d, d)
	case "storeF32":
		e.line("VMOVUPS %s, %s", m.register(e, v.args[0], part), m.memory(v.mem, part))
	case "storeBF16":
		m.storeBF16(e, v, part)
	case "givelanes":
		for i, part := range []string{"", "_8"}[:m.parts()] {
			e.line("VMOVUPS %s, %s%s+%d(FP)", m.vec(e.reg(v.args[0], i)), v.mem.name, part, v.mem.offset+32*i)
		}
	case "givef32":
		e.line("VMOVSS X%d, %s+%d(FP)", e.reg(v.args[0], 0), v.mem.name, v.mem.offset)
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
		m.binary(e, v, part, "VDIVPS", false)
	case "larger":
		m.binary(e, v, part, "VMAXPS", false)
	case "addInt":
		m.binary(e, v, part, "VPADDD", true)
	case "subInt":
		m.binary(e, v, part, "VPSUBD", false)
	case "and":
		m.binary(e, v, part, m.pick("VPANDD", "VPAND"), true)
	case "or":
		m.binary(e, v, part, m.pick("VPORD", "VPOR"), true)
	case "sqrt":
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
	case "addIntTo":
		m.change(e, v, part, "VPADDD")
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
	case "round":
		m.round(e, v, part)
	default:
		m.choice(e, v, part)
	}
}

func (m *amd64) change(e *emitter, v *val, part int, name string) {
	s := m.vec(e.reg(v.args[0], part))
	e.line("%s %s, %s, %s", name, m.src(e, v.args[1], part), s, s)
}

// storeBF16 writes the upper halves.
func (m *amd64) storeBF16(e *emitter, v *val, part int) {
	from, r := m.register(e, v.args[0], part), e.temp()
	t, to := m.vec(r), m.memory(v.mem, part)
	if m.wide512 {
		e.line("VPSRLD $16, %s, %s", from, t)
		e.line("VPMOVDW %s, %s", t, to)
		return
	}
	e.line("VPSHUFB rowUpper<>+0(SB), %s, %s", from, t)
	e.line("VPERMQ $8, %s, %s", t, t)
	e.line("VMOVDQU X%d, %s", r, to)
}

// round: the last bit that stays is added to 0x7fff, so that ties go to even.
func (m *amd64) round(e *emitter, v *val, part int) {
	x, one, half := v.args[0], v.args[1], v.args[2]
	from, t := m.register(e, x, part), m.vec(e.temp())
	e.line("VPSRLD $16, %s, %s", from, t)
	e.line("%s %s, %s, %s", m.pick("VPANDD", "VPAND"), m.src(e, one, part), t, t)
	if m.wide512 {
		e.line("VCMPPS $3, %s, %s, K1", from, from)
		d := m.dest(e, v, part, x)
		e.line("VPADDD %s, %s, %s", m.src(e, half, part), from, d)
		e.line("VPADDD %s, %s, %s", t, d, d)
		e.line("VPTERNLOGD $255, %s, %s, K1, %s", d, d, d)
		return
	}
	u := m.vec(e.temp())
	e.line("VCMPPS $3, %s, %s, %s", from, from, u)
	d := m.dest(e, v, part, x)
	e.line("VPADDD %s, %s, %s", m.src(e, half, part), from, d)
	e.line("VPADDD %s, %s, %s", t, d, d)
	e.line("VPOR %s, %s, %s", u, d, d)
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
	case "selectLE", "selectLT": // x, limit, then, else
		less := map[string]int{"selectLE": 2, "selectLT": 1}[v.op]
		if m.wide512 {
			e.line("VCMPPS $%d, %s, %s, K1", less, src(1), reg(0))
			e.line("VBLENDMPS %s, %s, K1, %s", reg(2), reg(3), m.vec(e.def(v, part)))
			return
		}
		t := m.vec(e.temp())
		e.line("VCMPPS $%d, %s, %s, %s", less, src(1), reg(0), t)
		e.line("VBLENDVPS %s, %s, %s, %s", t, reg(2), reg(3), m.vec(e.def(v, part)))
	case "selectIn", "maskIn": // index, lo, hi, then, else
		m.inside(e, v, part, reg)
	default:
		panic(fmt.Sprintf("amd64: no operation %q", v.op))
	}
}

// inside compares lo <= index < hi.
func (m *amd64) inside(e *emitter, v *val, part int, reg func(int) string) {
	index, lo, hi := reg(0), reg(1), reg(2)
	if m.wide512 {
		e.line("VPCMPGTD %s, %s, K1", index, hi)
		e.line("VPCMPD $2, %s, %s, K1, K2", index, lo)
		if v.op == "maskIn" {
			d := m.vec(e.def(v, part))
			e.line("VPTERNLOGD.Z $255, %s, %s, K2, %s", d, d, d)
			return
		}
		e.line("VBLENDMPS %s, %s, K2, %s", reg(3), reg(4), m.vec(e.def(v, part)))
		return
	}
	t := m.vec(e.temp())
	d := m.vec(e.def(v, part))
	e.line("VPCMPGTD %s, %s, %s", index, hi, t)
	e.line("VPCMPGTD %s, %s, %s", index, lo, d)
	e.line("VPANDN %s, %s, %s", t, d, d)
	if v.op == "selectIn" {
		e.line("VBLENDVPS %s, %s, %s, %s", d, reg(3), reg(4), d)
	}
}
