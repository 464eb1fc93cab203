package kernel

import "github.com/polymath-lm/polymath/tensor"

// SwiGLU sets h[i] = bf16(silu(gate[i]) * up[i]), where silu(x) = x*sigmoid(x),
// in float32 with a relative error of 5e-6 before the rounding (Shazeer, GLU
// Variants Improve Transformer, arXiv:2002.05202). h may be gate or up.
func SwiGLU(h, gate, up []tensor.BF16) {
	mustMatch("SwiGLU", len(gate), len(h))
	mustMatch("SwiGLU", len(up), len(h))
	n := whole(len(h))
	cpu.swiGLU(h[:n], gate[:n], up[:n])
	portableSwiGLU(h[n:], gate[n:], up[n:])
}

func portableSwiGLU(h, gate, up []tensor.BF16) {
	for i := range h {
		g := gate[i].Float32()
		h[i] = tensor.FromFloat32(float32(g*sigmoidShort(g)) * up[i].Float32())
	}
}

// SwiGLUBackward is the derivative of SwiGLU: dup = dh*silu(gate) and
// dgate = dh*up*silu'(gate), where silu' = s + silu*(1-s) with s the sigmoid.
// dgate and dup may be any of dh, gate and up.
func SwiGLUBackward(dgate, dup, dh, gate, up []tensor.BF16) {
	mustMatch("SwiGLUBackward", len(dgate), len(dh))
	mustMatch("SwiGLUBackward", len(dup), len(dh))
	mustMatch("SwiGLUBackward", len(gate), len(dh))
	mustMatch("SwiGLUBackward", len(up), len(dh))
	n := whole(len(dh))
	cpu.swiGLUGrad(dgate[:n], dup[:n], dh[:n], gate[:n], up[:n])
	portableSwiGLUGrad(dgate[n:], dup[n:], dh[n:], gate[n:], up[n:])
}

// SwiGLUForwardBackward computes h once more, as SwiGLU does, and then the
// derivative as SwiGLUBackward does, for less than the two: h need not be kept
// from the forward pass. h is none of the others.
func SwiGLUForwardBackward(h, dgate, dup, dh, gate, up []tensor.BF16) {
	mustMatch("SwiGLUForwardBackward", len(h), len(dh))
	mustMatch("SwiGLUForwardBackward", len(dgate), len(dh))
	mustMatch("SwiGLUForwardBackward", len(dup), len(dh))
	mustMatch("SwiGLUForwardBackward", len(gate), len(dh))
	mustMatch("SwiGLUForwardBackward", len(up), len(dh))
	n := whole(len(dh))
	cpu.swiGLUForwardBackward(h[:n], dgate[:n], dup[:n], dh[:n], gate[:n], up[:n])
	portableSwiGLUForwardBackward(h[n:], dgate[n:], dup[n:], dh[n:], gate[n:], up[n:])
}

func portableSwiGLUForwardBackward(h, dgate, dup, dh, gate, up []tensor.BF16) {
	portableSwiGLU(h, gate, up)
	portableSwiGLUGrad(dgate, dup, dh, gate, up)
}

func portableSwiGLUGrad(dgate, dup, dh, gate, up []tensor.BF16) {
	for i := range dh {
		g, u, d := gate[i].Float32(), up[i].Float32(), dh[i].Float32()
		s := sigmoidShort(g)
		silu := float32(g * s)
		slope := fma(silu, 1-s, s)
		dup[i] = tensor.FromFloat32(d * silu)
		dgate[i] = tensor.FromFloat32(float32(d*u) * slope)
	}
}
