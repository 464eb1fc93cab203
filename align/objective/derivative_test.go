package objective

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// slope is the derivative of f at x by central differences of fourth order.
func slope(f func(float64) float64, x float64) float64 {
	const h = 1e-4
	return (8*(f(x+h)-f(x-h)) - (f(x+2*h) - f(x-2*h))) / (12 * h)
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func slopeIs(t fataler, what string, d float64, f func(float64) float64, x float64) {
	t.Helper()
	if want := slope(f, x); !(math.Abs(d-want) <= 1e-7*(1+math.Abs(want))) {
		t.Fatalf("%s: derivative is %v, by differences %v", what, d, want)
	}
}

func number(t *rapid.T, name string, within float64) float64 {
	return rapid.Float64Range(-within, within).Draw(t, name)
}

func TestDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := number(t, "a", 4), number(t, "b", 4), number(t, "c", 4), number(t, "d", 4)
		clip, beta := rapid.Float64Range(0.05, 0.5).Draw(t, "clip"), rapid.Float64Range(0.05, 1).Draw(t, "beta")
		near := func(x, edge float64) bool { return math.Abs(x-edge) < 1e-3 }

		if ratio := math.Exp(a - b); !near(ratio, 1-clip) && !near(ratio, 1+clip) {
			_, dA, _ := PPOToken(a, b, c, clip)
			slopeIs(t, "PPO", dA, func(x float64) float64 { l, _, _ := PPOToken(x, b, c, clip); return l }, a)
		}
		if !near(a, b-clip) && !near(a, b+clip) && !near(math.Abs(a-c), math.Abs(min(max(a, b-clip), b+clip)-c)) {
			_, dA, _ := Value(a, b, c, clip)
			slopeIs(t, "value", dA, func(x float64) float64 { l, _, _ := Value(x, b, c, clip); return l }, a)
		}
		for _, estimate := range []KL{K1, K2, K3} {
			_, dA := estimate(a, b)
			slopeIs(t, "KL", dA, func(x float64) float64 { v, _ := estimate(x, b); return v }, a)
		}
		_, dA, dB := BradleyTerry(a, b, c)
		slopeIs(t, "better", dA, func(x float64) float64 { l, _, _ := BradleyTerry(x, b, c); return l }, a)
		slopeIs(t, "worse", dB, func(x float64) float64 { l, _, _ := BradleyTerry(a, x, c); return l }, b)
		_, dA, dB = DPO(a, b, c, d, beta, clip)
		slopeIs(t, "chosen", dA, func(x float64) float64 { l, _, _ := DPO(x, b, c, d, beta, clip); return l }, a)
		slopeIs(t, "rejected", dB, func(x float64) float64 { l, _, _ := DPO(a, x, c, d, beta, clip); return l }, b)
		_, dA, dB = IPO(a, b, c, d, beta)
		slopeIs(t, "IPO chosen", dA, func(x float64) float64 { l, _, _ := IPO(x, b, c, d, beta); return l }, a)
		slopeIs(t, "IPO rejected", dB, func(x float64) float64 { l, _, _ := IPO(a, x, c, d, beta); return l }, b)
		scores := []float64{a, b, c, d}
		_, ds := Ranking(scores)
		for i := range scores {
			slopeIs(t, "ranking", ds[i], func(x float64) float64 {
				moved := append([]float64(nil), scores...)
				moved[i] = x
				l, _ := Ranking(moved)
				return l
			}, scores[i])
		}
	})
}
