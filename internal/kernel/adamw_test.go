package kernel

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Ten steps beside PyTorch's. Each step rounds w three times and its update a
// dozen times; the moments carry a relative error of a few units into it.
func TestAdamWAgainstTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/adamw_torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		LR, Beta1, Beta2, Eps, Decay, Clip float64
		W                                  []float32
		Steps                              []struct{ G, W, M, V []float32 }
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	const ulp = 0x1p-24
	n := len(golden.W)
	w := append([]float32(nil), golden.W...)
	m, v := make([]float32, n), make([]float32, n)
	mass := make([]float64, n) // what m's rounding errors are relative to
	for i, step := range golden.Steps {
		s := NewAdamWStep(golden.LR, golden.Beta1, golden.Beta2, golden.Eps, golden.Decay, i+1, float32(golden.Clip))
		AdamW(w, m, v, step.G, s)
		for k := range w {
			mass[k] = 0.9*mass[k] + 0.1*math.Abs(float64(step.G[k]))*golden.Clip
			near(t, "m", k, i, m[k], step.M[k], 8*ulp*mass[k])
			near(t, "v", k, i, v[k], step.V[k], 16*ulp*float64(v[k]))
			update := golden.LR * mass[k] * float64(s.Correction1) / math.Sqrt(float64(v[k]*s.Correction2))
			near(t, "w", k, i, w[k], step.W[k], float64(i+1)*ulp*(3*math.Abs(float64(w[k]))+24*update))
		}
	}
}

func near(t *testing.T, what string, k, step int, got, want float32, bound float64) {
	t.Helper()
	if d := math.Abs(float64(got) - float64(want)); !(d <= bound) {
		t.Errorf("step %d: %s[%d] = %g, want %g: off by %.3g, bound %.3g", step+1, what, k, got, want, d, bound)
	}
}

// Weight decay does not pass through the moments, and a zero gradient with
// zero moments moves nothing.
func TestAdamWDecay(t *testing.T) {
	w, m, v, g := []float32{2, -3}, make([]float32, 2), make([]float32, 2), make([]float32, 2)
	AdamW(w, m, v, g, NewAdamWStep(0.5, 0.9, 0.999, 1e-8, 0.5, 1, 1))
	if w[0] != 1.5 || w[1] != -2.25 || m[0] != 0 || v[0] != 0 {
		t.Errorf("w = %v, m = %v, v = %v", w, m, v)
	}
}
