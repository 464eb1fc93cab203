package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// binned are items in bins: of each item the bin, and what confidence and outcome
// differ by. A bin's gap is the sum of its items' gaps over the number of all
// items, so the calibration error is the sum of the absolute gaps of bins.
type binned struct {
	bin  []int
	gaps []float64
	of   []float64 // the gap of each bin
}

func newBinned(bins [][]int, gaps []float64) binned {
	b := binned{bin: make([]int, len(gaps)), gaps: gaps, of: make([]float64, len(bins))}
	for number, items := range bins {
		for _, item := range items {
			b.bin[item] = number
		}
		b.of[number] = sum(pick(gaps, items)) / float64(len(gaps))
	}
	return b
}

func absolute(gaps []float64) float64 {
	total := 0.0
	for _, x := range gaps {
		total += math.Abs(x)
	}
	return total
}

// deviations are what the gaps of bins differ by from what they are, in samples of
// clusters drawn with replacement: rows of draws. The same clusters give the same
// draws.
func (b binned) deviations(g groups) [][]float64 {
	perCluster := make([][]binGap, g.num())
	for i, c := range g.of {
		perCluster[c] = append(perCluster[c], binGap{b.bin[i], b.gaps[i]})
	}
	r := newResampler(g)
	expansion := g.expansion()
	rows := make([][]float64, numDraws)
	for d := range rows {
		r.draw()
		row := make([]float64, len(b.of))
		drawn := 0
		for c, times := range r.times {
			if times == 0 {
				continue
			}
			drawn += times * len(perCluster[c])
			for _, item := range perCluster[c] {
				row[item.bin] += float64(times) * item.gap
			}
		}
		for bin := range row {
			row[bin] = (row[bin]/float64(drawn) - b.of[bin]) * expansion
		}
		rows[d] = row
	}
	return rows
}

type binGap struct {
	bin int
	gap float64
}

// shrunk are the gaps with what chance adds to the square of their mean, and to
// their squares about the mean, taken away: the gaps from which samples are drawn to
// see what chance does. Drawn from the gaps as found, chance would be counted twice.
func (b binned) shrunk(deviations [][]float64) []float64 {
	mean, about := moments(b.of)
	var noiseMean, noiseAbout float64
	for _, row := range deviations {
		m, a := moments(row)
		noiseMean += m * m / float64(len(deviations))
		noiseAbout += a / float64(len(deviations))
	}
	keep := func(square, noise float64) float64 {
		if square <= noise {
			return 0
		}
		return math.Sqrt((square - noise) / square)
	}
	keepMean, keepAbout := keep(mean*mean, noiseMean), keep(about, noiseAbout)
	out := make([]float64, len(b.of))
	for bin, gap := range b.of {
		out[bin] = keepMean*mean + keepAbout*(gap-mean)
	}
	return out
}

// moments are the mean and the sum of squares about it.
func moments(values []float64) (mean, about float64) {
	for _, x := range values {
		mean += x / float64(len(values))
	}
	for _, x := range values {
		about += (x - mean) * (x - mean)
	}
	return mean, about
}

// errorDraws are how far the calibration error of a sample is off that of the
// shrunk gaps.
func (b binned) errorDraws(deviations [][]float64) []float64 {
	center := b.shrunk(deviations)
	truth := absolute(center)
	out := make([]float64, len(deviations))
	for d, row := range deviations {
		found := 0.0
		for bin, x := range row {
			found += math.Abs(center[bin] + x)
		}
		out[d] = found - truth
	}
	return out
}

// stdErr is that of the calibration error: not less than that of the mean gap, which
// is what the error is where all bins are off to the same side. Near 0 the draws
// are closer together, for no error is negative.
func (b binned) stdErr(off []float64, deviations [][]float64) float64 {
	signed := make([]float64, len(deviations))
	for d, row := range deviations {
		signed[d] = sum(row)
	}
	return max(spread(off), spread(signed))
}

// calibrationError fills in what is known of the expected calibration error.
func (c *Calibration) calibrationError(bins [][]int, confidence, right []float64, clusters []string) {
	g := groupsOf(len(right), clusters)
	b := newBinned(bins, gaps(confidence, right))
	e := Estimate{Value: absolute(b.of), N: len(right), Clusters: g.num()}
	if g.num() < 2 {
		c.ECE = withoutInterval(e, true)
		c.ECEDebiased, c.ECEP = e.Value, 1
		return
	}
	deviations := b.deviations(g)
	off := b.errorDraws(deviations)
	e.StdErr = b.stdErr(off, deviations)
	c.ECEDebiased = max(0, e.Value-sum(off)/float64(len(off)))
	slices.Sort(off)
	e.Interval = "bootstrap"
	c.ECENoise, c.ECEP = b.noise(confidence, g, e.Value)
	if c.ECEP <= 0.025 { // else there may be no error at all
		e.Low = max(0, e.Value-Quantile(off, 0.975))
	}
	e.High = max(e.Value, e.Value-Quantile(off, 0.025))
	e.High = min(1, max(e.High, c.ECEDebiased+tQuantile(0.975, float64(g.num()-1))*e.StdErr))
	c.ECE = e
}

// noise is what a calibrated model's error would be on average, and how often it
// would be as large as found. Outcomes are drawn with their confidences; clusters make
// all gaps larger in one proportion.
func (b binned) noise(confidence []float64, g groups, found float64) (mean, p float64) {
	const draws = 1000
	scale := b.togetherness(g)
	source := rand.New(rand.NewPCG(0x63616c69, 0x62726174))
	n := float64(len(confidence))
	row := make([]float64, len(b.of))
	larger := 0
	for range draws {
		clear(row)
		for i, x := range confidence {
			if source.Float64() < x {
				x--
			}
			row[b.bin[i]] += x
		}
		x := absolute(row) / n * scale
		mean += x
		if x >= found {
			larger++
		}
	}
	return mean / draws, float64(larger+1) / (draws + 1)
}

// togetherness is by how much gaps of bins are larger because the items of a
// cluster go together.
func (b binned) togetherness(g groups) float64 {
	if !g.grouped {
		return 1
	}
	single := groupsOf(len(b.gaps), nil)
	part := make([]float64, len(b.gaps))
	var alone, together float64
	for bin := range b.of {
		for i, gap := range b.gaps {
			part[i] = 0
			if b.bin[i] == bin {
				part[i] = gap
			}
		}
		alone += single.variance(part).ofMean
		together += g.variance(part).ofMean
	}
	if alone == 0 {
		return 1
	}
	return math.Sqrt(max(1, together/alone))
}

// compareErrors compares the calibration errors of B and A over the same draws. What
// chance adds is in both and taken as equal.
func compareErrors(gapsA, gapsB []float64, binsA, binsB [][]int, clusters []string) Difference {
	g := groupsOf(len(gapsA), clusters)
	d := Difference{Estimate: Estimate{N: len(gapsA), Clusters: g.num()}}
	if g.num() < 2 {
		return d.withoutTest(true)
	}
	a, b := newBinned(binsA, gapsA), newBinned(binsB, gapsB)
	d.Value = absolute(b.of) - absolute(a.of)
	ofA, ofB := a.deviations(g), b.deviations(g)
	off, signed := b.errorDraws(ofB), make([]float64, numDraws)
	for i, x := range a.errorDraws(ofA) {
		off[i] -= x
		signed[i] = sum(ofB[i]) - sum(ofA[i])
	}
	d.StdErr = max(spread(off), spread(signed))
	if d.student(g, float64(g.num()-1)); d.Available() {
		d.Interval, d.Test = "bootstrap", "bootstrap"
	}
	return d
}
