package probe

import (
	"errors"
	"math"

	"github.com/polymath-lm/polymath/internal/par"
)

// ridges are the weights that are tried, as shares of the number of pictures.
var ridges = []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}

// classify makes a linear classifier of the training samples and returns for each of the
// others, in order, 1 where it is right and 0 where not; and the ridge, which is the one
// that was best, the largest among equals, for a fifth of the training samples when the
// classifier was made of the rest.
func classify(t *table, samples []sample, classes int) (right []float64, ridge float64, err error) {
	scaled := t.standardized(samples)
	var train, test, fit, held []int
	for i, s := range samples {
		switch {
		case s.test:
			test = append(test, i)
		default:
			train = append(train, i)
			if s.key>>32%5 == 0 {
				held = append(held, i)
			} else {
				fit = append(fit, i)
			}
		}
	}
	if len(held) == 0 || len(fit) == 0 {
		fit, held = train, train
	}
	best := -1.0
	part := newNormal(scaled, samples, fit, classes)
	for _, r := range ridges {
		w, err := part.solve(r)
		if err != nil {
			return nil, 0, err
		}
		if share := sum(w.judge(scaled, samples, held)); share >= best {
			best, ridge = share, r
		}
	}
	w, err := newNormal(scaled, samples, train, classes).solve(ridge)
	if err != nil {
		return nil, 0, err
	}
	return w.judge(scaled, samples, test), ridge, nil
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

// standardized returns the rows with the mean 0 and the deviation 1 of the training
// samples, and behind them a 1. What does not vary is 0.
func (t *table) standardized(samples []sample) [][]float64 {
	means, squares := make([]float64, t.width), make([]float64, t.width)
	n := 0.0
	for i, s := range samples {
		if s.test {
			continue
		}
		n++
		for k, v := range t.rows[i] {
			means[k] += v
		}
	}
	for k := range means {
		means[k] /= n
	}
	for i, s := range samples {
		if s.test {
			continue
		}
		for k, v := range t.rows[i] {
			squares[k] += (v - means[k]) * (v - means[k])
		}
	}
	out := make([][]float64, len(t.rows))
	for i, row := range t.rows {
		out[i] = make([]float64, t.width+1)
		for k, v := range row {
			if deviation := math.Sqrt(squares[k] / n); deviation > 1e-12*math.Abs(means[k]) && deviation > 0 {
				out[i][k] = (v - means[k]) / deviation
			}
		}
		out[i][t.width] = 1
	}
	return out
}

// normal is the normal equations of a least squares fit of the classes, each 1 for its
// own samples and 0 for others: gram [d, d] and right side [d, classes].
type normal struct {
	d, classes, n int
	gram, side    []float64
}

func newNormal(rows [][]float64, samples []sample, of []int, classes int) *normal {
	d := len(rows[0])
	e := &normal{d: d, classes: classes, n: len(of), gram: make([]float64, d*d), side: make([]float64, d*classes)}
	par.For(d, func(_, a int) {
		gram, side := e.gram[a*d:(a+1)*d], e.side[a*classes:(a+1)*classes]
		for _, i := range of {
			row := rows[i]
			v := row[a]
			if v == 0 {
				continue
			}
			for b, u := range row[:a+1] {
				gram[b] += float64(v * u)
			}
			side[samples[i].class] += v
		}
	})
	for a := range d {
		for b := range a {
			e.gram[b*d+a] = e.gram[a*d+b]
		}
	}
	return e
}

// weights are [d, classes].
type weights struct {
	d, classes int
	w          []float64
}

var errSingular = errors.New("the features are no numbers that a classifier can be made of")

// solve returns the weights for a ridge, which the last feature, the constant, is without.
func (e *normal) solve(ridge float64) (*weights, error) {
	d := e.d
	l := make([]float64, d*d)
	copy(l, e.gram)
	for i := range d - 1 {
		l[i*d+i] += ridge * float64(e.n)
	}
	for j := range d { // Cholesky, row by row
		for i := j; i < d; i++ {
			v := l[i*d+j]
			for k := range j {
				v -= float64(l[i*d+k] * l[j*d+k])
			}
			if i > j {
				l[i*d+j] = v / l[j*d+j]
				continue
			}
			if !(v > 0) || math.IsInf(v, 0) {
				return nil, errSingular
			}
			l[j*d+j] = math.Sqrt(v)
		}
	}
	x := make([]float64, d*e.classes)
	copy(x, e.side)
	for c := range e.classes {
		for i := range d {
			v := x[i*e.classes+c]
			for k := range i {
				v -= float64(l[i*d+k] * x[k*e.classes+c])
			}
			x[i*e.classes+c] = v / l[i*d+i]
		}
		for i := d - 1; i >= 0; i-- {
			v := x[i*e.classes+c]
			for k := i + 1; k < d; k++ {
				v -= float64(l[k*d+i] * x[k*e.classes+c])
			}
			x[i*e.classes+c] = v / l[i*d+i]
		}
	}
	return &weights{d, e.classes, x}, nil
}

// judge returns for each of some samples 1 where the class with the highest value, the
// first among equals, is its own.
func (w *weights) judge(rows [][]float64, samples []sample, of []int) []float64 {
	right := make([]float64, len(of))
	par.For(len(of), func(_, at int) {
		values := make([]float64, w.classes)
		for k, v := range rows[of[at]] {
			for c := range values {
				values[c] += float64(v * w.w[k*w.classes+c])
			}
		}
		best := 0
		for c, v := range values {
			if v > values[best] {
				best = c
			}
		}
		if best == samples[of[at]].class {
			right[at] = 1
		}
	})
	return right
}
