package objective

import (
	"encoding/json"
	"math"
	"testing"
)

// TestMultiplier: with the best answer to each multiplier in turn, the multiplier of
// maximize x - x^2/2 with x at most 1/2 comes to its dual optimum, 1/2, and x to the
// bound; one of a bound that does not bind comes to 0, and one that cannot hold to the
// most.
func TestMultiplier(t *testing.T) {
	for _, test := range []struct{ bound, value, x float64 }{
		{0.5, 0.5, 0.5}, {0.9, 0.1, 0.9}, {2, 0, 1}, {-1, 1.5, -0.5},
	} {
		m := Multiplier{Value: 1}
		best := func() float64 { return 1 - m.Value } // of x - x*x/2 - Value*(x - bound)
		for range 200 {
			m.Update(best()-test.bound, 0.3, 1.5)
		}
		if math.Abs(m.Value-test.value) > 1e-9 || math.Abs(best()-test.x) > 1e-9 || m.Updates != 200 {
			t.Errorf("bound %v: %+v, x %v", test.bound, m, best())
		}
	}
}

func TestMultiplierStays(t *testing.T) {
	m := Multiplier{Value: 2, Updates: 3}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if m.Update(x, 1, 5); m != (Multiplier{2, 3}) {
			t.Errorf("%v: %+v", x, m)
		}
	}
	m.Update(1.0/3, 0.7, 5)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again Multiplier
	if err := json.Unmarshal(text, &again); err != nil || again != m {
		t.Errorf("%s: %+v is not %+v (%v)", text, again, m, err)
	}
}
