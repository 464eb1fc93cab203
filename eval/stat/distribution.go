package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// normal975 is the quantile of the standard normal distribution at 0.975.
var normal975 = normalQuantile(0.975)

func normalQuantile(p float64) float64 { return mathext.NormalQuantile(p) }

func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// normalTails is the probability of a standard normal value beyond z on either side.
func normalTails(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// tTails is the probability of a value beyond t on either side, with df degrees of
// freedom.
func tTails(t, df float64) float64 {
	if df > 1e9 {
		return normalTails(t)
	}
	return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t))
}

// tQuantile is the quantile of Student's t at p > 0.5.
func tQuantile(p, df float64) float64 {
	if df > 1e9 {
		return normalQuantile(p)
	}
	tails := 2 * (1 - p)
	low, high := 0.0, 2.0
	for tTails(high, df) > tails {
		low, high = high, 2*high
	}
	return bisect(low, high, func(t float64) bool { return tTails(t, df) > tails })
}

// bisect returns where below turns from true, at low, to false, at high.
func bisect(low, high float64, below func(float64) bool) float64 {
	for range 200 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if below(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low + (high-low)/2
}

// binomialHalf is the probability of at most k heads among n fair throws.
func binomialHalf(k, n int) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 0.5)
}
