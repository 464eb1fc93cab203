package objective

import "math"

// Running is the mean and spread of numbers as they come (Welford 1962), so that
// rewards can be scaled by what was seen so far. The zero value has seen nothing.
// As JSON it is what a checkpoint needs. It must not be shared by goroutines.
type Running struct {
	Count   int64   `json:"count"`
	Mean    float64 `json:"mean"`
	Squares float64 `json:"squares"` // sum of squared differences from Mean
}

// Add takes x in. What is not finite is left out, because it would stay forever.
func (r *Running) Add(x float64) {
	if x-x != 0 {
		return
	}
	r.Count++
	d := x - r.Mean
	r.Mean += d / float64(r.Count)
	r.Squares += float64(d * (x - r.Mean))
}

// Std returns the standard deviation, with n-1 below; 0 for fewer than two numbers.
func (r *Running) Std() float64 {
	if r.Count < 2 {
		return 0
	}
	return math.Sqrt(r.Squares / float64(r.Count-1))
}

// Scale returns x divided by the standard deviation, or x where that is 0. The
// mean stays: a reward's sign has a meaning.
func (r *Running) Scale(x float64) float64 {
	if s := r.Std(); s > 0 {
		return x / s
	}
	return x
}
