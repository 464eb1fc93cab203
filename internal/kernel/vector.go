package kernel

import "github.com/polymath-lm/polymath/tensor"

// Add sets dst[i] = bf16(a[i] + b[i]). dst may be a or b.
func Add(dst, a, b []tensor.BF16) {
	mustMatch("Add", len(dst), len(a))
	mustMatch("Add", len(dst), len(b))
	n := whole(len(dst))
	cpu.add(dst[:n], a[:n], b[:n])
	portableAdd(dst[n:], a[n:], b[n:])
}

func portableAdd(dst, a, b []tensor.BF16) {
	for i := range dst {
		dst[i] = tensor.FromFloat32(a[i].Float32() + b[i].Float32())
	}
}

// AddF32 sets dst[i] += x[i].
func AddF32(dst, x []float32) {
	mustMatch("AddF32", len(dst), len(x))
	n := whole(len(dst))
	cpu.addF32(dst[:n], x[:n])
	portableAddF32(dst[n:], x[n:])
}

func portableAddF32(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}

// AddScaled sets acc[i] += a*x[i], with one rounding.
func AddScaled(acc []float32, x []tensor.BF16, a float32) {
	mustMatch("AddScaled", len(acc), len(x))
	n := whole(len(x))
	cpu.addScaled(acc[:n], x[:n], a)
	portableAddScaled(acc[n:], x[n:], a)
}

func portableAddScaled(acc []float32, x []tensor.BF16, a float32) {
	for i, v := range x {
		acc[i] = fma(a, v.Float32(), acc[i])
	}
}

// ScaleBF16 sets dst[i] = bf16(a*x[i]). dst may be x.
func ScaleBF16(dst, x []tensor.BF16, a float32) {
	mustMatch("ScaleBF16", len(dst), len(x))
	n := whole(len(x))
	cpu.scaleBF16(dst[:n], x[:n], a)
	portableScaleBF16(dst[n:], x[n:], a)
}

func portableScaleBF16(dst, x []tensor.BF16, a float32) {
	for i, v := range x {
		dst[i] = tensor.FromFloat32(a * v.Float32())
	}
}

// scaleToBF16 sets dst[i] = bf16(a*x[i] + 0), in which no zero is negative.
func scaleToBF16(dst []tensor.BF16, x []float32, a float32) {
	mustMatch("scaleToBF16", len(dst), len(x))
	n := whole(len(x))
	cpu.scaleToBF16(dst[:n], x[:n], a)
	portableScaleToBF16(dst[n:], x[n:], a)
}

func portableScaleToBF16(dst []tensor.BF16, x []float32, a float32) {
	for i, v := range x {
		dst[i] = tensor.FromFloat32(fma(a, v, 0))
	}
}

// ScaleF32 sets x[i] *= a.
func ScaleF32(x []float32, a float32) {
	n := whole(len(x))
	cpu.scaleF32(x[:n], a)
	portableScaleF32(x[n:], a)
}

func portableScaleF32(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// Dot returns the sum of a[i]*b[i]: fused into sixteen lanes, lanes summed in a
// fixed tree.
func Dot(a, b []tensor.BF16) float32 {
	mustMatch("Dot", len(a), len(b))
	n := whole(len(a))
	s := cpu.dot(a[:n], b[:n])
	for i := n; i < len(a); i++ {
		s[i-n] = fma(a[i].Float32(), b[i].Float32(), s[i-n])
	}
	return s.sum()
}

func portableDot(a, b []tensor.BF16) (s lanes) {
	for i := range a {
		l := &s[i%numLanes]
		*l = fma(a[i].Float32(), b[i].Float32(), *l)
	}
	return s
}

// SumSquaresF32 returns the sum of x[i]*x[i], summed like Dot.
func SumSquaresF32(x []float32) float32 {
	n := whole(len(x))
	s := cpu.squaresF32(x[:n])
	for i := n; i < len(x); i++ {
		s[i-n] = fma(x[i], x[i], s[i-n])
	}
	return s.sum()
}

func portableSquaresF32(x []float32) (s lanes) {
	for i, v := range x {
		l := &s[i%numLanes]
		*l = fma(v, v, *l)
	}
	return s
}
