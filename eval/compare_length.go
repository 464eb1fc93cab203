package eval

import "github.com/polymath-lm/polymath/eval/stat"

// compareLengths compares the items of each length; both have the same ones in the same
// order.
func compareLengths(both [2][]answers, value func(*Record) float64) []LengthComparison {
	other := map[string]answers{}
	for _, samples := range both[1] {
		other[samples[0].Item] = samples
	}
	var lines []LengthComparison
	var ps []float64
	for _, g := range groupLengths(both[0]) {
		theirs := make([]answers, len(g.members))
		for i, samples := range g.members {
			theirs[i] = other[samples[0].Item]
		}
		of := clusters(g.members)
		a, b := each(g.members, value), each(theirs, value)
		d := stat.Paired(a, b, of)
		lines = append(lines, LengthComparison{
			Length: g.length, N: len(a), A: stat.Mean(a, of), B: stat.Mean(b, of), Difference: d.Estimate, P: d.P,
		})
		ps = append(ps, d.P)
	}
	for i, p := range stat.Holm(ps) {
		lines[i].Holm = p
	}
	return lines
}
