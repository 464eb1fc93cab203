package kernel

import "github.com/polymath-lm/polymath/tensor"

// phiSlope are the coefficients of a polynomial in x*x that times x is the logarithm
// of F(x)/(1-F(x)), where F is the normal distribution, from the highest: least squares
// with weights toward the largest error, for x*x up to phiMost.
var phiSlope = [...]float32{
	0x1.3d8bf8p-41, -0x1.b9d510p-34, 0x1.05ac20p-27, -0x1.561faap-22, 0x1.078120p-17,
	-0x1.b1c0cap-14, -0x1.f99b0cp-14, 0x1.2a3e48p-4, 0x1.987d88p+0,
}

const (
	phiMost    = 36
	phiDensity = -0x1.d67f1cp-1 // ln(1/sqrt(2*pi))
	// Of a larger square the density is 0 already, and no x that is finite meets an
	// infinite one.
	densityMost = 256
)

// GELUErf sets y[i] = bf16(x*F(x)), where F is the normal distribution: GELU as it is
// defined (arXiv:1606.08415), of which GELU is an approximation. In float32 the
// relative error before the rounding is below 6e-5 where x > -6; for smaller x,
// where y is above -7e-9, the error is below that. y may be x.
func GELUErf(y, x []tensor.BF16) {
	mustMatch("GELUErf", len(y), len(x))
	n := whole(len(x))
	cpu.geluErf(y[:n], x[:n])
	portableGELUErf(y[n:], x[n:])
}

func portableGELUErf(y, x []tensor.BF16) {
	for i, v := range x {
		f := v.Float32()
		y[i] = tensor.FromFloat32(f * normal(f))
	}
}

// normal is the normal distribution at x.
func normal(x float32) float32 {
	q := float32(x * x)
	if phiMost < q {
		q = phiMost
	}
	slope := phiSlope[0]
	for _, c := range phiSlope[1:] {
		slope = fma(slope, q, c)
	}
	return sigmoidShort(x * slope)
}

// GELUErfBackward is the derivative of GELUErf: dx = bf16(dy*(F(x) + x*F'(x))). dx may
// be dy or x.
func GELUErfBackward(dx, dy, x []tensor.BF16) {
	mustMatch("GELUErfBackward", len(dx), len(x))
	mustMatch("GELUErfBackward", len(dy), len(x))
	n := whole(len(x))
	cpu.geluErfGrad(dx[:n], dy[:n], x[:n])
	portableGELUErfGrad(dx[n:], dy[n:], x[n:])
}

func portableGELUErfGrad(dx, dy, x []tensor.BF16) {
	for i, v := range x {
		f := v.Float32()
		q := float32(f * f)
		if densityMost < q {
			q = densityMost
		}
		density := expShort(fma(q, -0.5, phiDensity))
		dx[i] = tensor.FromFloat32(dy[i].Float32() * fma(f, density, normal(f)))
	}
}
