package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// Three blocks of scores in turn give the weights and the sum of the softmax
// over all of them, and masked keys have the weight 0 exactly.
func TestScoreRows(t *testing.T) {
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

	m, l, alpha := []float32{scoreStart}, []float32{0}, []float32{0}
	weights := make([]float64, len(s)) // relative to the maximum so far
	for b := range blocks {
		p := make([]tensor.BF16, n)
		maskScores(s[b*n:][:n], dp[b*n:][:n], lo-b*n, hi-b*n)
		scoreRows(p, s[b*n:][:n], m, l, alpha, scale)
		for i := range b * n {
			weights[i] *= float64(alpha[0])
		}
		for i, v := range p {
			weights[b*n+i] = float64(v.Float32())
		}
	}
	lse := []float32{m[0] + log32(l[0])}
	if d := math.Abs(float64(lse[0]) - math.Log(sum)); d > 5e-6 {
		t.Errorf("lse %g, want %g", lse, math.Log(sum))
	}
	for i, w := range weights {
		if visible := lo <= i && i < hi; visible != (w != 0) || visible && relative(w/float64(l[0]), want[i]) > 0x1.1p-8 {
			t.Errorf("weight %d is %g, want %g", i, w/float64(l[0]), want[i])
		}
	}

	for b := range blocks {
		p, ds := make([]tensor.BF16, n), make([]tensor.BF16, n)
		scoreRowsGrad(p, ds, s[b*n:][:n], dp[b*n:][:n], lse, []float32{float32(delta)}, scale)
		for i := range p {
			w, d := want[b*n+i], float64(dp[b*n+i])-delta
			closeTo(t, "p", i, p[i], w, 1e-5*w)
			closeTo(t, "ds", i, ds[i], w*d*scale, 1e-5*w)
		}
	}
}

// A block without a visible key leaves the sums alone, at the start too.
func TestScoreRowsMasked(t *testing.T) {
	p, s := make([]tensor.BF16, 128), make([]float32, 128)
	maskScores(s[:64], nil, 64, 64)
	maskScores(s[64:], nil, -5, -1)
	p[3] = 7
	m, l, alpha := []float32{2, scoreStart}, []float32{3, 0}, []float32{0, 0}
	scoreRows(p, s, m, l, alpha, 0.5)
	if m[0] != 2 || m[1] != scoreStart || l[0] != 3 || l[1] != 0 || alpha[0] != 1 || alpha[1] != 1 || p[3] != 0 {
		t.Errorf("m %g, l %g, alpha %g, p %v", m, l, alpha, p[3])
	}
}
