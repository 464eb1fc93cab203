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

// The constants of gelu_erf.go in the package kernel.
var phiSlope = [...]float32{
	0x1.3d8bf8p-41, -0x1.b9d510p-34, 0x1.05ac20p-27, -0x1.561faap-22, 0x1.078120p-17,
	-0x1.b1c0cap-14, -0x1.f99b0cp-14, 0x1.2a3e48p-4, 0x1.987d88p+0,
}

const (
	phiMost     = 36
	phiDensity  = -0x1.d67f1cp-1
	densityMost = 256
)

// normal is normal of the package kernel; square is x*x.
func (p *program) normal(x, square *val) *val {
	q := p.smaller(p.float(phiMost), square)
	slope := p.fma(p.float(phiSlope[0]), q, p.float(phiSlope[1]))
	for _, c := range phiSlope[2:] {
		slope = p.fma(slope, q, p.float(c))
	}
	return p.sigmoidShort(p.product(x, slope))
}

func geluErf() *program {
	y, x := bf16s("y"), bf16s("x")
	p := newProgram("geluErf", y, x)
	p.loop(func() {
		v := p.load(x)
		p.store(y, p.round(p.product(v, p.normal(v, p.product(v, v)))))
	})
	return p
}

func geluErfGrad() *program {
	dx, dy, x := bf16s("dx"), bf16s("dy"), bf16s("x")
	p := newProgram("geluErfGrad", dx, dy, x)
	p.loop(func() {
		v := p.load(x)
		square := p.product(v, v)
		density := p.expShort(p.fma(p.smaller(p.float(densityMost), square), p.float(-0.5), p.float(phiDensity)))
		slope := p.fma(v, density, p.normal(v, square))
		p.store(dx, p.round(p.product(p.load(dy), slope)))
	})
	return p
}
