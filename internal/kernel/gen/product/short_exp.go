package main

import "math"

// Constants of expShort in the package kernel, by register.
var shortConstants = []struct {
	register string
	value    float32
}{
	{"Z31", 0x1.715476p+0},
	{"Z30", 0x1.8p+23 + 127},
	{"Z29", 0x1.3a035cp-7},
	{"Z28", 0x1.c9fc88p-5},
	{"Z27", 0x1.ec0376p-3},
	{"Z26", 0x1.62e12cp-1},
	{"Z25", 1},
	{"Z24", -87},
}

func (a *assembly) broadcast(register string, value float32) {
	a.op("MOVL $0x%08x, AX // %v", math.Float32bits(value), value)
	a.op("VPBROADCASTD AX, %s", register)
}

func (a *assembly) loadShortConstants() {
	for _, c := range shortConstants {
		a.broadcast(c.register, c.value)
	}
}

// expShort computes w = expShort(x) of up to seven vectors at a time. x, t and f
// are overwritten; w may be f.
func (a *assembly) expShort(w, x, t, f []int) {
	each := func(do func(i int)) {
		for i := range x {
			do(i)
		}
	}
	each(func(i int) { a.op("VMOVAPS Z30, Z%d", t[i]) })
	each(func(i int) { a.op("VFMADD231PS Z31, Z%d, Z%d", x[i], t[i]) })
	each(func(i int) { a.op("VSUBPS Z%d, Z30, Z%d", t[i], f[i]) })
	each(func(i int) { a.op("VFMADD231PS Z31, Z%d, Z%d", x[i], f[i]) })
	each(func(i int) { a.op("VCMPPS $5, Z24, Z%d, K%d", x[i], 1+i) })
	each(func(i int) { a.op("VPSLLD $23, Z%d, Z%d", t[i], t[i]) })
	each(func(i int) { a.op("VMOVAPS Z28, Z%d", x[i]) })
	each(func(i int) { a.op("VFMADD231PS Z%d, Z29, Z%d", f[i], x[i]) })
	each(func(i int) { a.op("VFMADD213PS Z27, Z%d, Z%d", f[i], x[i]) })
	each(func(i int) { a.op("VFMADD213PS Z26, Z%d, Z%d", f[i], x[i]) })
	each(func(i int) { a.op("VFMADD213PS Z25, Z%d, Z%d", f[i], x[i]) })
	each(func(i int) { a.op("VMULPS.Z Z%d, Z%d, K%d, Z%d", t[i], x[i], 1+i, w[i]) })
}

// acrossRows combines the lanes of Z0 to Z15, one row each, in the tree of
// lanes.sum: Z0 has the results of all rows.
func (a *assembly) acrossRows(op string) {
	steps := []struct{ low, high string }{
		{"VSHUFF64X2 $0x44,", "VSHUFF64X2 $0xee,"},
		{"VSHUFF64X2 $0x88,", "VSHUFF64X2 $0xdd,"},
		{"VUNPCKLPD", "VUNPCKHPD"},
		{"VSHUFPS $0x88,", "VSHUFPS $0xdd,"},
	}
	rows := []int{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15} // this leaves them in order
	for _, s := range steps {
		for i := 0; i < len(rows); i += 2 {
			x, y, t := rows[i], rows[i+1], 16+i/2%4
			a.op("%s Z%d, Z%d, Z%d", s.low, y, x, t)
			a.op("%s Z%d, Z%d, Z%d", s.high, y, x, y)
			a.op("%s Z%d, Z%d, Z%d", op, t, y, x)
			rows[i/2] = x
		}
		rows = rows[:len(rows)/2]
	}
}
