package scaling

import (
	"fmt"
	"math"
)

// ComputeFit is L(C) = a C^b + c fitted to runs, C in FLOPs and L in nats per token.
// Goroutines may share it.
type ComputeFit struct{ fit *fit }

// FitCompute fits the law of compute. It needs four runs of different compute: three
// would fit exactly, whatever they are.
func FitCompute(runs []Run) (*ComputeFit, error) {
	if n := distinct(runs, func(r Run) float64 { return r.FLOPs }); n <= computeLaw.dims {
		return nil, fmt.Errorf("%w: %s has 3 parameters and needs runs of 4 different computes; there are %d", errTooFew, computeLaw.name, n)
	}
	x, y, err := logarithms(runs, func(r Run) []float64 { return []float64{r.FLOPs} })
	if err != nil {
		return nil, err
	}
	f, err := newFit(computeLaw, x, y)
	if err != nil {
		return nil, err
	}
	return &ComputeFit{f}, nil
}

// At is the loss of a run of that compute.
func (f *ComputeFit) At(flops float64) Interval { return f.fit.at([]float64{math.Log(flops)}) }

// value is At without its interval.
func (f *ComputeFit) value(flops float64) float64 {
	return exp(f.fit.law.value(f.fit.best, f.fit.centered([]float64{math.Log(flops)}), nil))
}

// Law is the fit's numbers.
func (f *ComputeFit) Law() ComputeLaw {
	k := func(p []float64) float64 { return exp(p[1]) }
	return ComputeLaw{
		A:      f.fit.param(func(p []float64) float64 { return exp(p[0] + k(p)*f.fit.center[0]) }),
		B:      f.fit.param(func(p []float64) float64 { return -k(p) }),
		C:      f.fit.param(func(p []float64) float64 { return exp(p[2]) }),
		Spread: f.fit.spread,
	}
}

// ComputeLaw are the numbers of L(C) = A C^B + C. Spread is what the runs differ from
// it, as a share of the loss.
type ComputeLaw struct {
	A      Interval `json:"a"`
	B      Interval `json:"b"`
	C      Interval `json:"c"`
	Spread float64  `json:"spread"`
}

// distinct counts the different values of a number of runs.
func distinct(runs []Run, get func(Run) float64) int {
	seen := map[float64]bool{}
	for _, r := range runs {
		seen[get(r)] = true
	}
	return len(seen)
}

// logarithms makes rows of a law's coordinates and of losses.
func logarithms(runs []Run, get func(Run) []float64) (x [][]float64, y []float64, err error) {
	for _, r := range runs {
		row := append(get(r), r.Loss)
		for i, v := range row {
			if !(v > 0) || math.IsInf(v, 0) {
				return nil, nil, fmt.Errorf("run %s: compute, parameters, tokens and loss must be finite and above 0, and one is %v", r.Name, v)
			}
			row[i] = math.Log(v)
		}
		x, y = append(x, row[:len(row)-1]), append(y, row[len(row)-1])
	}
	return x, y, nil
}
