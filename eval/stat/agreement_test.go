package stat

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// TestAgreementGolden compares with the package krippendorff of PyPI, and its first
// case with what Krippendorff himself prints.
func TestAgreementGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/agreement.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Name             string
			Units            [][]int
			Nominal, Ordinal float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil || len(golden.Cases) == 0 {
		t.Fatal(err)
	}
	for i, c := range golden.Cases {
		for s, want := range map[Scale]float64{Nominal: c.Nominal, Ordinal: c.Ordinal} {
			got := Agreement(c.Units, nil, s)
			if got == nil || math.Abs(got.Value-want) > 1e-12 {
				t.Errorf("%s, scale %d: %+v, want %v", c.Name, s, got, want)
			} else if got.Available() && (got.Low > got.Value || got.High < got.Value) {
				t.Errorf("%s, scale %d: %+v", c.Name, s, got)
			}
		}
		if i == 0 && (math.Round(c.Nominal*1000) != 743 || math.Round(c.Ordinal*1000) != 815) {
			t.Errorf("%s: %v and %v", c.Name, c.Nominal, c.Ordinal)
		}
	}
}

func TestAgreementUndefined(t *testing.T) {
	for _, units := range [][][]int{nil, {{}}, {{1}, {2}}, {{3, 3}, {3, 3, 3}}, {{3, 3}, {1}}} {
		if got := Agreement(units, nil, Nominal); got != nil {
			t.Errorf("%v: %+v", units, got)
		}
	}
}

// TestAgreementLaws shows what alpha does not depend on: the names of nominal
// values, the order of units and of values in them, and units with one value.
func TestAgreementLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 16))
	for range 50 {
		var units, other [][]int
		for range 5 + r.IntN(20) {
			var u, v []int
			for range r.IntN(5) {
				x := r.IntN(4)
				u, v = append(u, x), append(v, []int{70, -3, 8, 1}[x])
			}
			r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
			units, other = append(units, u), append(other, v)
		}
		r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		a, b := Agreement(units, nil, Nominal), Agreement(append(other, []int{9}), nil, Nominal)
		if (a == nil) != (b == nil) || a != nil && (math.Abs(a.Value-b.Value) > 1e-12 || a.N != b.N) {
			t.Errorf("%v: %+v and %+v", units, a, b)
		}
	}
}

// TestAgreementCovers draws studies of people who agree by a known share; of 50
// intervals most cover the alpha of a large study.
func TestAgreementCovers(t *testing.T) {
	study := func(r *rand.Rand, n int) [][]int {
		units := make([][]int, n)
		for i := range units {
			truth := r.IntN(3)
			for range 2 + r.IntN(2) {
				v := truth
				if r.Float64() < 0.4 {
					v = r.IntN(3)
				}
				units[i] = append(units[i], v)
			}
		}
		return units
	}
	large := agreementOf(study(rand.New(rand.NewPCG(1, 1)), 400_000))
	covered := 0
	for s := range uint64(50) {
		e := Agreement(study(rand.New(rand.NewPCG(s, 8)), 80), nil, Nominal)
		if e.Low <= large && large <= e.High {
			covered++
		}
	}
	within(t, fmt.Sprintf("covered, of alpha %.3f", large), float64(covered)/50, 0.86, 1)
}

// agreementOf is alpha without an interval.
func agreementOf(units [][]int) float64 {
	a := &agreement{values: distinctValues(units)}
	weights := make([]float64, len(units))
	for i, u := range units {
		a.counts, weights[i] = append(a.counts, a.count(u)), 1
	}
	return a.alpha(weights)
}
