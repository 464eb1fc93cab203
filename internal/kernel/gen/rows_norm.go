package main

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
