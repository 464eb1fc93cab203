package main

import "fmt"

// constants of the roundings, in the order in which round has them.
func (m *amd64) constants(op string) []uint32 {
	list := []uint32{1, 0x7fff, 0x7f800000, 1 << 31}
	if m.wide512 {
		// 0x33 is the table of VFIXUPIMMPS: NaNs become the default NaN.
		list = []uint32{1 << 16, 0x7fff, 0x8000, 0x33, 0x7f800000, 1 << 31}
	}
	switch {
	case op != "round" && op != "roundWeight" && op != "roundFlushed", m.bf16 && op != "round":
		return nil
	case op != "roundFlushed":
		return list[:len(list)-2]
	}
	return list
}

// round adds 0x7fff and the last bit that stays, so that ties go to even.
func (m *amd64) round(e *emitter, v *val, part int) {
	from := m.register(e, v.args[0], part)
	switch {
	case m.bf16 && v.op != "round":
		m.convert(e, v, part)
	case m.wide512:
		m.round512(e, v, part, from)
	default:
		m.round256(e, v, part, from)
	}
}

func (m *amd64) round512(e *emitter, v *val, part int, from string) {
	constant := func(i int) string { return m.register(e, v.args[i], part) }
	d := m.vec(e.def(v, part))
	e.line("VPTESTMD %s, %s, K1", constant(1), from)
	e.line("VPADDD %s, %s, %s", constant(2), from, d)
	e.line("VPADDD %s, %s, K1, %s", constant(3), from, d)
	e.line("VFIXUPIMMPS $0, %s, %s, %s", constant(4), from, d)
	if v.op == "roundFlushed" { // where the exponent is 0 the sign alone stays
		e.line("VPTESTNMD %s, %s, K1", constant(5), from)
		e.line("VPANDD %s, %s, K1, %s", constant(6), from, d)
	}
}

func (m *amd64) round256(e *emitter, v *val, part int, from string) {
	constant := func(i int) string { return m.src(e, v.args[i], part) }
	t, u, d := m.vec(e.temp()), m.vec(e.temp()), m.vec(e.def(v, part))
	e.line("VPSRLD $16, %s, %s", from, t)
	e.line("VPAND %s, %s, %s", constant(1), t, t)
	e.line("VPADDD %s, %s, %s", constant(2), t, t)
	e.line("VCMPPS $3, %s, %s, %s", from, from, u)
	e.line("VPADDD %s, %s, %s", t, from, d)
	e.line("VPOR %s, %s, %s", u, d, d)
	if v.op == "roundFlushed" {
		e.line("VPAND %s, %s, %s", constant(3), from, t)
		e.line("VPXOR %s, %s, %s", u, u, u)
		e.line("VPCMPEQD %s, %s, %s", u, t, t)
		e.line("VPAND %s, %s, %s", constant(4), from, u)
		e.line("VBLENDVPS %s, %s, %s, %s", t, u, d, d)
	}
}

// convert prints VCVTNEPS2BF16, which Go's assembler lacks: it takes denormal
// numbers for 0 (Intel 64 and IA-32 Architectures Software Developer's Manual,
// volume 2; the encoding is EVEX.512.F3.0F38.W0 72).
func (m *amd64) convert(e *emitter, v *val, part int) {
	s, d := e.reg(v.args[0], part), e.def(v, part)
	v.half = true
	p0 := 0xf2 &^ (s & 8 << 2) &^ (s & 16 << 2) &^ (d & 8 << 4) &^ (d & 16)
	bytes := []int{0x62, p0, 0x7e, 0x48, 0x72, 0xc0 | d&7<<3 | s&7}
	text := ""
	for _, b := range bytes {
		text += fmt.Sprintf("BYTE $0x%02x; ", b)
	}
	e.line("%s// VCVTNEPS2BF16 Z%d, Y%d", text, s, d)
}

// storeBF16 writes the upper halves.
func (m *amd64) storeBF16(e *emitter, v *val, part int) {
	from, to := v.args[0], m.memory(e, v.mem, part)
	if from.half {
		e.line("VMOVDQU32 Y%d, %s", e.reg(from, part), to)
		return
	}
	r := e.temp()
	t := m.vec(r)
	if m.wide512 {
		e.line("VPERMW %s, Z31, %s", m.vec(e.reg(from, part)), t)
		e.line("VMOVDQU32 Y%d, %s", r, to)
		return
	}
	e.line("VPSHUFB rowUpper<>+0(SB), %s, %s", m.vec(e.reg(from, part)), t)
	e.line("VPERMQ $8, %s, %s", t, t)
	e.line("VMOVDQU X%d, %s", r, to)
}

// upperHalves is the table of rowUpper: for VPERMW the words 1, 3, ... 31, for
// VPSHUFB the upper halves of four words, then nothing, twice.
func (m *amd64) upperHalves() (list []uint32) {
	if !m.wide512 {
		half := []uint32{0x07060302, 0x0f0e0b0a, 0x80808080, 0x80808080}
		return append(half, half...)
	}
	for i := uint32(0); i < 16; i++ {
		list = append(list, (4*i+1)%32|(4*i+3)%32<<16)
	}
	return list
}
