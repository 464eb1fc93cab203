package stat

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// rivals draws two models that answer items alike with probability same, and else
// each for itself with its own share p; in clusters with the correlation rho.
func rivals(r *rand.Rand, numClusters int, pA, pB, same, rho float64, sizes func(*rand.Rand, int) int) (a, b []float64, clusters []string) {
	for c := range numClusters {
		size := sizes(r, c)
		ofA, _ := population{pA, rho, equalSizes(size)}.draw(r, 1)
		ofB, _ := population{pB, rho, equalSizes(size)}.draw(r, 1)
		for i := range ofA {
			if r.Float64() < same {
				ofB[i] = ofA[i]
			}
			clusters = append(clusters, strconv.Itoa(c))
		}
		a, b = append(a, ofA...), append(b, ofB...)
	}
	return a, b, clusters
}

// TestFalseAlarms compares models that are equally good. Fewer than some ten items
// on which they differ cannot give 5%: exact probabilities come in steps.
func TestFalseAlarms(t *testing.T) {
	for _, c := range []struct {
		name         string
		numClusters  int
		p, same, rho float64
		sizes        func(*rand.Rand, int) int
		low, high    float64
	}{
		{"no clusters", 300, 0.5, 0.5, 0, equalSizes(1), 0.04, 0.06},
		{"no clusters, good models", 300, 0.9, 0.5, 0, equalSizes(1), 0.04, 0.06},
		{"no clusters, models alike", 1000, 0.7, 0.9, 0, equalSizes(1), 0.04, 0.06},
		{"3 items differ", 50, 0.2, 0.8, 0, equalSizes(1), 0, 0.05},
		{"clusters", 100, 0.5, 0.5, 0.4, equalSizes(4), 0.04, 0.06},
		{"few clusters", 20, 0.5, 0, 0.4, equalSizes(4), 0.04, 0.06},
		{"unequal clusters", 100, 0.7, 0.5, 0.4, skewSizes(5), 0.04, 0.06},
		{"few unequal clusters", 20, 0.5, 0.8, 0.4, skewSizes(5), 0.03, 0.06},
	} {
		alarms := share(numStudies, func(r *rand.Rand) bool {
			return Paired(rivals(r, c.numClusters, c.p, c.p, c.same, c.rho, c.sizes)).P < 0.05
		})
		within(t, c.name, alarms, c.low, c.high)
	}
	naive := share(numStudies, func(r *rand.Rand) bool {
		a, b, _ := rivals(r, 100, 0.5, 0.5, 0, 0.6, equalSizes(4))
		return Paired(a, b, nil).P < 0.05
	})
	within(t, "clusters overlooked", naive, 0.15, 0.5)
}

func TestPairedCovers(t *testing.T) {
	for _, c := range []struct {
		name        string
		numClusters int
		same, rho   float64
		size        int
	}{{"no clusters", 200, 0.5, 0, 1}, {"clusters", 60, 0.5, 0.3, 4}} {
		truth := (0.8 - 0.6) * (1 - c.same)
		covered := share(numStudies, func(r *rand.Rand) bool {
			d := Paired(rivals(r, c.numClusters, 0.6, 0.8, c.same, c.rho, equalSizes(c.size)))
			return d.Low <= truth && truth <= d.High
		})
		within(t, c.name, covered, 0.94, 0.96)
	}
}

func TestPairedScores(t *testing.T) {
	study := func(r *rand.Rand, shift float64) Difference {
		a, b := make([]float64, 80), make([]float64, 80)
		for i := range a {
			ease := r.Float64()
			a[i] = ease * r.Float64()
			b[i] = ease*r.Float64() + shift
		}
		return Paired(a, b, nil)
	}
	within(t, "false alarms", share(numStudies, func(r *rand.Rand) bool { return study(r, 0).P < 0.05 }), 0.04, 0.06)
	within(t, "covered", share(numStudies, func(r *rand.Rand) bool {
		d := study(r, 0.1)
		return d.Low <= 0.1 && 0.1 <= d.High
	}), 0.94, 0.96)
}

func TestPairedRatioFalseAlarms(t *testing.T) {
	alarms := share(numStudies, func(r *rand.Rand) bool {
		var a, b, bytes []float64
		for range 100 {
			n := 50 + 400*r.Float64()
			hard := math.Exp(0.3 * r.NormFloat64())
			bytes = append(bytes, n)
			a = append(a, n*hard*(0.8+0.4*r.Float64()))
			b = append(b, n*hard*(0.8+0.4*r.Float64()))
		}
		return PairedRatio(a, bytes, b, bytes, nil).P < 0.05
	})
	within(t, "false alarms", alarms, 0.04, 0.06)
}

// TestDetectable makes models that differ by what a first study says is
// detectable.
func TestDetectable(t *testing.T) {
	for _, c := range []struct {
		name        string
		numClusters int
		rho         float64
		size        int
	}{{"no clusters", 800, 0, 1}, {"clusters", 200, 0.4, 4}} {
		first := Paired(rivals(rand.New(rand.NewPCG(1, 2)), c.numClusters, 0.6, 0.6, 0, c.rho, equalSizes(c.size)))
		found := share(numStudies, func(r *rand.Rand) bool {
			return Paired(rivals(r, c.numClusters, 0.6, 0.6+first.Detectable, 0, c.rho, equalSizes(c.size))).P < 0.05
		})
		within(t, c.name, found, 0.76, 0.84)
	}
}
