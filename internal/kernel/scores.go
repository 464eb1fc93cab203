package kernel

import "github.com/polymath-lm/polymath/tensor"

// A row of scores is what attention works on: the products of one query with
// the keys of one block, of which those in [lo, hi) are visible. Its length is
// a multiple of sixteen.

// scoreRow turns a row of scores s into weights p, relative to a maximum that
// runs over the blocks of keys: x = s*scale, m2 = max(m, max x),
// p = bf16(exp(x-m2)), exactly 0 where masked, alpha = exp(m-m2), by which
// all that was summed before is to be multiplied, and l2 = l*alpha + the sum of
// the weights before they are rounded. The first block has m = -Inf and l = 0.
// s is used as scratch memory. A visible NaN or +Inf makes l2 a NaN.
func scoreRow(p []tensor.BF16, s []float32, scale float32, lo, hi int, m, l float32) (m2, l2, alpha float32) {
	lo, hi = max(lo, 0), min(hi, len(s))
	if lo >= hi {
		clear(p)
		return m, l, 1
	}
	return cpu.scores(p, s, scale, lo, hi, m, l)
}

func portableScores(p []tensor.BF16, s []float32, scale float32, lo, hi int, m, l float32) (m2, l2, alpha float32) {
	top := lowestLanes()
	for i, v := range s {
		s[i] = lowest
		if lo <= i && i < hi {
			s[i] = float32(v * scale)
		}
		top[i%numLanes] = larger(s[i], top[i%numLanes])
	}
	m2 = larger(top.max(), m)
	var sums lanes
	for i, x := range s {
		e := expDown(x - m2)
		p[i] = tensor.FromFloat32(e)
		sums[i%numLanes] += e
	}
	alpha = expDown(m - m2)
	return m2, fma(l, alpha, sums.sum()), alpha
}

// scoreRowGrad is the backward pass of scoreRow, given the row's lse = m +
// log(l) after all blocks: w = exp(s*scale - lse) is the weight,
// p = bf16(w) and ds = bf16(w*(dp-delta)*scale), both exactly 0 where masked,
// where dp is the derivative by the weight and delta the sum of w*dp over all
// keys.
func scoreRowGrad(p, ds []tensor.BF16, s, dp []float32, scale float32, lo, hi int, lse, delta float32) {
	lo, hi = max(lo, 0), min(hi, len(s))
	if lo >= hi {
		clear(p)
		clear(ds)
		return
	}
	cpu.scoresGrad(p, ds, s, dp, scale, lo, hi, lse, delta)
}

func portableScoresGrad(p, ds []tensor.BF16, s, dp []float32, scale float32, lo, hi int, lse, delta float32) {
	for i, v := range s {
		p[i], ds[i] = 0, 0
		if lo <= i && i < hi {
			w := expDown(float32(v*scale) - lse)
			p[i] = tensor.FromFloat32(w)
			ds[i] = tensor.FromFloat32(float32(w*(dp[i]-delta)) * scale)
		}
	}
}
