package kernel

// AdamWStep holds the numbers of one step of AdamW, the same for all weights.
type AdamWStep struct {
	LR           float32 // learning rate
	Beta1, Beta2 float32 // decay of the two moments
	Eps          float32 // added to the root of the second moment
	WeightDecay  float32 // multiplied by LR: decoupled from the gradient
	Correction1  float32 // 1/(1-Beta1^t), t counted from 1
	Correction2  float32 // 1/(1-Beta2^t)
	GradScale    float32 // multiplies the gradient first: clipping, averaging
}

// NewAdamWStep returns the numbers of step t, which counts from 1. The
// corrections follow from the betas as float32 holds them, so that the moments
// are true averages.
func NewAdamWStep(lr, beta1, beta2, eps, weightDecay float64, t int, gradScale float32) AdamWStep {
	b1, b2 := float32(beta1), float32(beta2)
	return AdamWStep{
		LR: float32(lr), Beta1: b1, Beta2: b2, Eps: float32(eps), WeightDecay: float32(weightDecay),
		Correction1: float32(1 / (1 - Pow(float64(b1), float64(t)))),
		Correction2: float32(1 / (1 - Pow(float64(b2), float64(t)))),
		GradScale:   gradScale,
	}
}

// AdamW updates the weights w and the moments m and v with the gradient g, all
// fp32 and of one length: with g scaled, m += (1-Beta1)*(g-m) and
// v = Beta2*v + (1-Beta2)*g*g, then
// w -= LR*(m*Correction1/(sqrt(v*Correction2)+Eps) + WeightDecay*w)
// (Loshchilov and Hutter, Decoupled Weight Decay Regularization,
// arXiv:1711.05101, algorithm 2).
func AdamW(w, m, v, g []float32, s AdamWStep) {
	mustMatch("AdamW", len(m), len(w))
	mustMatch("AdamW", len(v), len(w))
	mustMatch("AdamW", len(g), len(w))
	n := whole(len(w))
	cpu.adamW(w[:n], m[:n], v[:n], g[:n], s)
	portableAdamW(w[n:], m[n:], v[n:], g[n:], s)
}

func portableAdamW(w, m, v, g []float32, s AdamWStep) {
	rest1, rest2 := 1-s.Beta1, 1-s.Beta2
	for i := range w {
		d := float32(g[i] * s.GradScale)
		m[i] = fma(rest1, d-m[i], m[i])
		v[i] = fma(s.Beta2, v[i], float32(rest2*float32(d*d)))
		step := float32(m[i]*s.Correction1) / (sqrt(float32(v[i]*s.Correction2)) + s.Eps)
		w[i] = fma(-s.LR, fma(s.WeightDecay, w[i], step), w[i])
	}
}
