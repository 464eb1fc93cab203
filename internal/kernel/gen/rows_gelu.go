package main

// Constants of gelu.go in the package kernel.
const (
	geluSlope = 0x1.988454p+0
	geluCube  = 0x1.2444f2p-4
	geluMost  = 1024
)

// geluSigmoid is the square of x, at most geluMost, and the sigmoid of GELU.
func (p *program) geluSigmoid(x *val) (square, sigmoid *val) {
	q := p.smaller(p.float(geluMost), p.product(x, x))
	return q, p.sigmoidShort(p.product(x, p.fma(p.float(geluCube), q, p.float(geluSlope))))
}

func gelu() *program {
	y, x := bf16s("y"), bf16s("x")
	p := newProgram("gelu", y, x)
	p.loop(func() {
		v := p.load(x)
		_, s := p.geluSigmoid(v)
		p.store(y, p.round(p.product(v, s)))
	})
	return p
}

func geluGrad() *program {
	dx, dy, x := bf16s("dx"), bf16s("dy"), bf16s("x")
	p := newProgram("geluGrad", dx, dy, x)
	p.loop(func() {
		v := p.load(x)
		q, s := p.geluSigmoid(v)
		rise := p.product(p.difference(p.float(1), s), p.fma(p.float(3*geluCube), q, p.float(geluSlope)))
		slope := p.fma(p.product(v, s), rise, s)
		p.store(dx, p.round(p.product(p.load(dy), slope)))
	})
	return p
}
