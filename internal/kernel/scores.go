package kernel

import (
	"math"

	"github.com/polymath-lm/polymath/tensor"
)

// Attention works on tiles of scores: rows of KeyBlock products, each of a
// query with the keys of one block, -Inf where a key is masked.

// scoreStart is what the maximum of a row starts from: so low that all scores
// are above it, and finite, so that a block with no visible key leaves the sums
// of a row as they are.
const scoreStart = -0x1p120

// maskScores masks the keys outside of [lo, hi) in a row of scores, and sets
// their derivatives dp, if not nil, to 0.
func maskScores(s, dp []float32, lo, hi int) {
	lo = min(max(lo, 0), len(s))
	hi = min(max(hi, lo), len(s))
	for i := range lo {
		s[i] = lowest
	}
	for i := hi; i < len(s); i++ {
		s[i] = lowest
	}
	if dp != nil {
		clear(dp[:lo])
		clear(dp[hi:])
	}
}

// scoreRows turns len(m) rows of scores s into weights p, relative to a maximum
// that runs over the blocks of keys. In each row
//
//	m' = max(m, max(s)*scale)     alpha = exp(m-m')
//	w = exp(s*scale - m')         fused; expShort
//	p = bf16(w)                   exactly 0 where masked
//	l' = l*alpha + sum of w       fused; sixteen lanes and a tree
//
// where alpha is what all that was summed before must be multiplied by. scale
// is positive. Before the first block m is scoreStart and l is 0. A NaN or +Inf
// in s makes l a NaN.
func scoreRows(p []tensor.BF16, s, m, l, alpha []float32, scale float32) {
	mustMatch("scoreRows", len(p), len(m)*KeyBlock)
	mustMatch("scoreRows", len(s), len(m)*KeyBlock)
	mustMatch("scoreRows", len(l), len(m))
	mustMatch("scoreRows", len(alpha), len(m))
	cpu.scores(p, s, m, l, alpha, scale)
}

func portableScores(p []tensor.BF16, s, m, l, alpha []float32, scale float32) {
	for r := range m {
		row, weights := s[r*KeyBlock:][:KeyBlock], p[r*KeyBlock:][:KeyBlock]
		top := portableMax(row)
		m2 := larger(float32(top.max()*scale), m[r])
		var sums lanes
		for i, v := range row {
			w := expShort(fma(v, scale, -m2))
			weights[i] = tensor.FromFloat32(w)
			sums[i%numLanes] += w
		}
		alpha[r] = expShort(m[r] - m2)
		l[r] = fma(l[r], alpha[r], sums.sum())
		m[r] = m2
	}
}

// scoreRowsGrad is the backward pass of scoreRows, given each row's lse = m +
// log(l) after all blocks, the derivatives dp by the weights, and delta, the sum
// of w*dp over all keys of the row:
//
//	w = exp(s*scale - lse)        fused; expShort
//	p = bf16(w)                   0 where masked
//	ds = bf16(w*(dp-delta)*scale) 0 where masked, if dp is finite
//
// Denormal results become 0, as they do in the products that follow.
func scoreRowsGrad(p, ds []tensor.BF16, s, dp, lse, delta []float32, scale float32) {
	mustMatch("scoreRowsGrad", len(p), len(lse)*KeyBlock)
	mustMatch("scoreRowsGrad", len(ds), len(p))
	mustMatch("scoreRowsGrad", len(s), len(p))
	mustMatch("scoreRowsGrad", len(dp), len(p))
	mustMatch("scoreRowsGrad", len(delta), len(lse))
	cpu.scoresGrad(p, ds, s, dp, lse, delta, scale)
}

func portableScoresGrad(p, ds []tensor.BF16, s, dp, lse, delta []float32, scale float32) {
	for r := range lse {
		at := r * KeyBlock
		for i, v := range s[at:][:KeyBlock] {
			w := expShort(fma(v, scale, -lse[r]))
			p[at+i] = roundFlushed(w)
			ds[at+i] = roundFlushed(float32(w*(dp[at+i]-delta[r])) * scale)
		}
	}
}

// roundFlushed rounds to bf16, and denormal numbers to 0.
func roundFlushed(f float32) tensor.BF16 {
	if u := math.Float32bits(f); u&0x7f800000 == 0 {
		return tensor.BF16(u >> 31 << 15)
	}
	return tensor.FromFloat32(f)
}
