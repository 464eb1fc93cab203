package stat

import (
	"math"
	"slices"
)

// Scale says how far two values that people gave are apart.
type Scale int

const (
	// Nominal values are the same or not.
	Nominal Scale = iota
	// Ordinal values have an order: two are as far apart as there are values given
	// between them.
	Ordinal
)

// Agreement returns Krippendorff's alpha (2011, "Computing Krippendorff's
// Alpha-Reliability") of values that people gave to units: 1 where they always agree,
// 0 where no more than by chance, less where they agree less than that. Values of a
// unit may be missing, and who gave which does not matter; a unit with fewer than
// two says nothing and does not count.
//
// clusters is nil or names the cluster of each unit. The interval is a bootstrap's
// over units, or clusters of them. Nil is returned where alpha is not defined: no
// unit has two values, or all values are the same.
func Agreement(units [][]int, clusters []string, s Scale) *Estimate {
	if clusters != nil {
		checkLengths(len(units), len(clusters))
	}
	a := &agreement{scale: s, values: distinctValues(units)}
	var names []string
	for i, u := range units {
		if len(u) < 2 {
			continue
		}
		a.counts = append(a.counts, a.count(u))
		if clusters != nil {
			names = append(names, clusters[i])
		}
	}
	e := Bootstrap(len(a.counts), names, a.alpha)
	if e.N == 0 || math.IsNaN(e.Value) {
		return nil
	}
	return &e
}

// agreement are the units with two values or more.
type agreement struct {
	scale  Scale
	values []int // in order, of units with two or more
	counts [][]float64
}

func distinctValues(units [][]int) []int {
	var values []int
	for _, u := range units {
		if len(u) >= 2 {
			values = append(values, u...)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// count is how often a unit was given each value.
func (a *agreement) count(unit []int) []float64 {
	counts := make([]float64, len(a.values))
	for _, v := range unit {
		at, _ := slices.BinarySearch(a.values, v)
		counts[at]++
	}
	return counts
}

// alpha is 1 less the disagreement that there is over that which chance would make
// of the same values; NaN where there is no second.
func (a *agreement) alpha(weights []float64) float64 {
	numValues := len(a.values)
	pairs := make([]float64, numValues*numValues) // coincidences
	given := make([]float64, numValues)
	total := 0.0
	for u, counts := range a.counts {
		if weights[u] == 0 {
			continue
		}
		size := sum(counts)
		total += weights[u] * size
		for i, n := range counts {
			given[i] += weights[u] * n
			for j := range i {
				pairs[i*numValues+j] += weights[u] * n * counts[j] / (size - 1)
			}
		}
	}
	var found, expected float64
	for i := range numValues {
		between := 0.0
		for j := i - 1; j >= 0; j-- {
			distance := 1.0
			if a.scale == Ordinal {
				distance = (given[i]+given[j])/2 + between
				distance *= distance
			}
			between += given[j]
			found += pairs[i*numValues+j] * distance
			expected += given[i] * given[j] * distance
		}
	}
	if expected == 0 {
		return math.NaN()
	}
	return 1 - (total-1)*found/expected
}
