package scaling

import (
	"fmt"
	"math"
)

// SizeFit is L(N, D) = E + A/N^alpha + B/D^beta fitted to runs. D is the number of
// tokens and N = FLOPs / 6 D, the parameters that work on a token as its compute counts
// them: so C = 6 N D holds, and embeddings that are only looked up do not count.
// Goroutines may share it.
type SizeFit struct{ fit *fit }

// FitSize fits the law of N and D. It needs six runs in which N, D and N/D are not
// constant: else its two terms cannot be told apart.
func FitSize(runs []Run) (*SizeFit, error) {
	x, y, err := logarithms(runs, func(r Run) []float64 { return []float64{r.effective(), float64(r.Tokens)} })
	switch {
	case err != nil:
		return nil, err
	case len(runs) <= sizeLaw.dims:
		return nil, fmt.Errorf("%w: %s has 5 parameters and needs 6 runs; there are %d", errTooFew, sizeLaw.name, len(runs))
	case !spreadOut(x):
		return nil, fmt.Errorf("%s: parameters and tokens of the runs grow together, so their two terms cannot be told apart", sizeLaw.name)
	}
	f, err := newFit(sizeLaw, x, y)
	if err != nil {
		return nil, err
	}
	return &SizeFit{f}, nil
}

// effective is N.
func (r Run) effective() float64 { return r.FLOPs / (6 * float64(r.Tokens)) }

// leastAngle is what the runs must differ across their main direction, in logarithms:
// a tenth, the standard deviation.
const leastAngle = 0.1

// spreadOut tells whether points lie around a line or are spread in both directions,
// by the smaller eigenvalue of their covariance.
func spreadOut(x [][]float64) bool {
	n := float64(len(x))
	var mx, my float64
	for _, p := range x {
		mx, my = mx+p[0]/n, my+p[1]/n
	}
	var xx, xy, yy float64
	for _, p := range x {
		dx, dy := p[0]-mx, p[1]-my
		xx, xy, yy = xx+dx*dx/n, xy+dx*dy/n, yy+dy*dy/n
	}
	least := (xx+yy)/2 - math.Hypot((xx-yy)/2, xy)
	return least > leastAngle*leastAngle
}

// At is the loss of a run of that compute on so many tokens.
func (f *SizeFit) At(flops float64, tokens int64) Interval {
	r := Run{FLOPs: flops, Tokens: tokens}
	return f.fit.at([]float64{math.Log(r.effective()), math.Log(float64(tokens))})
}

// Law is the fit's numbers.
func (f *SizeFit) Law() SizeLaw {
	of := func(i int) func([]float64) float64 { return func(p []float64) float64 { return exp(p[i]) } }
	part := func(i, j int) func([]float64) float64 {
		return func(p []float64) float64 { return exp(p[i] + exp(p[i+1])*f.fit.center[j]) }
	}
	return SizeLaw{
		E: f.fit.param(of(0)), A: f.fit.param(part(1, 0)), Alpha: f.fit.param(of(2)),
		B: f.fit.param(part(3, 1)), Beta: f.fit.param(of(4)), Spread: f.fit.spread,
	}
}

// SizeLaw are the numbers of L(N, D) = E + A/N^Alpha + B/D^Beta. Spread is what the
// runs differ from it, as a share of the loss.
type SizeLaw struct {
	E      Interval `json:"e"`
	A      Interval `json:"a"`
	Alpha  Interval `json:"alpha"`
	B      Interval `json:"b"`
	Beta   Interval `json:"beta"`
	Spread float64  `json:"spread"`
}
