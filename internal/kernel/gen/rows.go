package main

import "math"

// programs are the primitives of kernel.rowOps. Each says again, on vectors,
// what its portable form says of one element; the tests of the package kernel
// hold them to the same bits.
func programs() []*program {
	return []*program{
		toF32(), toBF16(), add(), addF32(), addScaled(), scaleBF16(), scaleF32(), scaleToBF16(),
		dot(), squaresF32(), addSquares(),
		norm(), normSums("normSums", true), normSums("normDot", false), normGrad("normGrad", false), normGrad("normGradAdd", true),
		normRows(), normRowsGrad(),
		rotate(), rotateRows(), swiGLU(), swiGLUGrad(),
		exp(), maximum(), expSum("expSum", false), expSum("expSumTo", true),
		crossEntropy(), adamW(), scores(), scoresGrad(),
	}
}

// tiles are those that profit from instructions on bf16.
func tiles() []*program { return []*program{scores(), scoresGrad()} }

func toF32() *program {
	dst, src := f32s("dst"), bf16s("src")
	p := newProgram("toF32", dst, src)
	p.loop(func() { p.store(dst, p.load(src)) })
	return p
}

func toBF16() *program {
	dst, src := bf16s("dst"), f32s("src")
	p := newProgram("toBF16", dst, src)
	p.loop(func() { p.store(dst, p.round(p.load(src))) })
	return p
}

func add() *program {
	dst, a, b := bf16s("dst"), bf16s("a"), bf16s("b")
	p := newProgram("add", dst, a, b)
	p.loop(func() { p.store(dst, p.round(p.sum(p.load(a), p.load(b)))) })
	return p
}

func addF32() *program {
	dst, x := f32s("dst"), f32s("x")
	p := newProgram("addF32", dst, x)
	p.loop(func() { p.store(dst, p.sum(p.load(dst), p.load(x))) })
	return p
}

func addScaled() *program {
	acc, x, a := f32s("acc"), bf16s("x"), f32("a")
	p := newProgram("addScaled", acc, x, a)
	p.loop(func() { p.store(acc, p.fma(p.arg(a), p.load(x), p.load(acc))) })
	return p
}

func scaleBF16() *program {
	dst, x, a := bf16s("dst"), bf16s("x"), f32("a")
	p := newProgram("scaleBF16", dst, x, a)
	p.loop(func() { p.store(dst, p.round(p.product(p.arg(a), p.load(x)))) })
	return p
}

func scaleF32() *program {
	x, a := f32s("x"), f32("a")
	p := newProgram("scaleF32", x, a)
	p.loop(func() { p.store(x, p.product(p.load(x), p.arg(a))) })
	return p
}

func scaleToBF16() *program {
	dst, x, a := bf16s("dst"), f32s("x"), f32("a")
	p := newProgram("scaleToBF16", dst, x, a)
	p.loop(func() { p.store(dst, p.round(p.fma(p.arg(a), p.load(x), p.float(0)))) })
	return p
}

func dot() *program {
	a, b := bf16s("a"), bf16s("b")
	p := newProgram("dot", a, b)
	s := p.variable(p.float(0))
	p.loop(func() { p.fmaTo(s, p.load(a), p.load(b)) })
	p.giveLanes(s)
	return p
}

func squaresF32() *program {
	x := f32s("x")
	p := newProgram("squaresF32", x)
	s := p.variable(p.float(0))
	p.loop(func() {
		v := p.load(x)
		p.fmaTo(s, v, v)
	})
	p.giveLanes(s)
	return p
}

func addSquares() *program {
	dst, a, b := bf16s("dst"), bf16s("a"), bf16s("b")
	p := newProgram("addSquares", dst, a, b)
	s := p.variable(p.float(0))
	p.loop(func() {
		v := p.round(p.sum(p.load(a), p.load(b)))
		p.store(dst, v)
		v = p.upper(v)
		p.fmaTo(s, v, v)
	})
	p.giveLanes(s)
	return p
}

func norm() *program {
	y, x, w, rstd := bf16s("y"), bf16s("x"), f32s("w"), f32("rstd")
	p := newProgram("norm", y, x, w, rstd)
	p.loop(func() {
		h := p.product(p.load(x), p.arg(rstd))
		p.store(y, p.round(p.product(h, p.load(w))))
	})
	return p
}

func normSums(name string, grad bool) *program {
	dw, dy, x, w, rstd := f32s("dw"), bf16s("dy"), bf16s("x"), f32s("w"), f32("rstd")
	params := []*param{dw, dy, x, w, rstd}
	if !grad {
		params = params[1:]
	}
	p := newProgram(name, params...)
	s := p.variable(p.float(0))
	p.loop(func() {
		h := p.product(p.load(x), p.arg(rstd))
		d := p.load(dy)
		if grad {
			p.store(dw, p.fma(d, h, p.load(dw)))
		}
		p.fmaTo(s, p.product(d, p.load(w)), h)
	})
	p.giveLanes(s)
	return p
}

func normGrad(name string, accumulate bool) *program {
	dx, dy, x, w, rstd, c := bf16s("dx"), bf16s("dy"), bf16s("x"), f32s("w"), f32("rstd"), f32("c")
	p := newProgram(name, dx, dy, x, w, rstd, c)
	p.loop(func() {
		r := p.arg(rstd)
		h := p.product(p.load(x), r)
		g := p.fnma(p.arg(c), h, p.product(p.load(dy), p.load(w)))
		if accumulate {
			g = p.fma(r, g, p.load(dx))
		} else {
			g = p.product(r, g)
		}
		p.store(dx, p.round(g))
	})
	return p
}

func normRows() *program {
	y, x, w, rstd, n, eps := bf16s("y"), bf16s("x"), f32s("w"), f32s("rstd"), f32("n"), f32("eps")
	p := newProgram("normRows", y, x, w, rstd, n, eps)
	stays(w)
	p.rows(rstd, w, rstd)
	s := p.variable(p.float(0))
	p.loop(func() {
		v := p.load(x)
		p.fmaTo(s, v, v)
	})
	mean := p.quotient(p.treeSum(s), p.arg(n))
	r := p.quotient(p.float(1), p.root(p.sum(mean, p.arg(eps))))
	p.setField(rstd, r)
	p.loop(func() { p.store(y, p.round(p.product(p.product(p.load(x), r), p.load(w)))) })
	return p
}

func normRowsGrad() *program {
	dx, dw, dy, x, w := bf16s("dx"), f32s("dw"), bf16s("dy"), bf16s("x"), f32s("w")
	rstd, n := f32s("rstd"), f32("n")
	p := newProgram("normRowsGrad", dx, dw, dy, x, w, rstd, n)
	stays(dw, w)
	p.rows(rstd, w, rstd)
	s, r := p.variable(p.float(0)), p.field(rstd)
	p.loop(func() {
		h, d := p.product(p.load(x), r), p.load(dy)
		p.store(dw, p.fma(d, h, p.load(dw)))
		p.fmaTo(s, p.product(d, p.load(w)), h)
	})
	c := p.quotient(p.treeSum(s), p.arg(n))
	p.loop(func() {
		h := p.product(p.load(x), r)
		g := p.fnma(c, h, p.product(p.load(dy), p.load(w)))
		p.store(dx, p.round(p.product(r, g)))
	})
	return p
}

func rotate() *program {
	a, b, cos, sin := bf16s("a"), bf16s("b"), f32s("cos"), f32s("sin")
	p := newProgram("rotate", a, b, cos, sin)
	p.turn(a, b, cos, sin)
	return p
}

// rotateRows: a and b are the halves of rows.
func rotateRows() *program {
	a, b, cos, sin, heads := bf16s("a"), bf16s("b"), f32s("cos"), f32s("sin"), integer("heads")
	p := newProgram("rotateRows", a, b, cos, sin, heads)
	stays(cos, sin)
	a.step, b.step = 2, 2
	p.rows(heads, cos)
	p.turn(a, b, cos, sin)
	return p
}

func (p *program) turn(a, b, cos, sin *param) {
	p.loop(func() {
		u, v, c, s := p.load(a), p.load(b), p.load(cos), p.load(sin)
		p.store(a, p.round(p.fnma(v, s, p.product(u, c))))
		p.store(b, p.round(p.fma(u, s, p.product(v, c))))
	})
}

func swiGLU() *program {
	h, gate, up := bf16s("h"), bf16s("gate"), bf16s("up")
	p := newProgram("swiGLU", h, gate, up)
	p.loop(func() {
		g := p.load(gate)
		p.store(h, p.round(p.product(p.product(g, p.sigmoidShort(g)), p.load(up))))
	})
	return p
}

func swiGLUGrad() *program {
	dgate, dup, dh, gate, up := bf16s("dgate"), bf16s("dup"), bf16s("dh"), bf16s("gate"), bf16s("up")
	p := newProgram("swiGLUGrad", dgate, dup, dh, gate, up)
	p.loop(func() {
		g := p.load(gate)
		s := p.sigmoidShort(g)
		silu := p.product(g, s)
		slope := p.fma(silu, p.difference(p.float(1), s), s)
		d, u := p.load(dh), p.load(up)
		p.store(dup, p.round(p.product(d, silu)))
		p.store(dgate, p.round(p.product(p.product(d, u), slope)))
	})
	return p
}

func exp() *program {
	dst, x := f32s("dst"), f32s("x")
	p := newProgram("exp", dst, x)
	p.loop(func() { p.store(dst, p.exp(p.load(x))) })
	return p
}

func maximum() *program {
	x := f32s("x")
	p := newProgram("max", x)
	s := p.variable(p.float(float32(math.Inf(-1))))
	p.loop(func() { p.largerTo(s, p.load(x)) })
	p.giveLanes(s)
	return p
}

func expSum(name string, store bool) *program {
	dst, x, m := f32s("p"), f32s("x"), f32("m")
	params := []*param{dst, x, m}
	if !store {
		params = params[1:]
	}
	p := newProgram(name, params...)
	s := p.variable(p.float(0))
	p.loop(func() {
		e := p.expDown(p.difference(p.load(x), p.arg(m)))
		if store {
			p.store(dst, e)
		}
		p.addTo(s, e)
	})
	p.giveLanes(s)
	return p
}

func crossEntropy() *program {
	dx, logits, lse, c := bf16s("dx"), f32s("logits"), f32("lse"), f32("c")
	p := newProgram("crossEntropy", dx, logits, lse, c)
	p.loop(func() {
		e := p.expDown(p.difference(p.load(logits), p.arg(lse)))
		p.store(dx, p.round(p.product(e, p.arg(c))))
	})
	return p
}

func adamW() *program {
	w, m, v, g := f32s("w"), f32s("m"), f32s("v"), f32s("g")
	lr, beta1, beta2, eps := f32("s_LR"), f32("s_Beta1"), f32("s_Beta2"), f32("s_Eps")
	decay, c1, c2, scale := f32("s_WeightDecay"), f32("s_Correction1"), f32("s_Correction2"), f32("s_GradScale")
	p := newProgram("adamW", w, m, v, g, lr, beta1, beta2, eps, decay, c1, c2, scale)
	rest1 := p.difference(p.float(1), p.arg(beta1))
	b2 := p.arg(beta2)
	rest2 := p.difference(p.float(1), b2)
	p.loop(func() {
		d, m0, w0 := p.product(p.load(g), p.arg(scale)), p.load(m), p.load(w)
		m1 := p.fma(rest1, p.difference(d, m0), m0)
		p.store(m, m1)
		v1 := p.fma(b2, p.load(v), p.product(rest2, p.product(d, d)))
		p.store(v, v1)
		root := p.sum(p.root(p.product(v1, p.arg(c2))), p.arg(eps))
		step := p.quotient(p.product(m1, p.arg(c1)), root)
		p.store(w, p.fnma(p.arg(lr), p.fma(p.arg(decay), w0, step), w0))
	})
	return p
}

func scores() *program {
	dst, s, m, l, alpha, scale := bf16s("p"), f32s("s"), f32s("m"), f32s("l"), f32s("alpha"), f32("scale")
	p := newProgram("scores", dst, s, m, l, alpha, scale)
	p.rows(m, nil, m, l, alpha)
	top, sums := p.variable(p.float(float32(math.Inf(-1)))), p.variable(p.float(0))
	p.loop(func() { p.largerTo(top, p.load(s)) })
	m1 := p.field(m)
	m2 := p.larger(p.product(p.treeLarger(top), p.arg(scale)), m1)
	p.setField(m, m2)
	down := p.negative(m2)
	p.loop(func() {
		w := p.expShort(p.fma(p.load(s), p.arg(scale), down))
		p.addTo(sums, w)
		p.store(dst, p.roundWeight(w))
	})
	a := p.expShort(p.difference(m1, m2))
	p.setField(alpha, a)
	p.setField(l, p.fma(p.field(l), a, p.treeSum(sums)))
	return p
}

func scoresGrad() *program {
	dst, ds, s, dp := bf16s("p"), bf16s("ds"), f32s("s"), f32s("dp")
	lse, delta, scale := f32s("lse"), f32s("delta"), f32("scale")
	p := newProgram("scoresGrad", dst, ds, s, dp, lse, delta, scale)
	p.rows(lse, nil, lse, delta)
	down, d := p.negative(p.field(lse)), p.field(delta)
	p.loop(func() {
		w := p.expShort(p.fma(p.load(s), p.arg(scale), down))
		p.store(dst, p.roundFlushed(w))
		p.store(ds, p.roundFlushed(p.product(p.product(w, p.difference(p.load(dp), d)), p.arg(scale))))
	})
	return p
}
