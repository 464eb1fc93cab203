package kernel

import "github.com/polymath-lm/polymath/tensor"

// RMSNorm sets y[i] = bf16(x[i]*rstd * w[i]) and returns
// rstd = 1/sqrt(mean(x*x) + eps), which the backward pass needs. y may be x.
//
// The product x[i]*rstd is rounded to float32 before it meets w[i] (Zhang and
// Sennrich, Root Mean Square Layer Normalization, arXiv:1910.07467).
func RMSNorm(y, x []tensor.BF16, w []float32, eps float32) (rstd float32) {
	mustMatch("RMSNorm", len(y), len(x))
	rstd = rmsRstd(Dot(x, x), len(x), eps)
	rmsApply(y, x, w, rstd)
	return rstd
}

// AddRMSNorm sets sum[i] = bf16(a[i] + b[i]) and then does RMSNorm(y, sum, w,
// eps), with the same bits as Add and RMSNorm one after the other. sum may be a
// or b; y may be none of the others, or all.
func AddRMSNorm(y, sum, a, b []tensor.BF16, w []float32, eps float32) (rstd float32) {
	mustMatch("AddRMSNorm", len(y), len(sum))
	mustMatch("AddRMSNorm", len(a), len(sum))
	mustMatch("AddRMSNorm", len(b), len(sum))
	n := whole(len(sum))
	s := cpu.addSquares(sum[:n], a[:n], b[:n])
	for i := n; i < len(sum); i++ {
		sum[i] = tensor.FromFloat32(a[i].Float32() + b[i].Float32())
		s[i-n] = fma(sum[i].Float32(), sum[i].Float32(), s[i-n])
	}
	rstd = rmsRstd(s.sum(), len(sum), eps)
	rmsApply(y, sum, w, rstd)
	return rstd
}

func portableAddSquares(dst, a, b []tensor.BF16) (s lanes) {
	for i := range dst {
		v := tensor.FromFloat32(a[i].Float32() + b[i].Float32())
		dst[i] = v
		l := &s[i%numLanes]
		*l = fma(v.Float32(), v.Float32(), *l)
	}
	return s
}

func rmsRstd(squares float32, n int, eps float32) float32 {
	return rsqrt(squares/float32(n) + eps)
}

func rmsApply(y, x []tensor.BF16, w []float32, rstd float32) {
	mustMatch("RMSNorm", len(w), len(x))
	n := whole(len(x))
	cpu.norm(y[:n], x[:n], w[:n], rstd)
	portableNorm(y[n:], x[n:], w[n:], rstd)
}

func portableNorm(y, x []tensor.BF16, w []float32, rstd float32) {
	for i, v := range x {
		y[i] = tensor.FromFloat32(float32(v.Float32()*rstd) * w[i])
	}
}

// RMSNormBackward is the derivative of RMSNorm, given x, w and the rstd that it
// returned. With g = dy*w, h = x*rstd and c = mean(g*h) it adds dy*h to dw and
// sets dx = bf16(rstd*(g - c*h)), or bf16(dx + rstd*(g - c*h)) if accumulate.
// dw is fp32 and may be nil for weights that are not trained. dx may be dy.
func RMSNormBackward(dx []tensor.BF16, dw []float32, dy, x []tensor.BF16, w []float32, rstd float32, accumulate bool) {
	mustMatch("RMSNormBackward", len(dx), len(x))
	mustMatch("RMSNormBackward", len(dy), len(x))
	mustMatch("RMSNormBackward", len(w), len(x))
	n := whole(len(x))
	var s lanes
	if dw != nil {
		mustMatch("RMSNormBackward", len(dw), len(x))
		s = cpu.normSums(dw[:n], dy[:n], x[:n], w[:n], rstd)
		normSumsTail(&s, dw[n:], dy[n:], x[n:], w[n:], rstd)
	} else {
		s = cpu.normDot(dy[:n], x[:n], w[:n], rstd)
		normSumsTail(&s, nil, dy[n:], x[n:], w[n:], rstd)
	}
	c := s.sum() / float32(len(x))
	if accumulate {
		cpu.normGradAdd(dx[:n], dy[:n], x[:n], w[:n], rstd, c)
		portableNormGradAdd(dx[n:], dy[n:], x[n:], w[n:], rstd, c)
	} else {
		cpu.normGrad(dx[:n], dy[:n], x[:n], w[:n], rstd, c)
		portableNormGrad(dx[n:], dy[n:], x[n:], w[n:], rstd, c)
	}
}

func portableNormSums(dw []float32, dy, x []tensor.BF16, w []float32, rstd float32) (s lanes) {
	normSumsTail(&s, dw, dy, x, w, rstd)
	return s
}

func portableNormDot(dy, x []tensor.BF16, w []float32, rstd float32) (s lanes) {
	normSumsTail(&s, nil, dy, x, w, rstd)
	return s
}

func normSumsTail(s *lanes, dw []float32, dy, x []tensor.BF16, w []float32, rstd float32) {
	for i, v := range x {
		d := dy[i].Float32()
		h := float32(v.Float32() * rstd)
		if dw != nil {
			dw[i] = fma(d, h, dw[i])
		}
		l := &s[i%numLanes]
		*l = fma(float32(d*w[i]), h, *l)
	}
}

func portableNormGrad(dx, dy, x []tensor.BF16, w []float32, rstd, c float32) {
	for i, v := range x {
		dx[i] = tensor.FromFloat32(rstd * normGradTerm(dy[i], v, w[i], rstd, c))
	}
}

func portableNormGradAdd(dx, dy, x []tensor.BF16, w []float32, rstd, c float32) {
	for i, v := range x {
		dx[i] = tensor.FromFloat32(fma(rstd, normGradTerm(dy[i], v, w[i], rstd, c), dx[i].Float32()))
	}
}

func normGradTerm(dy, x tensor.BF16, w, rstd, c float32) float32 {
	h := float32(x.Float32() * rstd)
	return fma(-c, h, float32(dy.Float32()*w))
}
