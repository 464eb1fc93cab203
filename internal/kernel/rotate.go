package kernel

import "github.com/polymath-lm/polymath/tensor"

// rotate does RotateRows on one head, of any size.
func rotate(x []tensor.BF16, cos, sin []float32) {
	d := len(x) / 2
	mustMatch("rotate", len(x), 2*d)
	mustMatch("rotate", len(cos), d)
	mustMatch("rotate", len(sin), d)
	n := whole(d)
	a, b := x[:d], x[d:]
	cpu.rotate(a[:n], b[:n], cos[:n], sin[:n])
	portableRotate(a[n:], b[n:], cos[n:], sin[n:])
}

// RotateRows turns consecutive heads in place, all by the angles whose cosines
// and sines are given: each pair (x[i], x[i+d/2]) of a head of size d becomes
// (x[i]*cos[i] - x[i+d/2]*sin[i], x[i+d/2]*cos[i] + x[i]*sin[i]), computed in
// float32 and rounded once to bf16. cos and sin hold d/2 values. The backward
// pass is the rotation with -sin (Su et al., RoFormer, arXiv:2104.09864, 3.2;
// pairs half a head apart as the models of Hugging Face have them).
func RotateRows(x []tensor.BF16, cos, sin []float32) {
	half := len(cos)
	mustMatch("RotateRows", len(sin), half)
	if len(x) == 0 {
		return
	}
	heads := len(x) / (2 * half)
	mustMatch("RotateRows", len(x), heads*2*half)
	if half == whole(half) {
		cpu.rotateRows(x, x[half:], cos, sin, heads)
		return
	}
	for i := 0; i < len(x); i += 2 * half {
		rotate(x[i:i+2*half], cos, sin)
	}
}

func portableRotateRows(a, b []tensor.BF16, cos, sin []float32, heads int) {
	half := len(cos)
	for i := range heads {
		portableRotate(a[2*i*half:][:half], b[2*i*half:][:half], cos, sin)
	}
}

func portableRotate(a, b []tensor.BF16, cos, sin []float32) {
	for i := range a {
		u, v := a[i].Float32(), b[i].Float32()
		c, s := cos[i], sin[i]
		a[i] = tensor.FromFloat32(fma(-v, s, float32(u*c)))
		b[i] = tensor.FromFloat32(fma(u, s, float32(v*c)))
	}
}
