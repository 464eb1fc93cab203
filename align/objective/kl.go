package objective

import "github.com/polymath-lm/polymath/internal/kernel"

// KL is an estimate of KL(policy || reference) from one token that the policy
// sampled, in nats, and its derivative by logp with the token held fixed. logp and
// ref are the token's log-probabilities. K1, K2 and K3 are those of Schulman,
// Approximating KL divergence, 2020 (joschu.net/blog/kl-approx.html).
//
// The derivative is that of the estimate, which is what a loss adds (GRPO takes
// K3's); only K2's has the gradient of the KL divergence as its expectation.
type KL func(logp, ref float64) (kl, dLogp float64)

// K1 is logp - ref: unbiased, of high variance, negative where the policy likes
// the token less. Its expected derivative is 0, so it belongs in a reward and not
// in a loss.
func K1(logp, ref float64) (kl, dLogp float64) { return logp - ref, 1 }

// K2 is (logp - ref)^2 / 2: biased, of low variance, 0 or more.
func K2(logp, ref float64) (kl, dLogp float64) {
	d := logp - ref
	return float64(float64(0.5*d) * d), d
}

// K3 is exp(ref - logp) - 1 - (ref - logp): unbiased, 0 or more (GRPO,
// arXiv:2402.03300, equation 4). It is infinite where ref - logp is beyond 709.
func K3(logp, ref float64) (kl, dLogp float64) {
	d := ref - logp
	return expm1MinusX(d), 1 - kernel.Exp64(d)
}

// KLNamed returns the estimate that recipes call k1, k2 or k3.
func KLNamed(name string) (estimate KL, ok bool) {
	switch name {
	case "k1":
		return K1, true
	case "k2":
		return K2, true
	case "k3":
		return K3, true
	}
	return nil, false
}

// AdaptiveKL is a KL penalty's coefficient that follows a target (Ziegler et al.,
// arXiv:1909.08593, 2.2). A Horizon of 0 keeps it fixed. As JSON it is what a
// checkpoint needs.
type AdaptiveKL struct {
	Coef    float64 `json:"coef"`    // the coefficient now
	Target  float64 `json:"target"`  // nats of an answer
	Horizon float64 `json:"horizon"` // answers over which an error works fully
}

// Update multiplies Coef with 1 + e*n/Horizon, where kl is the mean KL divergence
// of n answers in nats and e = kl/Target - 1 held between -0.2 and 0.2; a Horizon of few
// answers makes that no less than 1/2. A kl that is not finite changes nothing. It must
// not be called from several goroutines.
func (a *AdaptiveKL) Update(kl float64, n int) {
	if !(a.Horizon > 0) || kl-kl != 0 {
		return
	}
	e := min(max(kl/a.Target-1, -0.2), 0.2)
	a.Coef = float64(a.Coef * max(1+float64(e*float64(n))/a.Horizon, 0.5))
}

// TokenRewards returns what each token of one answer is rewarded with: -coef
// times the estimate of the KL divergence, and at the last token the answer's
// score besides (Ouyang et al., arXiv:2203.02155, equation 2; Ziegler et al.,
// arXiv:1909.08593, 2.2). logp and ref are those of the policy at the rollout and
// of the reference. An answer of no tokens has no rewards, and its score is lost.
func TokenRewards(score, coef float64, logp, ref []float64, estimate KL) []float64 {
	if len(logp) != len(ref) {
		panic("objective: TokenRewards of log-probabilities of different lengths")
	}
	out := make([]float64, len(logp))
	for t := range out {
		kl, _ := estimate(logp[t], ref[t])
		out[t] = -float64(coef * kl)
	}
	if n := len(out); n > 0 {
		out[n-1] += score
	}
	return out
}
