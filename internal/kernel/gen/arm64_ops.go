package main

import "fmt"

// binaryNEON are the operations of one instruction.
var binaryNEON = map[string]neon{
	"add": fadd, "sub": fsub, "mul": fmul, "div": fdiv,
	"addInt": iadd, "subInt": isub, "and": and, "or": orr, "xor": eor,
}

func (m *arm64) arithmetic(e *emitter, v *val, part int) {
	reg := func(i int) int { return e.reg(v.args[i], part) }
	if i, ok := binaryNEON[v.op]; ok {
		a, b := reg(0), reg(1)
		m.do(e, i, m.dest(e, v, part, v.args[0], v.args[1]), a, b)
		return
	}
	switch v.op {
	case "sqrt":
		a := reg(0)
		m.do(e, fsqrt, m.dest(e, v, part, v.args[0]), a, 0)
	case "shl23":
		a := reg(0)
		m.do(e, shl23, m.dest(e, v, part, v.args[0]), a, 0)
	case "fma":
		m.fma(e, v, part, fmla)
	case "fnma":
		m.fma(e, v, part, fmls)
	case "addTo":
		m.do(e, fadd, reg(0), reg(0), reg(1))
	case "fmaTo":
		m.do(e, fmla, reg(0), reg(1), reg(2))
	case "smaller":
		d, t := e.def(v, part), e.temp()
		m.do(e, mov, d, reg(1), 0)
		m.do(e, fcmgt, t, d, reg(0))
		m.do(e, bit, d, reg(0), t)
	case "larger", "largerTo":
		m.larger(e, v, part)
	case "treeSum", "treeLarger":
		m.tree(e, v)
	case "round", "roundWeight", "roundFlushed":
		m.round(e, v, part)
	default:
		m.choice(e, v, part)
	}
}

// fma accumulates on c, or on a copy of it.
func (m *arm64) fma(e *emitter, v *val, part int, i neon) {
	a, b, c := v.args[0], v.args[1], v.args[2]
	ra, rb, rc := e.reg(a, part), e.reg(b, part), e.reg(c, part)
	if e.dies(c, part) && c.wide == v.wide && c != a && c != b {
		m.do(e, i, e.inherit(v, c, part), ra, rb)
		return
	}
	d := e.def(v, part)
	m.do(e, mov, d, rc, 0)
	m.do(e, i, d, ra, rb)
}

// pickLarger sets d to a where a > d.
func (m *arm64) pickLarger(e *emitter, d, a, t int) {
	m.do(e, fcmgt, t, a, d)
	m.do(e, bit, d, a, t)
}

func (m *arm64) larger(e *emitter, v *val, part int) {
	if v.op == "largerTo" {
		m.pickLarger(e, e.reg(v.args[0], part), e.reg(v.args[1], part), e.temp())
		return
	}
	d := e.def(v, part)
	m.do(e, mov, d, e.reg(v.args[1], part), 0)
	m.pickLarger(e, d, e.reg(v.args[0], part), e.temp())
}

// tree folds the lanes of a variable: l and l+8, then +4, +2, +1.
func (m *arm64) tree(e *emitter, v *val) {
	s, d, t, u := v.args[0], e.def(v, 0), e.temp(), e.temp()
	fold := func(low, high, mask int) {
		if v.op == "treeSum" {
			m.do(e, fadd, low, low, high)
			return
		}
		m.pickLarger(e, low, high, mask)
	}
	m.do(e, mov, d, e.reg(s, 0), 0)
	m.do(e, mov, t, e.reg(s, 1), 0)
	fold(d, e.reg(s, 2), u)
	fold(t, e.reg(s, 3), u)
	fold(d, t, u)
	m.do(e, ext8, t, d, d)
	fold(d, t, u)
	m.do(e, ext4, t, d, d)
	fold(d, t, u)
	m.do(e, dup, d, d, 0)
}

// round: the last bit that stays is added to 0x7fff, so that ties go to even.
func (m *arm64) round(e *emitter, v *val, part int) {
	x, one, half := e.reg(v.args[0], part), e.reg(v.args[1], part), e.reg(v.args[2], part)
	t, u := e.temp(), e.temp()
	m.do(e, shr16, t, x, 0)
	m.do(e, and, t, t, one)
	m.do(e, fcmeq, u, x, x)
	d := e.def(v, part)
	m.do(e, iadd, d, x, half)
	m.do(e, iadd, d, d, t)
	m.do(e, orn, d, d, u)
	if v.op == "roundFlushed" { // where the exponent is 0 the sign alone stays
		m.do(e, and, t, x, e.reg(v.args[3], part))
		m.do(e, cmeq0, t, t, 0)
		m.do(e, and, u, x, e.reg(v.args[4], part))
		m.do(e, bit, d, u, t)
	}
}

// choice prints the operations that compare.
func (m *arm64) choice(e *emitter, v *val, part int) {
	reg := func(i int) int { return e.reg(v.args[i], part) }
	switch v.op {
	case "mulUnlessBelow": // y, scale, x, limit
		t := e.temp()
		m.do(e, fcmgt, t, reg(3), reg(2))
		y, scale := reg(0), reg(1)
		d := m.dest(e, v, part, v.args[0], v.args[1])
		m.do(e, fmul, d, y, scale)
		m.do(e, bic, d, d, t)
	case "zeroBelow": // y, x, limit
		t := e.temp()
		m.do(e, fcmgt, t, reg(2), reg(1))
		m.do(e, bic, e.def(v, part), reg(0), t)
	case "selectLE": // x, limit, then, else
		d := e.def(v, part)
		m.do(e, fcmge, d, reg(1), reg(0))
		m.do(e, bsl, d, reg(2), reg(3))
	default:
		panic(fmt.Sprintf("arm64: no operation %q", v.op))
	}
}
