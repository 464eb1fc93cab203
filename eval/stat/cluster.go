package stat

import (
	"fmt"
	"math"
	"slices"
)

// Named are the clusters of items of which some have the name of one: an item whose name
// is empty is one by itself. It is nil where no item has a name.
func Named(names []string) []string {
	if !slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
		return nil
	}
	clusters := slices.Clone(names)
	for i, name := range names {
		if name == "" {
			clusters[i] = fmt.Sprintf("\x00%d", i)
		}
	}
	return clusters
}

// groups are the clusters of a study's items.
type groups struct {
	of      []int // the cluster of each item
	sizes   []float64
	grouped bool // there is a cluster of two
}

// groupsOf numbers clusters by their first items. Without names each item is one.
func groupsOf(n int, names []string) groups {
	g := groups{of: make([]int, n)}
	if names == nil {
		g.sizes = make([]float64, n)
		for i := range n {
			g.of[i], g.sizes[i] = i, 1
		}
		return g
	}
	checkLengths(n, len(names))
	numbers := make(map[string]int, n)
	for i, name := range names {
		number, ok := numbers[name]
		if !ok {
			number = len(g.sizes)
			numbers[name] = number
			g.sizes = append(g.sizes, 0)
		}
		g.of[i] = number
		g.sizes[number]++
	}
	g.grouped = len(g.sizes) < n
	return g
}

func (g groups) num() int { return len(g.sizes) }

// name is the name of a method over these clusters.
func (g groups) name(method string) string {
	if g.grouped {
		return "clustered " + method
	}
	return method
}

// kish is the number of clusters of equal size that would be worth as much as
// these, if all items of a cluster were alike (Kish 1965).
func (g groups) kish() float64 {
	n, squares := 0.0, 0.0
	for _, size := range g.sizes {
		n += size
		squares += size * size
	}
	return n * n / squares
}

// variance is that of a mean, with the degrees of freedom with which it is known.
type variance struct {
	ofMean, df float64
}

// variance estimates the variance of the mean of values over clusters, of which
// there are at least two.
//
// The sum of the squares of the clusters' residual sums is too small, the more so
// the less equal clusters are, and its distribution is that of chi-square only in
// shape. As Bell and McCaffrey (2002) do for regressions, both are corrected under
// a working model: here items of a cluster are correlated as much as they are
// found to be. For equal sizes that gives G/(G-1) and G-1 exactly.
func (g groups) variance(values []float64) variance {
	n := float64(len(values))
	mean := sum(values) / n
	residuals := make([]float64, g.num())
	within := make([]float64, g.num())
	for i, x := range values {
		residuals[g.of[i]] += x - mean
		within[g.of[i]] += (x - mean) * (x - mean)
	}
	found := 0.0
	for _, r := range residuals {
		found += r * r
	}
	rho := g.correlation(residuals, within)
	expected, total, df := g.workingModel(rho, n)
	return variance{ofMean: found * total / expected / (n * n), df: df}
}

// workingModel returns, for items of variance 1 with correlation rho in clusters:
// what the sum of squares of residual sums is on average, the variance of the sum
// of all items, and the degrees of freedom (Satterthwaite) of the former.
//
// With shares p of the clusters in n and their sums' variances tau, residual sums
// are (I - p1')S; their squares' sum is S'AS with A = I - p1' - 1p' + q11', q the
// sum of p². The mean is tr(A diag(tau)), the degrees of freedom are that squared
// over tr((A diag(tau))²).
func (g groups) workingModel(rho, n float64) (expected, total, df float64) {
	var q, t1, t2 float64
	for _, size := range g.sizes {
		p := size / n
		tau := size * (1 + (size-1)*rho)
		q += p * p
		total += tau
		t1 += p * tau
		t2 += p * p * tau
	}
	traceSquare := q*q*total*total + 2*t2*total + 2*t1*t1 - 4*q*t1*total
	for _, size := range g.sizes {
		p := size / n
		tau := size * (1 + (size-1)*rho)
		diagonal := q - 2*p
		expected += tau * (1 + diagonal)
		traceSquare += tau * tau * (1 + 2*diagonal)
	}
	return expected, total, max(1, expected*expected/traceSquare)
}

// correlation is the intraclass correlation by analysis of variance, 0 to 1.
// residuals are sums of deviations from the mean, within of their squares.
func (g groups) correlation(residuals, within []float64) float64 {
	if !g.grouped {
		return 0
	}
	var n, squares, between, inside float64
	for c, size := range g.sizes {
		n += size
		squares += size * size
		between += residuals[c] * residuals[c] / size
		inside += within[c] - residuals[c]*residuals[c]/size
	}
	numClusters := float64(g.num())
	meanBetween := between / (numClusters - 1)
	meanInside := inside / (n - numClusters)
	typical := (n - squares/n) / (numClusters - 1)
	spread := meanBetween + (typical-1)*meanInside
	if spread <= 0 {
		return 0
	}
	return min(1, max(0, (meanBetween-meanInside)/spread))
}

func sum(values []float64) float64 {
	total, lost := 0.0, 0.0 // Neumaier's: the order of items is not to show
	for _, x := range values {
		next := total + x
		if math.Abs(total) >= math.Abs(x) {
			lost += (total - next) + x
		} else {
			lost += (x - next) + total
		}
		total = next
	}
	return total + lost
}

// rangeOf reports whether all values are from 0 to 1, and whether all are 0 or 1.
func rangeOf(values []float64) (bounded, binary bool) {
	bounded, binary = true, true
	for _, x := range values {
		bounded = bounded && x >= 0 && x <= 1
		binary = binary && (x == 0 || x == 1)
	}
	return bounded, binary
}

func checkFinite(values []float64) {
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			panic(fmt.Sprintf("stat: value %d is %v", i, x))
		}
	}
}

func checkLengths(a, b int) {
	if a != b {
		panic(fmt.Sprintf("stat: %d values beside %d", a, b))
	}
}
