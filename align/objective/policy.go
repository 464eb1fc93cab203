package objective

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// PPOToken is the clipped surrogate of one token (Schulman et al.,
// arXiv:1707.06347, equation 7), as a loss:
//
//	ratio = exp(logp - old)
//	loss = -min(ratio*advantage, clamp(ratio, 1-clip, 1+clip)*advantage)
//
// dLogp is its derivative by logp: -ratio*advantage, or 0 where the clamped term
// is the smaller one, which clipped tells. At a tie, where the ratio stands on
// the edge, nothing is clipped. An advantage of 0 gives 0 whatever the ratio. A
// ratio beyond float64 gives an infinite loss where it is not clipped.
func PPOToken(logp, old, advantage, clip float64) (loss, dLogp float64, clipped bool) {
	return PPOTokenBetween(logp, old, advantage, 1-clip, 1+clip)
}

// PPOTokenBetween is PPOToken with the ratio's edges given apart: a higher upper
// one keeps unlikely tokens from being held down (DAPO, arXiv:2503.14476, 3.1).
func PPOTokenBetween(logp, old, advantage, low, high float64) (loss, dLogp float64, clipped bool) {
	if advantage == 0 && logp == logp && old == old {
		return 0, 0, false
	}
	ratio := kernel.Exp64(logp - old)
	loss = -float64(ratio * advantage)
	if held := -float64(min(max(ratio, low), high) * advantage); held > loss {
		return held, 0, true
	}
	return loss, loss, false
}

// Value is the clipped loss of a critic's value v for a return, where old is the
// value at the time of the rollout:
//
//	loss = 1/2 max((v - ret)^2, (clamp(v, old-clip, old+clip) - ret)^2)
//
// as OpenAI's baselines and TRL have it (not in the paper on PPO; Huang et al.,
// The 37 implementation details of PPO, 2022, detail 9). dV is its derivative by
// v: v - ret, or 0 where the clamped term is the larger one, which clipped tells;
// at a tie nothing is clipped. A clip of 0 or less means no clipping.
func Value(v, old, ret, clip float64) (loss, dV float64, clipped bool) {
	d := v - ret
	loss = float64(float64(0.5*d) * d)
	if !(clip > 0) {
		return loss, d, false
	}
	h := min(max(v, old-clip), old+clip) - ret
	if held := float64(float64(0.5*h) * h); held > loss {
		return held, 0, true
	}
	return loss, d, false
}

// ExplainedVariance says how well values predict returns: 1 - Var(returns -
// values) / Var(returns). 1 is perfect, 0 no better than their mean, below 0
// worse. It is NaN where the returns do not vary or there are none.
func ExplainedVariance(values, returns []float64) float64 {
	if len(returns) == 0 || allEqual(returns) {
		return math.NaN()
	}
	rest := make([]float64, len(returns))
	for i, r := range returns {
		rest[i] = r - values[i]
	}
	_, left := moments(rest)
	_, all := moments(returns)
	return 1 - left/all
}
