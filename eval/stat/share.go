package stat

// Share returns the sum of parts by that of wholes, with the interval of Ratio kept to
// what a share can be; one of errors may be more than 1. Where all items are the same,
// at an end, there is no spread to see, and the interval is that of the mean of their
// shares.
func Share(parts, wholes []float64, clusters []string) Estimate {
	e := Ratio(parts, wholes, clusters)
	if e.StdErr == 0 && (e.Value == 0 || e.Value == 1) {
		shares := make([]float64, len(parts))
		for i := range parts {
			shares[i] = parts[i] / wholes[i]
		}
		return Mean(shares, clusters)
	}
	e.Low = max(0, e.Low)
	if e.Value <= 1 {
		e.High = min(1, e.High)
	}
	return e
}
