package scaling

import (
	"errors"
	"math"
	"slices"
)

// A law is a family of curves for the logarithm of a positive number.
type law struct {
	name string
	// dims is the number of parameters.
	dims int
	// value is the logarithm at x; slope, where it is not nil, gets its slopes.
	value func(p, x, slope []float64) float64
	// starts are where the search begins, for the logarithms y of losses.
	starts func(y []float64) [][]float64
}

// errTooFew is wrapped where there are fewer runs than a law needs.
var errTooFew = errors.New("too few runs")

// most is the largest exponent that is taken: beyond it is no number. Runs that a law fits
// badly have draws so steep that they would end there.
const most = 700

// exp is math.Exp without infinity, which JSON cannot say and of which interpolation makes
// no number.
func exp(x float64) float64 { return math.Exp(min(x, most)) }

// logSumExp is the logarithm of a sum of exponentials; share, as long as terms, gets
// the share of each in the sum.
func logSumExp(terms, share []float64) float64 {
	high := slices.Max(terms)
	if math.IsInf(high, 0) || math.IsNaN(high) {
		return high
	}
	sum := 0.0
	for i, t := range terms {
		share[i] = math.Exp(t - high)
		sum += share[i]
	}
	for i := range share {
		share[i] /= sum
	}
	return high + math.Log(sum)
}

// computeLaw is L(C) = c + a C^b with a, -b and c above 0. A row of x is the logarithm
// of compute less its mean over the runs; the parameters are the logarithms of the part
// that compute reduces, at that mean, of -b, and of c.
var computeLaw = &law{
	name: "L(C) = a C^b + c", dims: 3,
	value: func(p, x, slope []float64) float64 {
		var share [2]float64
		k := exp(p[1])
		y := logSumExp([]float64{p[0] - k*x[0], p[2]}, share[:])
		if slope != nil {
			slope[0] = share[0]
			slope[1] = -share[0] * k * x[0]
			slope[2] = share[1]
		}
		return y
	},
	starts: func(y []float64) (starts [][]float64) {
		low, mid := least(y), mean(y)
		for _, b := range []float64{0.02, 0.06, 0.15, 0.4} {
			for _, floor := range []float64{0.05, 0.4, 0.75, 0.95} { // c as a share of the lowest loss
				c := math.Log(floor) + low
				starts = append(starts, []float64{math.Log(math.Exp(mid) - math.Exp(c)), math.Log(b), c})
			}
		}
		return starts
	},
}

// sizeLaw is L(N, D) = E + A/N^alpha + B/D^beta, with all of them above 0. A row of x
// are the logarithms of N and D less their means; the parameters are the logarithms of
// E, of the part of N at the mean, of alpha, of the part of D, and of beta.
var sizeLaw = &law{
	name: "L(N, D) = E + A/N^alpha + B/D^beta", dims: 5,
	value: func(p, x, slope []float64) float64 {
		var share [3]float64
		alpha, beta := exp(p[2]), exp(p[4])
		y := logSumExp([]float64{p[0], p[1] - alpha*x[0], p[3] - beta*x[1]}, share[:])
		if slope != nil {
			slope[0] = share[0]
			slope[1] = share[1]
			slope[2] = -share[1] * alpha * x[0]
			slope[3] = share[2]
			slope[4] = -share[2] * beta * x[1]
		}
		return y
	},
	starts: func(y []float64) (starts [][]float64) {
		low, mid := least(y), mean(y)
		for _, floor := range []float64{0.1, 0.5, 0.9} {
			rest := math.Exp(mid) - floor*math.Exp(low)
			for _, share := range []float64{0.2, 0.8} { // of N in what is left
				for _, alpha := range []float64{0.1, 0.3, 0.6} {
					for _, beta := range []float64{0.1, 0.3, 0.6} {
						starts = append(starts, []float64{
							math.Log(floor) + low, math.Log(share * rest), math.Log(alpha), math.Log((1 - share) * rest), math.Log(beta),
						})
					}
				}
			}
		}
		return starts
	},
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func least(v []float64) float64 {
	low := math.Inf(1)
	for _, x := range v {
		low = min(low, x)
	}
	return low
}
