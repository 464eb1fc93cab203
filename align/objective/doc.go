// Package objective has the numbers of alignment without models: losses and
// their derivatives, advantages, estimates of the KL divergence, controllers.
// Everything is float64 and natural logarithms; sums run in the order of the
// arguments, and every rounding is explicit, so the bits are the same on every
// machine.
//
// Unless a comment says otherwise, a NaN among the arguments gives a NaN, which
// is the caller's to notice, and lengths that do not fit are a caller's bug and
// panic. Losses are what is minimized, derivatives those of the loss. All
// functions may be called from several goroutines.
package objective

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Sigmoid returns 1 / (1 + exp(-x)).
func Sigmoid(x float64) float64 {
	if x < 0 {
		e := kernel.Exp64(x)
		return e / (1 + e)
	}
	return 1 / (1 + kernel.Exp64(-x))
}

// LogSigmoid returns log(Sigmoid(x)), which stays finite for any finite x.
func LogSigmoid(x float64) float64 {
	if x < 0 {
		return x - log1p(kernel.Exp64(x))
	}
	return -log1p(kernel.Exp64(-x))
}

// log1p returns log(1+x) for x >= 0 without losing a small x: what rounding 1+x
// took is put back (Higham, Accuracy and Stability of Numerical Algorithms, 1.14.1).
func log1p(x float64) float64 {
	u := 1 + x
	if u == 1 {
		return x
	}
	return float64(kernel.Log(u)*x) / (u - 1)
}

// expm1MinusX returns exp(x) - 1 - x, which is 0 or more, without cancellation
// around 0.
func expm1MinusX(x float64) float64 {
	if math.Abs(x) > 0.25 {
		return kernel.Exp64(x) - 1 - x
	}
	p := 1.0
	for n := 15; n >= 3; n-- {
		p = 1 + float64(float64(x*p)/float64(n))
	}
	return float64(float64(0.5*x)*x) * p
}

// sum adds in order.
func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// moments returns the mean and the sum of squared differences from it.
func moments(x []float64) (mean, squares float64) {
	mean = sum(x) / float64(len(x))
	for _, v := range x {
		d := v - mean
		squares += float64(d * d)
	}
	return mean, squares
}
