package stat

import "slices"

// AtCoverage returns the accuracy over the number of items of the most confidence: what
// a model shows that answers as many and declines the rest. Items of the same
// confidence at the edge count in part, each alike. outcomes are 0 or 1, number is from
// 0 to theirs; other values panic.
func AtCoverage(number int, confidence, right []float64, clusters []string) Estimate {
	checkOutcomes(confidence, right)
	if number < 0 || number > len(right) {
		panic("stat: more items than there are")
	}
	if number == 0 {
		return Estimate{Interval: IntervalNone}
	}
	sorted := slices.Clone(confidence)
	slices.Sort(sorted)
	edge := sorted[len(sorted)-number]
	above, at := 0, 0
	for _, c := range confidence {
		switch {
		case c > edge:
			above++
		case c == edge:
			at++
		}
	}
	part := float64(number-above) / float64(at)
	var parts, wholes []float64
	var of []string
	for i, c := range confidence {
		weight := 1.0
		if c == edge {
			weight = part
		}
		if c < edge {
			continue
		}
		parts, wholes = append(parts, weight*right[i]), append(wholes, weight)
		if clusters != nil {
			of = append(of, clusters[i])
		}
	}
	return Share(parts, wholes, of)
}

// Relative returns the sum of b by that of a, less 1: what b is more than a, relative
// to a, over pairs of the same items; -0.4 is 40% less. The interval is that of Ratio. If a
// sums to nothing there is none, and the value is 0.
func Relative(a, b []float64, clusters []string) Estimate {
	e := Ratio(b, a, clusters)
	if e.Interval == IntervalNone {
		e.Value, e.Low, e.High = max(e.Value-1, -1), -1, -1
		if sum(a) <= 0 {
			e.Value, e.Low, e.High = 0, 0, 0
		}
		return e
	}
	e.Value, e.Low, e.High = e.Value-1, max(-1, e.Low-1), e.High-1
	return e
}
