package main

import "math"

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

func swiGLUGrad(name string, again bool) *program {
	h, dgate, dup, dh, gate, up := bf16s("h"), bf16s("dgate"), bf16s("dup"), bf16s("dh"), bf16s("gate"), bf16s("up")
	params := []*param{h, dgate, dup, dh, gate, up}
	if !again {
		params = params[1:]
	}
	p := newProgram(name, params...)
	p.loop(func() {
		g, u := p.load(gate), p.load(up)
		s := p.sigmoidShort(g)
		silu := p.product(g, s)
		if again {
			p.store(h, p.round(p.product(silu, u)))
		}
		slope := p.fma(silu, p.difference(p.float(1), s), s)
		d := p.load(dh)
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
		e := p.expShort(p.difference(p.load(logits), p.arg(lse)))
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
