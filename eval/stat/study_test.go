package stat

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// numStudies is how many examinations are simulated. Chance moves a share of 95%
// of them by 0.6% at most, in 19 of 20 cases.
const numStudies = 5000

// share is the part of studies for which holds is true; each has its own seed.
func share(studies int, holds func(r *rand.Rand) bool) float64 {
	workers := runtime.GOMAXPROCS(0)
	counts := make([]int, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for s := w; s < studies; s += workers {
				if holds(rand.New(rand.NewPCG(uint64(s), 6))) {
					counts[w]++
				}
			}
		})
	}
	wait.Wait()
	total := 0
	for _, c := range counts {
		total += c
	}
	return float64(total) / float64(studies)
}

// population draws items whose clusters differ: their shares are drawn from a beta
// distribution with mean p and the correlation rho, by Pólya's urn.
type population struct {
	p, rho float64
	sizes  func(r *rand.Rand, cluster int) int
}

func (p population) draw(r *rand.Rand, numClusters int) (values []float64, clusters []string) {
	for c := range numClusters {
		name := strconv.Itoa(c)
		right, n := 0.0, 0.0
		weight := math.Inf(1)
		if p.rho > 0 {
			weight = 1/p.rho - 1
		}
		for range p.sizes(r, c) {
			chance := p.p
			if p.rho > 0 {
				chance = (p.p*weight + right) / (weight + n)
			}
			x := 0.0
			if r.Float64() < chance {
				x = 1
			}
			right += x
			n++
			values, clusters = append(values, x), append(clusters, name)
		}
	}
	return values, clusters
}

func equalSizes(n int) func(*rand.Rand, int) int {
	return func(*rand.Rand, int) int { return n }
}

// skewSizes are 1 to 2n-1 and now and then several times as many.
func skewSizes(n int) func(*rand.Rand, int) int {
	return func(r *rand.Rand, c int) int {
		if c%10 == 0 {
			return 4 * n
		}
		return 1 + r.IntN(2*n-1)
	}
}

// within fails unless a share of studies is from low to high.
func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	t.Logf("%s: %.4f", what, got)
	if got < low || got > high {
		t.Errorf("%s: %.4f, want %v to %v", what, got, low, high)
	}
}

// TestWilsonCovers computes what share of studies an interval covers, for every
// count that can come, and so without chance.
func TestWilsonCovers(t *testing.T) {
	for _, c := range []struct {
		n         int
		low, high float64
	}{{50, 0.931, 0.979}, {100, 0.927, 0.972}, {200, 0.937, 0.968}, {500, 0.94, 0.96}, {1000, 0.94, 0.96}} {
		least, most, mean := 1.0, 0.0, 0.0
		const shares = 181 // 0.05 to 0.95
		for i := range shares {
			p := 0.05 + 0.9*float64(i)/(shares-1)
			covered := 0.0
			for k := range c.n + 1 {
				if low, high := wilson(float64(k)/float64(c.n), float64(c.n), normal975); low <= p && p <= high {
					covered += binomialMass(k, c.n, p)
				}
			}
			least, most, mean = min(least, covered), max(most, covered), mean+covered/shares
		}
		t.Logf("n %d: %.4f to %.4f, on average %.4f", c.n, least, most, mean)
		if least < c.low || most > c.high || math.Abs(mean-0.95) > 0.003 {
			t.Errorf("n %d: covers %v to %v, on average %v", c.n, least, most, mean)
		}
	}
}

func binomialMass(k, n int, p float64) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// TestMeanCovers simulates studies of which the truth is known. Where shares are
// near 0 or 1 and clusters few, no interval covers 95%, because what is found
// comes in steps: there the bounds are wider, and low is what matters.
func TestMeanCovers(t *testing.T) {
	for _, c := range []struct {
		name        string
		numClusters int
		population
		low, high float64
	}{
		{"no clusters, 0.5", 500, population{0.5, 0, equalSizes(1)}, 0.94, 0.96},
		{"no clusters, 0.9", 200, population{0.9, 0, equalSizes(1)}, 0.94, 0.96},
		{"no clusters, 0.1", 1000, population{0.1, 0, equalSizes(1)}, 0.94, 0.96},
		{"clusters of items that are not alike", 100, population{0.5, 0, equalSizes(4)}, 0.94, 0.96},
		{"50 clusters, 0.1", 50, population{0.1, 0.2, equalSizes(4)}, 0.94, 0.96},
		{"100 clusters, 0.9", 100, population{0.9, 0.2, equalSizes(4)}, 0.94, 0.96},
		{"100 clusters much alike", 100, population{0.5, 0.6, equalSizes(4)}, 0.94, 0.96},
		{"250 clusters alike", 250, population{0.5, 0.999, equalSizes(4)}, 0.94, 0.96},
		{"100 unequal clusters", 100, population{0.5, 0.2, skewSizes(5)}, 0.94, 0.96},
		{"100 unequal clusters, 0.9", 100, population{0.9, 0.2, skewSizes(5)}, 0.94, 0.96},
		{"20 clusters", 20, population{0.5, 0.2, equalSizes(4)}, 0.94, 0.97},
		{"10 clusters", 10, population{0.5, 0.2, equalSizes(4)}, 0.94, 0.975},
		{"10 unequal clusters", 10, population{0.5, 0.6, skewSizes(5)}, 0.94, 0.99},
		{"50 unequal clusters, 0.97", 50, population{0.97, 0.6, skewSizes(5)}, 0.94, 0.99},
		{"250 unequal clusters, 0.97", 250, population{0.97, 0.2, skewSizes(5)}, 0.94, 0.96},
	} {
		covered := share(numStudies, func(r *rand.Rand) bool {
			e := Mean(c.draw(r, c.numClusters))
			return e.Low <= c.p && c.p <= e.High
		})
		within(t, c.name, covered, c.low, c.high)
	}
	// The test can fail: without regard to clusters far fewer are covered.
	naive := share(numStudies, func(r *rand.Rand) bool {
		values, _ := population{0.5, 0.6, equalSizes(4)}.draw(r, 100)
		e := Mean(values, nil)
		return e.Low <= 0.5 && 0.5 <= e.High
	})
	within(t, "clusters overlooked", naive, 0.5, 0.85)
}

// TestScoresCover has scores for parts, and scores that are not bounded.
func TestScoresCover(t *testing.T) {
	parts := func(r *rand.Rand) float64 { return math.Sqrt(r.Float64()) } // mean 2/3
	within(t, "points for parts", share(numStudies, func(r *rand.Rand) bool {
		values := make([]float64, 100)
		for i := range values {
			values[i] = parts(r)
		}
		e := Mean(values, nil)
		return e.Low <= 2.0/3 && 2.0/3 <= e.High
	}), 0.94, 0.96)
	within(t, "a penalty for wrong ones", share(numStudies, func(r *rand.Rand) bool {
		points := make([]float64, 200)
		for i := range points {
			switch x := r.Float64(); {
			case x < 0.6:
				points[i] = 1
			case x >= 0.8: // between, none was given
				points[i] = -1
			}
		}
		e := Mean(points, nil)
		return e.Low <= 0.4 && 0.4 <= e.High
	}), 0.94, 0.96)
	within(t, "a ratio over clusters", share(numStudies, func(r *rand.Rand) bool {
		var bits, bytes []float64
		var clusters []string
		for c := range 80 {
			hard := math.Exp(0.3 * r.NormFloat64())
			for range 1 + r.IntN(5) {
				n := 50 + 400*r.Float64()
				bytes = append(bytes, n)
				bits = append(bits, n*hard*(0.8+0.4*r.Float64()))
				clusters = append(clusters, strconv.Itoa(c))
			}
		}
		truth := math.Exp(0.045)
		e := Ratio(bits, bytes, clusters)
		return e.Low <= truth && truth <= e.High
	}), 0.94, 0.96)
	within(t, "sections with weights", share(numStudies, func(r *rand.Rand) bool {
		first, _ := population{0.9, 0, equalSizes(1)}.draw(r, 100)
		second, names := population{0.4, 0.3, equalSizes(4)}.draw(r, 30)
		e := Weighted([]float64{1, 3}, []Estimate{Mean(first, nil), Mean(second, names)})
		return e.Low <= 0.525 && 0.525 <= e.High
	}), 0.94, 0.96)
}
