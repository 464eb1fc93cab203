package kernel

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// gelu64 is GELU and its slope as they are defined, by the tangent.
func gelu64(x float64) (y, slope float64) {
	c := math.Sqrt(2 / math.Pi)
	tanh := math.Tanh(c * (x + 0.044715*x*x*x))
	y = x * (1 + tanh) / 2
	if c*(x+0.044715*x*x*x) < -3 { // 1+tanh cancels
		y = x / (1 + math.Exp(-2*c*(x+0.044715*x*x*x)))
	}
	slope = (1+tanh)/2 + x*(1-tanh*tanh)/2*c*(1+3*0.044715*x*x)
	return y, slope
}

// geluErf64 is GELUErf and its slope as they are defined.
func geluErf64(x float64) (y, slope float64) {
	normal := math.Erfc(-x/math.Sqrt2) / 2
	return x * normal, normal + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

// finiteBF16 is every finite bf16, and as many ones.
func finiteBF16() (x, ones []tensor.BF16) {
	one := tensor.FromFloat32(1)
	for u := range 1 << 16 {
		if v := tensor.BF16(u); !math.IsNaN(float64(v.Float32())) && !math.IsInf(float64(v.Float32()), 0) {
			x, ones = append(x, v), append(ones, one)
		}
	}
	return x, ones
}

func TestGELU(t *testing.T) {
	x, dy := finiteBF16()
	y, dx := make([]tensor.BF16, len(x)), make([]tensor.BF16, len(x))
	GELU(y, x)
	GELUBackward(dx, dy, x)
	for i, v := range x {
		f := float64(v.Float32())
		want, slope := gelu64(f)
		if math.Abs(f) > 100 {
			want, slope = max(f, 0), max(0, math.Copysign(1, f))
		}
		if d := math.Abs(float64(y[i].Float32()) - want); !(d <= (0x1p-8+0x1p-15)*math.Abs(want)+1e-30) {
			t.Errorf("GELU(%g) = %g, want %g", f, y[i].Float32(), want)
		}
		// Near -0.75 the slope is a difference of equal terms.
		if d := math.Abs(float64(dx[i].Float32()) - slope); !(d <= 0x1.01p-8*math.Abs(slope)+1e-5) {
			t.Errorf("slope at %g = %g, want %g", f, dx[i].Float32(), slope)
		}
	}
	in := append([]tensor.BF16(nil), x...)
	GELU(in, in)
	wantBF16(t, "in place", in, y)
	GELUBackward(dy, dy, x)
	wantBF16(t, "gradient in place", dy, dx)
}

func TestGELUErf(t *testing.T) {
	x, dy := finiteBF16()
	y, dx := make([]tensor.BF16, len(x)), make([]tensor.BF16, len(x))
	GELUErf(y, x)
	GELUErfBackward(dx, dy, x)
	for i, v := range x {
		f := float64(v.Float32())
		want, slope := geluErf64(f)
		small := 0.0
		if f < -6 {
			small = 7e-9
		}
		if d := math.Abs(float64(y[i].Float32()) - want); !(d <= (0x1p-8+6e-5)*math.Abs(want)+small+1e-38) {
			t.Errorf("GELUErf(%g) = %g, want %g", f, y[i].Float32(), want)
		}
		if d := math.Abs(float64(dx[i].Float32()) - slope); !(d <= 0x1.01p-8*math.Abs(slope)+1e-4) {
			t.Errorf("slope at %g = %g, want %g", f, dx[i].Float32(), slope)
		}
	}
	for f := float32(-5.999); f < 9; f += 0.001 { // before the rounding, which hides it
		want := math.Erfc(-float64(f)/math.Sqrt2) / 2
		if off := math.Abs(float64(normal(f))/want - 1); off > 6e-5 {
			t.Fatalf("the distribution at %g is off by %g of itself", f, off)
		}
	}
	in := append([]tensor.BF16(nil), x...)
	GELUErf(in, in)
	wantBF16(t, "in place", in, y)
	GELUErfBackward(dy, dy, x)
	wantBF16(t, "gradient in place", dy, dx)
}

func TestGELUDerivative(t *testing.T) {
	var x, dy, dx []tensor.BF16
	for i := -60; i <= 60; i++ {
		x, dy = append(x, tensor.FromFloat32(float32(i)/11)), append(dy, tensor.FromFloat32(float32(i%7)/3))
	}
	dx = make([]tensor.BF16, len(x))
	for _, c := range []struct {
		name     string
		backward func(dx, dy, x []tensor.BF16)
		exact    func(x float64) (y, slope float64)
	}{{"dx of GELU", GELUBackward, gelu64}, {"dx of GELUErf", GELUErfBackward, geluErf64}} {
		c.backward(dx, dy, x)
		closeBF16(t, c.name, dx, gradient(func(x []float64) (l float64) {
			for i, v := range x {
				y, _ := c.exact(v)
				l += y * float64(dy[i].Float32())
			}
			return l
		}, toFloat64(x)))
	}
}

func TestGELUNotFinite(t *testing.T) {
	inf := tensor.FromFloat32(float32(math.Inf(1)))
	x := []tensor.BF16{0x7fc0, inf}
	y := make([]tensor.BF16, 2)
	for _, gelu := range []func(y, x []tensor.BF16){GELU, GELUErf} {
		gelu(y, x)
		if y[0].Float32() == y[0].Float32() || y[1] != inf {
			t.Errorf("GELU of NaN and Inf is %g and %g", y[0].Float32(), y[1].Float32())
		}
	}
	for _, backward := range []func(dx, dy, x []tensor.BF16){GELUBackward, GELUErfBackward} {
		backward(y, x, x)
		if y[0].Float32() == y[0].Float32() {
			t.Errorf("the derivative at NaN is %g", y[0].Float32())
		}
	}
}
