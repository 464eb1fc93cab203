package kernel

import "github.com/polymath-lm/polymath/tensor"

// LayerNorm sets y[i] = bf16(h*w[i] + b[i]), where h = (x[i]-mean)*rstd, and
// returns mean = mean(x) and rstd = 1/sqrt(mean((x-mean)^2) + eps), which the
// backward pass needs. y may be x; w and b are as long as x.
//
// Both sums are fp32, in sixteen lanes and a tree; h is rounded to float32
// before it meets w[i], and that product and the sum are fused. (Ba, Kiros and
// Hinton, Layer Normalization, arXiv:1607.06450.)
func LayerNorm(y, x []tensor.BF16, w, b []float32, eps float32) (mean, rstd float32) {
	mustMatch("LayerNorm", len(y), len(x))
	mustMatch("LayerNorm", len(w), len(x))
	mustMatch("LayerNorm", len(b), len(x))
	n := whole(len(x))
	s := cpu.sum(x[:n])
	addSum(&s, x[n:])
	mean = s.sum() / float32(len(x))
	s = cpu.deviations(x[:n], mean)
	addDeviations(&s, x[n:], mean)
	rstd = rsqrt(s.sum()/float32(len(x)) + eps)
	cpu.layerNorm(y[:n], x[:n], w[:n], b[:n], mean, rstd)
	portableLayerNorm(y[n:], x[n:], w[n:], b[n:], mean, rstd)
	return mean, rstd
}

func portableSum(x []tensor.BF16) (s lanes) {
	addSum(&s, x)
	return s
}

func addSum(s *lanes, x []tensor.BF16) {
	for i, v := range x {
		s[i%numLanes] += v.Float32()
	}
}

func portableDeviations(x []tensor.BF16, mean float32) (s lanes) {
	addDeviations(&s, x, mean)
	return s
}

func addDeviations(s *lanes, x []tensor.BF16, mean float32) {
	for i, v := range x {
		d := v.Float32() - mean
		l := &s[i%numLanes]
		*l = fma(d, d, *l)
	}
}

// normed is h of LayerNorm.
func normed(x tensor.BF16, mean, rstd float32) float32 {
	return float32((x.Float32() - mean) * rstd)
}

func portableLayerNorm(y, x []tensor.BF16, w, b []float32, mean, rstd float32) {
	for i, v := range x {
		y[i] = tensor.FromFloat32(fma(normed(v, mean, rstd), w[i], b[i]))
	}
}

// LayerNormBackward is the derivative of LayerNorm, given x, w and what it
// returned. With g = dy*w and h as there it adds dy*h to dw and dy to db, and
// sets dx = bf16(rstd*(g - mean(g) - h*mean(g*h))), or adds that to dx before the
// rounding if accumulate. dw and db are fp32; both are nil for weights that are
// not trained. dx may be dy.
func LayerNormBackward(dx []tensor.BF16, dw, db []float32, dy, x []tensor.BF16, w []float32, mean, rstd float32, accumulate bool) {
	mustMatch("LayerNormBackward", len(dx), len(x))
	mustMatch("LayerNormBackward", len(dy), len(x))
	mustMatch("LayerNormBackward", len(w), len(x))
	mustMatch("LayerNormBackward", len(db), len(dw))
	n := whole(len(x))
	var g, gh lanes
	if dw != nil {
		mustMatch("LayerNormBackward", len(dw), len(x))
		g, gh = cpu.layerNormSums(dw[:n], db[:n], dy[:n], x[:n], w[:n], mean, rstd)
		addWeightGrads(dw[n:], db[n:], dy[n:], x[n:], mean, rstd)
	} else {
		g, gh = cpu.layerNormDot(dy[:n], x[:n], w[:n], mean, rstd)
	}
	addLayerNormSums(&g, &gh, dy[n:], x[n:], w[n:], mean, rstd)
	meanG, meanGH := g.sum()/float32(len(x)), gh.sum()/float32(len(x))
	if accumulate {
		cpu.layerNormGradAdd(dx[:n], dy[:n], x[:n], w[:n], mean, rstd, meanG, meanGH)
		portableLayerNormGradAdd(dx[n:], dy[n:], x[n:], w[n:], mean, rstd, meanG, meanGH)
	} else {
		cpu.layerNormGrad(dx[:n], dy[:n], x[:n], w[:n], mean, rstd, meanG, meanGH)
		portableLayerNormGrad(dx[n:], dy[n:], x[n:], w[n:], mean, rstd, meanG, meanGH)
	}
}

func portableLayerNormSums(dw, db []float32, dy, x []tensor.BF16, w []float32, mean, rstd float32) (g, gh lanes) {
	addWeightGrads(dw, db, dy, x, mean, rstd)
	return portableLayerNormDot(dy, x, w, mean, rstd)
}

func addWeightGrads(dw, db []float32, dy, x []tensor.BF16, mean, rstd float32) {
	for i, v := range dy {
		d := v.Float32()
		dw[i] = fma(d, normed(x[i], mean, rstd), dw[i])
		db[i] += d
	}
}

func portableLayerNormDot(dy, x []tensor.BF16, w []float32, mean, rstd float32) (g, gh lanes) {
	addLayerNormSums(&g, &gh, dy, x, w, mean, rstd)
	return g, gh
}

// addLayerNormSums adds g and g*h to their lanes.
func addLayerNormSums(g, gh *lanes, dy, x []tensor.BF16, w []float32, mean, rstd float32) {
	for i, v := range x {
		d := float32(dy[i].Float32() * w[i])
		g[i%numLanes] += d
		l := &gh[i%numLanes]
		*l = fma(d, normed(v, mean, rstd), *l)
	}
}

func portableLayerNormGrad(dx, dy, x []tensor.BF16, w []float32, mean, rstd, meanG, meanGH float32) {
	for i, v := range x {
		g := float32(dy[i].Float32()*w[i]) - meanG
		dx[i] = tensor.FromFloat32(rstd * fma(-meanGH, normed(v, mean, rstd), g))
	}
}

func portableLayerNormGradAdd(dx, dy, x []tensor.BF16, w []float32, mean, rstd, meanG, meanGH float32) {
	for i, v := range x {
		g := float32(dy[i].Float32()*w[i]) - meanG
		dx[i] = tensor.FromFloat32(fma(rstd, fma(-meanGH, normed(v, mean, rstd), g), dx[i].Float32()))
	}
}
