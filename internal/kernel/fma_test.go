package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA computes a*b + c of finite numbers with math/big and rounds once.
func exactFMA(a, b, c float32) float32 {
	x := new(big.Float).SetPrec(1200).SetFloat64(float64(a))
	x.Mul(x, new(big.Float).SetPrec(1200).SetFloat64(float64(b)))
	x.Add(x, new(big.Float).SetPrec(1200).SetFloat64(float64(c)))
	f, _ := x.Float32()
	return f
}

func sameFloat(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func checkFMA(t *testing.T, a, b, c float32) {
	t.Helper()
	want := exactFMA(a, b, c)
	got, odd := fma(a, b, c), fmaOdd(a, b, c)
	if want == 0 { // math/big has other signs of zero
		if got != 0 || odd != 0 {
			t.Fatalf("fma(%b, %b, %b) = %b, %b, want 0", a, b, c, got, odd)
		}
		return
	}
	if !sameFloat(got, want) || !sameFloat(odd, want) {
		t.Fatalf("fma(%b, %b, %b) = %b, by odd rounding %b, want %b", a, b, c, got, odd, want)
	}
}

func finite(r *rand.Rand) float32 {
	for {
		if f := math.Float32frombits(r.Uint32()); f-f == 0 {
			return f
		}
	}
}

func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		a, b := finite(r), finite(r)
		checkFMA(t, a, b, finite(r))
		// An addend near the product, so that bits cancel or straddle.
		c := float64(a) * float64(b) * math.Ldexp(r.Float64()-0.5, r.IntN(60)-30)
		if f := float32(c); f-f == 0 {
			checkFMA(t, a, b, f)
		}
	}
}

// Ties and near ties: the product sits half a unit in the last place away from
// a float32, give or take a bit far below float64's reach.
func TestFMATies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		e := r.IntN(230) - 120
		c := math.Float32frombits(uint32(127+e)<<23 | r.Uint32()&0x7fffff)
		half := math.Ldexp(1, e-24)
		a := 1 + float32(r.IntN(3)-1)*0x1p-23
		b := float32(half) * (1 + float32(r.IntN(3)-1)*0x1p-23)
		if r.IntN(2) == 0 {
			b = -b
		}
		checkFMA(t, a, b, c)
		checkFMA(t, a, b, math.Float32frombits(r.Uint32()&0xffffff)) // denormal and small
	}
	// Halfway between denormals, and at the edge of the normal range.
	for range 100_000 {
		a := math.Float32frombits(uint32(20+r.IntN(80))<<23 | r.Uint32()&0x7fffff)
		b := math.Float32frombits(uint32(1+r.IntN(90))<<23 | r.Uint32()&0x7fffff)
		checkFMA(t, a, b, math.Float32frombits(r.Uint32()&0x80ffffff))
	}
}

func TestFMASpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	zero := float32(math.Copysign(0, -1))
	for _, c := range []struct{ a, b, c, want float32 }{
		{inf, 1, 1, inf},
		{inf, 0, 1, nan},
		{inf, 1, -inf, nan},
		{nan, 1, 1, nan},
		{1, 1, nan, nan},
		{math.MaxFloat32, 2, -inf, -inf},
		{math.MaxFloat32, 2, 0, inf},
		{math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
		{zero, 1, zero, zero},
		{zero, 1, 0, 0},
		{1, 1, -1, 0},
		{math.MaxFloat32, 1, 0x1p103, inf}, // halfway to the next, goes to even
	} {
		if got := fma(c.a, c.b, c.c); !sameFloat(got, c.want) {
			t.Errorf("fma(%g, %g, %g) = %g, want %g", c.a, c.b, c.c, got, c.want)
		}
	}
}
