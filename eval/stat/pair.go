package stat

import (
	"math"
	"slices"
)

// Difference is what two models' answers to the same items differ by: B less A.
type Difference struct {
	Estimate
	// P is the probability of a difference as large, on either side, if there is
	// none; not corrected for other comparisons (see Holm).
	P float64 `json:"p"`
	// Test is how P was found: "mcnemar", "t", "clustered t", "bootstrap", or
	// IntervalNone with a P of 1.
	Test string `json:"test"`
	// Detectable is the difference that would be found in 80 of 100 studies like
	// this one; 0 if unknown.
	Detectable float64 `json:"detectable"`
	// OnlyA and OnlyB are on how many items A, and B, has more.
	OnlyA int `json:"only_a"`
	OnlyB int `json:"only_b"`
}

// Paired compares the values of A and B, one for each item, which are scores.
//
// Of values that are all 0 or 1 without clusters P is McNemar's mid-p, and the
// interval is Tango's (1998). Else both are those of t over the clusters'
// differences (see Mean). Two models that agree on all items have P 1 and an
// interval as wide as what so few items, or clusters, may have hidden, and of clusters
// that all differ by the same each counts as one item. Models that
// are equally good get a P below 5% in 4 to 6% of simulated studies, from some ten
// items on which they differ; in fewer studies below that, where counts come in steps.
func Paired(a, b []float64, clusters []string) Difference {
	checkLengths(len(a), len(b))
	checkFinite(a)
	checkFinite(b)
	differences := make([]float64, len(a))
	var d Difference
	for i := range a {
		differences[i] = b[i] - a[i]
		switch {
		case a[i] > b[i]:
			d.OnlyA++
		case b[i] > a[i]:
			d.OnlyB++
		}
	}
	g := groupsOf(len(a), clusters)
	d.N, d.Clusters = len(a), g.num()
	boundedA, binaryA := rangeOf(a)
	boundedB, binaryB := rangeOf(b)
	if d.N > 0 {
		d.Value = sum(differences) / float64(d.N)
	}
	if g.num() < 2 {
		return d.withoutTest(boundedA && boundedB)
	}
	v := g.variance(differences)
	d.StdErr = math.Sqrt(v.ofMean)
	switch {
	case binaryA && binaryB && !g.grouped:
		d.mcnemar()
	case boundedA && boundedB && d.StdErr < rounding && math.Abs(d.Value) < rounding:
		d.alike(g)
	case boundedA && boundedB && d.StdErr < rounding:
		d.together(g)
	default:
		d.student(g, v.df)
	}
	return d
}

// withoutTest completes a comparison of too few clusters.
func (d Difference) withoutTest(bounded bool) Difference {
	d.Interval, d.Test, d.P = IntervalNone, IntervalNone, 1
	d.Low, d.High = d.Value, d.Value
	if bounded && d.N > 0 {
		d.Low, d.High = -1, 1
	}
	return d
}

// mcnemar fills in what follows from OnlyA, OnlyB and N.
func (d *Difference) mcnemar() {
	d.Test, d.Interval = "mcnemar", "tango"
	d.P = McNemar(d.OnlyA, d.OnlyB)
	d.Low, d.High = tango(float64(d.OnlyB), float64(d.OnlyA), float64(d.N))
	// Under the hypothesis the variance is the share of items on which they differ.
	if different := float64(d.OnlyA + d.OnlyB); different > 0 {
		d.Detectable = power80(math.Inf(1)) * math.Sqrt(different) / float64(d.N)
	} else {
		d.Detectable = power80(math.Inf(1)) / normal975 * d.High
	}
}

// student fills in what follows from the standard error.
func (d *Difference) student(g groups, df float64) {
	if d.StdErr < rounding && math.Abs(d.Value) >= rounding {
		*d = d.withoutTest(false) // equal differences do not say how much they may vary
		return
	}
	d.Test, d.Interval = g.name("t"), g.name("t")
	half := tQuantile(0.975, df) * d.StdErr
	d.Low, d.High = d.Value-half, d.Value+half
	d.Detectable = power80(df) * d.StdErr
	if d.P = 1; d.StdErr >= rounding {
		d.P = tTails(d.Value/d.StdErr, df)
	}
}

// alike fills in for scores that are the same on all items.
func (d *Difference) alike(g groups) {
	d.Test, d.Interval, d.P = g.name("t"), "tango", 1
	d.Value, d.StdErr = 0, 0
	d.Low, d.High = tango(0, 0, g.kish())
	d.Detectable = power80(math.Inf(1)) / normal975 * d.High
}

// together fills in for scores that differ by the same in all clusters: the worst case is
// that the items of each are alike.
func (d *Difference) together(g groups) {
	n, v := g.kish(), math.Abs(d.Value)
	if v >= 1-rounding {
		d.Test, d.Interval = "mcnemar", "tango"
		d.P = McNemar(0, int(math.Round(n)))
		d.Low, d.High = tango(max(0, d.Value)*n, max(0, -d.Value)*n, n)
		d.Detectable = power80(math.Inf(1)) / math.Sqrt(n)
		return
	}
	d.Test, d.Interval = g.name("t"), g.name("t")
	se, df := math.Sqrt(v*(1-v)/n), max(1, n-1) // the same points for parts of the items
	half := tQuantile(0.975, df) * se
	d.Low, d.High = max(-1, d.Value-half), min(1, d.Value+half)
	d.P, d.Detectable = tTails(d.Value/se, df), power80(df)*se
}

// power80 is how many standard errors a difference is that is found in 80 of 100
// studies.
func power80(df float64) float64 { return tQuantile(0.975, df) + tQuantile(0.8, df) }

// McNemar returns the mid-p value, on both sides, of two models' being right alone
// on so many items: exact but for counting half of what was found (Fagerland,
// Lydersen and Laake 2013). 1 if there are none.
func McNemar(onlyA, onlyB int) float64 {
	few, all := min(onlyA, onlyB), onlyA+onlyB
	if onlyA == onlyB {
		return 1
	}
	atMost, below := binomialHalf(few, all), binomialHalf(few-1, all)
	return min(1, atMost+below) // twice the mean of both
}

// tango is the score interval of a difference of paired shares, (more - less)/n:
// those differences that a score test does not reject (Tango 1998).
func tango(more, less, n float64) (low, high float64) {
	value := (more - less) / n
	score := func(delta float64) float64 {
		b := -more - less + (2*n-more+less)*delta
		c := -less * delta * (1 - delta)
		shareLess := (math.Sqrt(max(0, b*b-8*n*c)) - b) / (4 * n)
		spread := n * (2*shareLess + delta*(1-delta))
		if spread <= 0 {
			return math.Copysign(math.Inf(1), value-delta)
		}
		return (more - less - n*delta) / math.Sqrt(spread)
	}
	low, high = -1, 1
	if value > -1 {
		low = bisect(-1, value, func(delta float64) bool { return score(delta) > normal975 })
	}
	if value < 1 {
		high = bisect(value, 1, func(delta float64) bool { return score(delta) > -normal975 })
	}
	return low, high
}

// PairedRatio compares two ratios over the same items, such as the bits per byte of
// two models, by the delta method with t over clusters. Denominators are positive.
func PairedRatio(numA, denA, numB, denB []float64, clusters []string) Difference {
	a, b := Ratio(numA, denA, clusters), Ratio(numB, denB, clusters)
	checkLengths(len(numA), len(numB))
	g := groupsOf(len(numA), clusters)
	d := Difference{Estimate: Estimate{Value: b.Value - a.Value, N: len(numA), Clusters: g.num()}}
	if g.num() < 2 || !a.Available() || !b.Available() {
		return d.withoutTest(false)
	}
	ofA, ofB := influences(numA, denA, a.Value), influences(numB, denB, b.Value)
	for i := range ofA {
		ofB[i] -= ofA[i]
		less, more := numA[i]*denB[i], numB[i]*denA[i]
		switch {
		case less > more:
			d.OnlyA++
		case more > less:
			d.OnlyB++
		}
	}
	v := g.variance(ofB)
	d.StdErr = math.Sqrt(v.ofMean)
	d.student(g, v.df)
	return d
}

// Holm returns the values of P corrected for their number (Holm 1979): to reject
// those below 5% then errs once in 20 families at most. The order is kept.
func Holm(ps []float64) []float64 {
	checkFinite(ps)
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case ps[i] < ps[j]:
			return -1
		case ps[i] > ps[j]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(ps))
	most := 0.0
	for rank, i := range order {
		most = max(most, min(1, float64(len(ps)-rank)*ps[i]))
		out[i] = most
	}
	return out
}
