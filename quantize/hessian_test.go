package quantize

import "testing"

// TestSettle: an expert without rows has the mean of what its layer got, as if
// it had got as many rows as columns; the fold's scales divide, and few rows are
// damped more.
func TestSettle(t *testing.T) {
	one := func(int) float32 { return 1 }
	scale := func(j int) float32 { return float32(int(1) << j) }
	common := []float32{20, 4, 4, 40}
	h := make([]float32, 4)
	if damp := settle(h, common, 2, 0, 10, one); damp != 2*damping || h[0] != 4 || h[1] != 0.8 || h[2] != 0.8 || h[3] != 8 {
		t.Errorf("no rows: %v, damping %v", h, damp)
	}
	h = []float32{8, 6, 6, 16}
	if damp := settle(h, nil, 2, 200, 0, scale); damp != damping*1.01 || h[0] != 8 || h[1] != 3 || h[2] != 3 || h[3] != 4 {
		t.Errorf("scaled: %v, damping %v", h, damp)
	}
	h = []float32{1, 0, 0, 1}
	if damp := settle(h, common, 2, 2, 10, one); damp != damping*1.5 || h[0] != 5 || h[3] != 9 {
		t.Errorf("few rows: %v, damping %v", h, damp)
	}
}
