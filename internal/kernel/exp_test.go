package kernel

import (
	"math"
	"testing"
)

// ulps returns |got-want| in units of the last place of a float32 at want.
func ulps(got float32, want float64) float64 {
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

func TestExp32(t *testing.T) {
	worst := 0.0
	const step = 1009
	check := func(x float32) {
		got, want := exp32(x), math.Exp(float64(x))
		if x < expMin {
			if got != 0 {
				t.Fatalf("exp32(%g) = %g, want 0", x, got)
			}
			return
		}
		if got < 0x1p-126 || math.IsInf(float64(got), 0) {
			t.Fatalf("exp32(%g) = %g is not a finite normal number", x, got)
		}
		worst = max(worst, ulps(got, want))
		if down := expDown(x); x < 88 && down != got {
			t.Fatalf("expDown(%g) = %g, exp32 %g", x, down, got)
		}
	}
	for u := uint32(0); u < math.Float32bits(expMax); u += step {
		x := math.Float32frombits(u)
		check(x)
		check(-x)
	}
	check(expMax)
	check(expMin)
	if worst > 0.95 {
		t.Errorf("error %.3f ulp", worst)
	}
	t.Logf("worst error %.3f ulp", worst)
}

func TestExp32Special(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct{ x, want float32 }{
		{0, 1},
		{float32(math.Copysign(0, -1)), 1},
		{1e-45, 1},
		{-1e-30, 1},
		{inf, inf},
		{-inf, 0},
		{nan, nan},
		{math.Nextafter32(expMax, inf), inf},
		{math.Nextafter32(expMin, -inf), 0},
		{math.MaxFloat32, inf},
		{-math.MaxFloat32, 0},
	} {
		if got := exp32(c.x); !sameFloat(got, c.want) {
			t.Errorf("exp32(%g) = %g, want %g", c.x, got, c.want)
		}
	}
	if e := math.Exp(float64(math.Nextafter32(expMax, inf))); e < math.MaxFloat32 {
		t.Errorf("exp32 gives Inf for a result of %g", e)
	}
	if e := math.Exp(float64(math.Nextafter32(expMin, -inf))); e >= 0x1.000002p-126 {
		t.Errorf("exp32 gives 0 for a result of %g", e)
	}
}

func TestLog32(t *testing.T) {
	for u := uint32(1); u < math.Float32bits(float32(math.Inf(1))); u += 99_991 {
		x := math.Float32frombits(u)
		if e := ulps(log32(x), math.Log(float64(x))); e > 0.51 {
			t.Fatalf("log32(%g): error %.2f ulp", x, e)
		}
	}
	for _, c := range [][2]float32{{1, 0}, {0, lowest}, {-lowest, -lowest}, {-1, float32(math.NaN())}} {
		if got := log32(c[0]); !sameFloat(got, c[1]) {
			t.Errorf("log32(%g) = %g, want %g", c[0], got, c[1])
		}
	}
}

func TestExpShort(t *testing.T) {
	for u := uint32(0); u < math.Float32bits(88); u += 977 {
		for _, x := range []float32{math.Float32frombits(u), -math.Float32frombits(u)} {
			got := expShort(x)
			if x < shortMin {
				if got != 0 {
					t.Fatalf("expShort(%g) = %g, want 0", x, got)
				}
				continue
			}
			if e := relative(float64(got), math.Exp(float64(x))); e > 5e-6 || got < 0x1p-126 {
				t.Fatalf("expShort(%g) = %g: error %.2g", x, got, e)
			}
			if s := sigmoidShort(x); relative(float64(s), 1/(1+math.Exp(-float64(x)))) > 5e-6 {
				t.Fatalf("sigmoidShort(%g) = %g", x, s)
			}
		}
	}
	nan := float32(math.NaN())
	for _, c := range [][3]float32{{0, 1, 0.5}, {lowest, 0, 0}, {nan, nan, nan}, {-1e30, 0, 0}} {
		if got, s := expShort(c[0]), sigmoidShort(c[0]); !sameFloat(got, c[1]) || !sameFloat(s, c[2]) {
			t.Errorf("of %g: expShort %g, sigmoidShort %g", c[0], got, s)
		}
	}
	if s := sigmoidShort(float32(math.Inf(1))); s != 1 {
		t.Errorf("sigmoidShort(Inf) = %g", s)
	}
}
