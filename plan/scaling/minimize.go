package scaling

import (
	"fmt"
	"math"
	"slices"
)

// huberWidth is where Huber's loss turns from squares to straight, in units of the
// logarithm: a residual of a thousandth (arXiv:2203.15556, appendix D.2).
const huberWidth = 1e-3

// problem is a law with what it is fitted to: rows of x, logarithms y, weights w.
type problem struct {
	law  *law
	x    [][]float64
	y, w []float64
}

// loss is the weighted sum of Huber's losses, in units of the width.
func (q *problem) loss(p []float64) float64 {
	total := 0.0
	for i, x := range q.x {
		u := math.Abs(q.law.value(p, x, nil)-q.y[i]) / huberWidth
		if u > 1 {
			total += q.w[i] * (u - 0.5)
		} else {
			total += q.w[i] * u * u / 2
		}
	}
	return total
}

// minimize finds the best parameters from several starts.
func (q *problem) minimize(starts [][]float64) ([]float64, error) {
	best, at := math.Inf(1), []float64(nil)
	for _, start := range starts {
		if p, loss := q.descend(start); loss < best {
			best, at = loss, p
		}
	}
	if at == nil {
		return nil, fmt.Errorf("no fit of %s: the search found no finite one", q.law.name)
	}
	return at, nil
}

// Bounds of one search. It has ended when patience steps in a row together took away
// less than enough of the loss.
const (
	maxSteps = 500
	patience = 10
	enough   = 1e-10
)

// descend is Levenberg's and Marquardt's search on squares that are weighed anew at
// each step, so that their slope is that of Huber's loss.
func (q *problem) descend(start []float64) (p []float64, loss float64) {
	p, loss = slices.Clone(start), q.loss(start)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return p, math.Inf(1)
	}
	damp, before := 1e-3, loss
	for step := 1; step <= maxSteps && damp < 1e12; step++ {
		next := q.newton(p, damp)
		after := math.Inf(1)
		if next != nil {
			after = q.loss(next)
		}
		if after < loss { // false for NaN
			p, loss, damp = next, after, max(damp/4, 1e-12)
		} else {
			damp *= 3
		}
		if step%patience == 0 {
			if before-loss <= enough*loss && damp < 1e3 {
				break
			}
			before = loss
		}
	}
	return p, loss
}

// newton is one damped step from p; nil where the equations have no solution.
func (q *problem) newton(p []float64, damp float64) []float64 {
	n := q.law.dims
	matrix, right, slope := make([]float64, n*n), make([]float64, n), make([]float64, n)
	for i, x := range q.x {
		r := (q.law.value(p, x, slope) - q.y[i]) / huberWidth
		w := q.w[i] / max(1, math.Abs(r))
		for j := range n {
			right[j] -= w * r * slope[j] / huberWidth
			for k := range n {
				matrix[j*n+k] += w * slope[j] * slope[k] / (huberWidth * huberWidth)
			}
		}
	}
	for j := range n {
		matrix[j*n+j] *= 1 + damp
		matrix[j*n+j] += 1e-9
	}
	if !solve(matrix, right) {
		return nil
	}
	for j := range n {
		right[j] = p[j] + max(-2, min(2, right[j])) // a factor of e^2 at a time
	}
	return right
}

// solve puts the solution of a symmetric positive definite system in the place of its
// right side, by Cholesky. It is false where the matrix is not that.
func solve(matrix, right []float64) bool {
	n := len(right)
	for j := range n {
		for i := j; i < n; i++ {
			sum := matrix[i*n+j]
			for k := range j {
				sum -= matrix[i*n+k] * matrix[j*n+k]
			}
			if i == j {
				if !(sum > 0) {
					return false
				}
				matrix[j*n+j] = math.Sqrt(sum)
			} else {
				matrix[i*n+j] = sum / matrix[j*n+j]
			}
		}
	}
	for i := range n {
		for k := range i {
			right[i] -= matrix[i*n+k] * right[k]
		}
		right[i] /= matrix[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			right[i] -= matrix[k*n+i] * right[k]
		}
		right[i] /= matrix[i*n+i]
	}
	return true
}
