package main

func total() *program {
	x := bf16s("x")
	p := newProgram("sum", x)
	s := p.variable(p.float(0))
	p.loop(func() { p.addTo(s, p.load(x)) })
	p.giveLanes(s)
	return p
}

func deviations() *program {
	x, mean := bf16s("x"), f32("mean")
	p := newProgram("deviations", x, mean)
	s := p.variable(p.float(0))
	p.loop(func() {
		d := p.difference(p.load(x), p.arg(mean))
		p.fmaTo(s, d, d)
	})
	p.giveLanes(s)
	return p
}

// normed is normed of the package kernel.
func (p *program) normed(x, mean, rstd *param) *val {
	return p.product(p.difference(p.load(x), p.arg(mean)), p.arg(rstd))
}

func layerNorm() *program {
	y, x, w, b, mean, rstd := bf16s("y"), bf16s("x"), f32s("w"), f32s("b"), f32("mean"), f32("rstd")
	p := newProgram("layerNorm", y, x, w, b, mean, rstd)
	p.loop(func() { p.store(y, p.round(p.fma(p.normed(x, mean, rstd), p.load(w), p.load(b)))) })
	return p
}

func layerNormSums(name string, grad bool) *program {
	dw, db, dy, x, w := f32s("dw"), f32s("db"), bf16s("dy"), bf16s("x"), f32s("w")
	mean, rstd := f32("mean"), f32("rstd")
	params := []*param{dw, db, dy, x, w, mean, rstd}
	if !grad {
		params = params[2:]
	}
	p := newProgram(name, params...)
	sumG, sumGH := p.variable(p.float(0)), p.variable(p.float(0))
	p.loop(func() {
		h, d := p.normed(x, mean, rstd), p.load(dy)
		if grad {
			p.store(dw, p.fma(d, h, p.load(dw)))
			p.store(db, p.sum(p.load(db), d))
		}
		g := p.product(d, p.load(w))
		p.addTo(sumG, g)
		p.fmaTo(sumGH, g, h)
	})
	p.giveLanes(sumG)
	p.giveLanes(sumGH)
	return p
}

func layerNormGrad(name string, accumulate bool) *program {
	dx, dy, x, w := bf16s("dx"), bf16s("dy"), bf16s("x"), f32s("w")
	mean, rstd, meanG, meanGH := f32("mean"), f32("rstd"), f32("meanG"), f32("meanGH")
	p := newProgram(name, dx, dy, x, w, mean, rstd, meanG, meanGH)
	p.loop(func() {
		g := p.difference(p.product(p.load(dy), p.load(w)), p.arg(meanG))
		g = p.fnma(p.arg(meanGH), p.normed(x, mean, rstd), g)
		if accumulate {
			g = p.fma(p.arg(rstd), g, p.load(dx))
		} else {
			g = p.product(p.arg(rstd), g)
		}
		p.store(dx, p.round(g))
	})
	return p
}
