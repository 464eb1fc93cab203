package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// Three blocks of scores in turn give the weights and the sum of the softmax
// over all of them, and masked keys have the weight 0 exactly.
func TestScoreRow(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	const blocks, n, scale, lo, hi = 3, 64, 0.125, 5, 150
	s, dp := make([]float32, blocks*n), make([]float32, blocks*n)
	for i := range s {
		s[i], dp[i] = float32(r.NormFloat64()*30), float32(r.NormFloat64())
	}
	want, sum, delta := make([]float64, len(s)), 0.0, 0.0
	for i := lo; i < hi; i++ {
		want[i] = math.Exp(float64(s[i]) * scale)
		sum += want[i]
	}
	for i := range want {
		want[i] /= sum
		delta += want[i] * float64(dp[i])
	}

	m, l, alpha := lowest, float32(0), float32(0)
	weights := make([]float64, len(s)) // relative to the maximum so far
	for b := range blocks {
		p, scratch := make([]tensor.BF16, n), append([]float32(nil), s[b*n:][:n]...)
		m, l, alpha = scoreRow(p, scratch, scale, max(0, lo-b*n), min(n, hi-b*n), m, l)
		for i := range b * n {
			weights[i] *= float64(alpha)
		}
		for i, v := range p {
			weights[b*n+i] = float64(v.Float32())
		}
	}
	lse := m + Log32(l)
	if d := math.Abs(float64(lse) - math.Log(sum)); d > 1e-6 {
		t.Errorf("lse %g, want %g", lse, math.Log(sum))
	}
	for i, w := range weights {
		if visible := lo <= i && i < hi; visible != (w != 0) || visible && relative(w/float64(l), want[i]) > 0x1.1p-8 {
			t.Errorf("weight %d is %g, want %g", i, w/float64(l), want[i])
		}
	}

	for b := range blocks {
		p, ds := make([]tensor.BF16, n), make([]tensor.BF16, n)
		scoreRowGrad(p, ds, s[b*n:][:n], dp[b*n:][:n], scale, lo-b*n, hi-b*n, lse, float32(delta))
		for i := range p {
			w, d := want[b*n+i], float64(dp[b*n+i])-delta
			closeTo(t, "p", i, p[i], w, 1e-6*w)
			closeTo(t, "ds", i, ds[i], w*d*scale, 1e-6*w)
		}
	}
}

// A row that sees no key leaves its sums alone.
func TestScoreRowMasked(t *testing.T) {
	p, s := make([]tensor.BF16, 64), make([]float32, 64)
	p[3] = 7
	if m, l, alpha := scoreRow(p, s, 1, 64, 64, 2, 3); m != 2 || l != 3 || alpha != 1 || p[3] != 0 {
		t.Errorf("m %g, l %g, alpha %g, p %v", m, l, alpha, p[3])
	}
}
