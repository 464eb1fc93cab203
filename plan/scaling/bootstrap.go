package scaling

import (
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/random"
)

// Level is the share of such intervals that hold the truth, if the law holds.
const Level = 0.95

// numDraws is the number of draws of the bootstrap.
const numDraws = 600

// Interval is a value with the ends of its interval of Level.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// nothing is below what a number of a law counts as 0: the search for one comes near its
// limits and never there.
const nothing = 1e-4

// String is the value with its interval in short.
func (i Interval) String() string {
	for _, v := range []*float64{&i.Value, &i.Low, &i.High} {
		if math.Abs(*v) < nothing {
			*v = 0
		}
	}
	return fmt.Sprintf("%.4g (%.3g to %.3g)", i.Value, i.Low, i.High)
}

// fit is a law fitted to runs, with draws of what it could have been.
type fit struct {
	law    *law
	center []float64 // the means of the logarithms of the runs' coordinates
	best   []float64
	// spread is the standard deviation of the residuals of logarithms, with the degrees
	// of freedom that the law leaves; draws are parameters with what spread they had.
	spread float64
	draws  []draw
}

type draw struct {
	params []float64
	noise  float64 // of a run to come, in logarithms
}

// newFit fits a law to rows of logarithms x and y.
func newFit(l *law, x [][]float64, y []float64) (*fit, error) {
	f := &fit{law: l, center: make([]float64, len(x[0]))}
	for _, row := range x {
		for j, v := range row {
			f.center[j] += v / float64(len(x))
		}
	}
	q := &problem{law: l, y: y, w: ones(len(x))}
	for _, row := range x {
		q.x = append(q.x, f.centered(row))
	}
	var err error
	if f.best, err = q.minimize(l.starts(y)); err != nil {
		return nil, err
	}
	f.resample(q)
	return f, nil
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

func (f *fit) centered(row []float64) []float64 {
	out := make([]float64, len(row))
	for j, v := range row {
		out[j] = v - f.center[j]
	}
	return out
}

// resample draws what the fit could have been. Each draw weighs the runs at random, as
// the Bayesian bootstrap does (Rubin, Annals of Statistics 9, 1981), which with few
// runs never leaves too few as drawing with replacement would; moves each loss by noise
// of the size that the fit leaves; and fits anew. The size of the noise is itself not
// known well from few runs, so each draw has its own, the sum of squares over a chi
// square of the degrees of freedom.
func (f *fit) resample(q *problem) {
	free := len(q.y) - f.law.dims
	squares := 0.0
	fitted := make([]float64, len(q.y))
	for i, x := range q.x {
		fitted[i] = f.law.value(f.best, x, nil)
		squares += (q.y[i] - fitted[i]) * (q.y[i] - fitted[i])
	}
	f.spread = math.Sqrt(squares / float64(free))
	starts := [][]float64{f.best, nearby(f.best)}
	again := &problem{law: f.law, x: q.x, y: make([]float64, len(q.y)), w: make([]float64, len(q.y))}
	for i := range numDraws {
		r := random.At(0, uint64(i))
		spread := math.Sqrt(squares / chiSquare(r, free))
		total := 0.0
		for j := range again.y {
			again.y[j] = fitted[j] + spread*normal(r)
			again.w[j] = exponential(r)
			total += again.w[j]
		}
		for j := range again.w {
			again.w[j] *= float64(len(again.w)) / total
		}
		p, err := again.minimize(starts)
		if err != nil {
			continue // no finite fit is no draw
		}
		f.draws = append(f.draws, draw{p, spread * normal(r)})
	}
}

// nearby is another start than a fit, with a smaller floor.
func nearby(best []float64) []float64 {
	p := slices.Clone(best)
	for i := range p {
		p[i] -= 0.5
	}
	return p
}

// at is the law at a row of logarithms, with the interval of a run there: it holds
// what is not known of the law, and what one run differs from it.
func (f *fit) at(row []float64) Interval {
	x := f.centered(row)
	values := make([]float64, 0, len(f.draws))
	for _, d := range f.draws {
		values = append(values, exp(f.law.value(d.params, x, nil)+d.noise))
	}
	return interval(exp(f.law.value(f.best, x, nil)), values)
}

// param is a number of the law's with its interval; get makes it of parameters.
func (f *fit) param(get func(p []float64) float64) Interval {
	values := make([]float64, 0, len(f.draws))
	for _, d := range f.draws {
		values = append(values, get(d.params))
	}
	return interval(get(f.best), values)
}

func interval(value float64, draws []float64) Interval {
	slices.Sort(draws)
	return Interval{value, stat.Quantile(draws, (1-Level)/2), stat.Quantile(draws, (1+Level)/2)}
}

// uniform is above 0 and below 1.
func uniform(r *random.Source) float64 { return (float64(r.Uint64()>>11) + 0.5) / (1 << 53) }

func exponential(r *random.Source) float64 { return -math.Log(uniform(r)) }

// normal is by Box and Muller.
func normal(r *random.Source) float64 {
	return math.Sqrt(2*exponential(r)) * math.Cos(2*math.Pi*uniform(r))
}

func chiSquare(r *random.Source, free int) float64 {
	sum := 0.0
	for range free {
		z := normal(r)
		sum += z * z
	}
	return sum
}
