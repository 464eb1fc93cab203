package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// numDraws is how many samples a bootstrap draws.
	numDraws = 2000
	// maxFolds is how many parts a jackknife leaves out in turn, at most.
	maxFolds = 200
)

// resampler draws clusters with replacement, in the same order whenever it is made.
type resampler struct {
	g      groups
	source *rand.PCG
	times  []int // of each cluster, of the last draw
}

func newResampler(g groups) *resampler {
	return &resampler{g: g, source: rand.NewPCG(0x706f6c79, 0x6d617468), times: make([]int, g.num())}
}

// draw fills times with how often each cluster was drawn.
func (r *resampler) draw() {
	clear(r.times)
	n := uint64(len(r.times))
	for range r.times {
		// 32 bits by multiplication: n is far below 2^32, and so is the bias.
		r.times[(r.source.Uint64()>>32)*n>>32]++
	}
}

// Bootstrap returns a statistic of n items with an interval by drawing clusters
// with replacement (Efron's BCa, 1987, expanded for few clusters as in Hesterberg,
// 2015). It is for what is no mean: a mean's interval by Mean is better.
//
// statistic computes it from how many times each item counts, whole numbers; all
// ones are the items as they are. It does not keep or change the slice. It may
// return NaN for weights of which it is not defined, such as all 0 in a part; if
// more than a tenth of the draws are so, or there are fewer than two clusters,
// there is no interval.
func Bootstrap(n int, clusters []string, statistic func(weights []float64) float64) Estimate {
	g := groupsOf(n, clusters)
	e := Estimate{N: n, Clusters: g.num(), Interval: IntervalNone}
	if n == 0 {
		return e
	}
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 1
	}
	e.Value = statistic(weights)
	e.Low, e.High = e.Value, e.Value
	if g.num() < 2 || math.IsNaN(e.Value) {
		return e
	}
	draws := g.draws(weights, statistic)
	if len(draws) < numDraws*9/10 {
		return e
	}
	e.StdErr = spread(draws) * g.expansion()
	e.Interval = "bootstrap"
	e.Low, e.High = g.bca(e.Value, draws, g.jackknife(weights, statistic))
	return e
}

// expansion is by how much a bootstrap over these clusters is too narrow.
func (g groups) expansion() float64 {
	n := float64(g.num())
	return math.Sqrt(n / (n - 1))
}

// draws are the statistic of numDraws samples, sorted, without those undefined.
func (g groups) draws(weights []float64, statistic func([]float64) float64) []float64 {
	r := newResampler(g)
	out := make([]float64, 0, numDraws)
	for range numDraws {
		r.draw()
		for i, c := range g.of {
			weights[i] = float64(r.times[c])
		}
		if x := statistic(weights); !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// jackknife are the statistic without each cluster, or without each of maxFolds
// parts of the clusters.
func (g groups) jackknife(weights []float64, statistic func([]float64) float64) []float64 {
	folds := min(g.num(), maxFolds)
	out := make([]float64, 0, folds)
	for fold := range folds {
		for i, c := range g.of {
			weights[i] = 1
			if c%folds == fold {
				weights[i] = 0
			}
		}
		if x := statistic(weights); !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	return out
}

// bca reads the bounds from sorted draws: at the levels of a normal interval,
// moved by the draws' bias and by the statistic's acceleration.
func (g groups) bca(value float64, draws, left []float64) (low, high float64) {
	below, _ := slices.BinarySearch(draws, value)
	above := below
	for above < len(draws) && draws[above] == value {
		above++
	}
	share := (float64(below) + float64(above-below)/2) / float64(len(draws))
	least := 1 / float64(len(draws)+1)
	bias := normalQuantile(min(1-least, max(least, share)))
	mean := sum(left) / float64(len(left))
	var cubes, squares float64
	for _, x := range left {
		d := mean - x
		squares += d * d
		cubes += d * d * d
	}
	acceleration := 0.0
	if squares > 0 {
		acceleration = cubes / (6 * math.Pow(squares, 1.5))
	}
	z := tQuantile(0.975, float64(g.num()-1)) * g.expansion()
	level := func(z float64) float64 {
		shifted := bias + z
		return normalBelow(bias + shifted/max(0.1, 1-acceleration*shifted))
	}
	return Quantile(draws, level(-z)), Quantile(draws, level(z))
}

// Quantile interpolates between the two of sorted values around p, from 0 to 1; of none
// it is NaN.
func Quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p * float64(len(sorted)-1)
	i := int(at)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}

// spread is the standard deviation.
func spread(values []float64) float64 {
	mean, squares := sum(values)/float64(len(values)), 0.0
	for _, x := range values {
		squares += (x - mean) * (x - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}

// bootstrapDifference compares two statistics of the same draws: B less A.
func bootstrapDifference(n int, clusters []string, a, b func([]float64) float64) Difference {
	e := Bootstrap(n, clusters, func(weights []float64) float64 { return b(weights) - a(weights) })
	d := Difference{Estimate: e, P: 1, Test: IntervalNone}
	if !e.Available() || e.StdErr == 0 {
		return d
	}
	df := float64(e.Clusters - 1)
	d.Test = "bootstrap"
	d.P = tTails(e.Value/e.StdErr, df)
	d.Detectable = power80(df) * e.StdErr
	return d
}
