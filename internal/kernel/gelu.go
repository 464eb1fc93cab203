package kernel

import "github.com/polymath-lm/polymath/tensor"

// Constants of GELU. Where geluMost limits x*x the sigmoid is 0 or 1 already; so
// no x that is finite meets an infinite factor.
const (
	geluSlope = 0x1.988454p+0 // 2*sqrt(2/pi)
	geluCube  = 0x1.2444f2p-4 // 0.044715 of that
	geluMost  = 1024
)

// GELU sets y[i] = bf16(x*(1+tanh(u))/2) with u = sqrt(2/pi)*(x + 0.044715*x^3),
// in float32 with a relative error of 2e-5 before the rounding, where the result
// is above 1e-30 (Hendrycks and Gimpel, Gaussian Error Linear Units,
// arXiv:1606.08415). It is computed as x*sigmoid(2u), which is the same number.
// y may be x.
func GELU(y, x []tensor.BF16) {
	mustMatch("GELU", len(y), len(x))
	n := whole(len(x))
	cpu.gelu(y[:n], x[:n])
	portableGELU(y[n:], x[n:])
}

func portableGELU(y, x []tensor.BF16) {
	for i, v := range x {
		f := v.Float32()
		q := geluSquare(f)
		y[i] = tensor.FromFloat32(f * sigmoidShort(f*fma(geluCube, q, geluSlope)))
	}
}

// geluSquare is x*x, or geluMost if that is less.
func geluSquare(x float32) float32 {
	q := float32(x * x)
	if geluMost < q {
		return geluMost
	}
	return q
}

// GELUBackward is the derivative of GELU: dx = bf16(dy*slope) with slope =
// s + x*s*(1-s)*2u', where s = sigmoid(2u) and u' is the derivative of u. dx may
// be dy or x.
func GELUBackward(dx, dy, x []tensor.BF16) {
	mustMatch("GELUBackward", len(dx), len(x))
	mustMatch("GELUBackward", len(dy), len(x))
	n := whole(len(x))
	cpu.geluGrad(dx[:n], dy[:n], x[:n])
	portableGELUGrad(dx[n:], dy[n:], x[n:])
}

func portableGELUGrad(dx, dy, x []tensor.BF16) {
	for i, v := range x {
		f := v.Float32()
		q := geluSquare(f)
		s := sigmoidShort(f * fma(geluCube, q, geluSlope))
		rise := float32((1 - s) * fma(3*geluCube, q, geluSlope))
		dx[i] = tensor.FromFloat32(dy[i].Float32() * fma(float32(f*s), rise, s))
	}
}
