package stat

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// The accuracy at a coverage is that of the curve of Calibrate, and, with ties, the mean
// over all orders of equal items.
func TestAtCoverage(t *testing.T) {
	confidence := []float64{0.9, 0.8, 0.8, 0.8, 0.1}
	right := []float64{1, 1, 0, 0, 1}
	for number, want := range map[int]float64{0: 0, 1: 1, 2: (1 + 1./3) / 2, 3: (1 + 2./3) / 3, 4: 0.5, 5: 0.6} {
		e := AtCoverage(number, confidence, right, nil)
		if math.Abs(e.Value-want) > 1e-12 || (number == 0) == e.Available() && number != 1 {
			t.Errorf("%d of 5: %+v, want %v", number, e, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		right := draw01(t, "right", n)
		confidence := make([]float64, n)
		for i := range confidence {
			confidence[i] = float64(rapid.IntRange(0, 5).Draw(t, "c")) / 5
		}
		for _, p := range Calibrate(confidence, right, nil).Selective {
			number := int(math.Round(p.Coverage * float64(n)))
			if e := AtCoverage(number, confidence, right, nil); math.Abs(e.Value-p.Accuracy) > 1e-9 {
				t.Fatalf("%d of %d: %v, the curve has %v", number, n, e.Value, p.Accuracy)
			}
		}
	})
}

func TestRelative(t *testing.T) {
	a := []float64{1, 1, 0, 1, 1, 0, 1, 1}
	b := []float64{1, 0, 0, 0, 1, 0, 1, 0}
	e := Relative(a, b, nil)
	if math.Abs(e.Value+0.5) > 1e-12 || !(e.Low < -0.5 && e.High > -0.5 && e.Low >= -1) || !e.Available() {
		t.Errorf("%+v", e)
	}
	if e := Relative([]float64{0, 0, 0}, b[:3], nil); e.Available() && e.Value != 0 {
		t.Errorf("of nothing: %+v", e)
	}
	if e := Relative(a, a, nil); e.Value != 0 || e.Low > 0 || e.High < 0 {
		t.Errorf("the same: %+v", e)
	}
}

// The interval of a relative change holds it in about 95 of 100 studies.
func TestRelativeCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	const studies, clusters, each = 400, 60, 4
	held := 0
	for range studies {
		var a, b []float64
		var of []string
		for c := range clusters {
			hard := r.Float64() // how easily items of the cluster are got wrong
			for range each {
				x := 0.0
				if r.Float64() < 0.3+0.4*hard {
					x = 1
				}
				y := 0.0
				if x == 1 && r.Float64() < 0.4 || r.Float64() < 0.05 {
					y = 1
				}
				a, b, of = append(a, x), append(b, y), append(of, strconv.Itoa(c))
			}
		}
		// The mean of a is 0.5; b is 1 with 0.4 where a is, and else with 0.05.
		want := (0.5*0.4+(1-0.5*0.4)*0.05)/0.5 - 1
		if e := Relative(a, b, of); e.Low <= want && want <= e.High {
			held++
		}
	}
	if share := float64(held) / studies; share < 0.91 || share > 0.985 {
		t.Errorf("the intervals hold the change in %v of the studies", share)
	}
}
