package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// layerNorm64 is LayerNorm without rounding.
func layerNorm64(x, w, b []float64, eps float64) (y []float64, mean, rstd float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	variance := 0.0
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	rstd = 1 / math.Sqrt(variance+eps)
	for i, v := range x {
		y = append(y, (v-mean)*rstd*w[i]+b[i])
	}
	return y, mean, rstd
}

// layerNormCase is operands of LayerNorm, in both precisions.
type layerNormCase struct {
	x, dy, old    []tensor.BF16
	w, b          []float32
	x64, w64, b64 []float64
}

func newLayerNormCase(n int, shift float32) *layerNormCase {
	r := rand.New(rand.NewPCG(21, uint64(n)))
	c := &layerNormCase{x: randomBF16(r, n), dy: randomBF16(r, n), old: randomBF16(r, n)}
	for i, v := range c.x {
		c.x[i] = tensor.FromFloat32(v.Float32() + shift)
		c.w, c.b = append(c.w, float32(r.NormFloat64())), append(c.b, float32(r.NormFloat64()))
		c.w64, c.b64 = append(c.w64, float64(c.w[i])), append(c.b64, float64(c.b[i]))
	}
	c.x64 = toFloat64(c.x)
	return c
}

// A mean that is large beside the deviations, as towers have it, costs nothing
// but what the sum of the row itself is off by.
func TestLayerNorm(t *testing.T) {
	const eps = 1e-6
	for _, n := range []int{1, 2, 16, 37, 256, 1000} {
		for _, shift := range []float32{0, 3, -100} {
			c := newLayerNormCase(n, shift)
			y := make([]tensor.BF16, n)
			mean, rstd := LayerNorm(y, c.x, c.w, c.b, eps)
			want, wantMean, wantRstd := layerNorm64(c.x64, c.w64, c.b64, eps)
			if math.Abs(float64(mean)-wantMean) > 1e-6*(1+math.Abs(wantMean)) || relative(float64(rstd), wantRstd) > 1e-5 {
				t.Errorf("n %d, shift %g: mean %g and rstd %g, want %g and %g", n, shift, mean, rstd, wantMean, wantRstd)
			}
			for i, v := range y {
				closeTo(t, "y", i, v, want[i], 2e-6*(1+math.Abs(float64(shift))))
			}
			LayerNorm(c.x, c.x, c.w, c.b, eps)
			wantBF16(t, "in place", c.x, y)
		}
	}
}

func TestLayerNormDerivative(t *testing.T) {
	const n, eps = 37, 1e-5
	c := newLayerNormCase(n, 0.5)
	loss := func(x, w, b []float64) (l float64) {
		y, _, _ := layerNorm64(x, w, b, eps)
		for i, v := range y {
			l += float64(c.dy[i].Float32()) * v
		}
		return l
	}
	wantX := gradient(func(x []float64) float64 { return loss(x, c.w64, c.b64) }, toFloat64(c.x))
	wantW := gradient(func(w []float64) float64 { return loss(c.x64, w, c.b64) }, c.w64)
	wantB := gradient(func(b []float64) float64 { return loss(c.x64, c.w64, b) }, c.b64)

	y, dx, dw, db := make([]tensor.BF16, n), make([]tensor.BF16, n), make([]float32, n), make([]float32, n)
	for i := range dw {
		dw[i], db[i] = float32(i), -float32(i)
	}
	mean, rstd := LayerNorm(y, c.x, c.w, c.b, eps)
	LayerNormBackward(dx, dw, db, c.dy, c.x, c.w, mean, rstd, false)
	closeBF16(t, "dx", dx, wantX)
	for i := range dw {
		if d := math.Abs(float64(dw[i]) - float64(i) - wantW[i]); d > 1e-5 {
			t.Errorf("dw[%d] = %g, want %g", i, dw[i]-float32(i), wantW[i])
		}
		if d := math.Abs(float64(db[i]) + float64(i) - wantB[i]); d > 1e-5 {
			t.Errorf("db[%d] = %g, want %g", i, db[i]+float32(i), wantB[i])
		}
	}
	frozen := append([]tensor.BF16(nil), c.dy...)
	LayerNormBackward(frozen, nil, nil, frozen, c.x, c.w, mean, rstd, false)
	wantBF16(t, "dx in place of dy, without weights", frozen, dx)
	sum := append([]tensor.BF16(nil), c.old...)
	LayerNormBackward(sum, nil, nil, c.dy, c.x, c.w, mean, rstd, true)
	for i := range wantX {
		wantX[i] += float64(c.old[i].Float32())
	}
	closeBF16(t, "accumulated dx", sum, wantX)
}
