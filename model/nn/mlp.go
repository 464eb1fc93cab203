package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// MLP is the network of two matrices y = Down(gelu(Up(x))), with the tanh form
// of GELU (Hendrycks and Gimpel, arXiv:1606.08415), or with Erf the exact one.
type MLP struct {
	Up, Down Linear
	Erf      bool
}

// F returns the hidden width.
func (m *MLP) F() int { return m.Down.Weight.In }

// MLPActs are the results of a forward pass that its backward pass needs.
type MLPActs struct {
	U []tensor.BF16 // [T, F], before GELU
}

// MLPScratch is the memory that layers share.
type MLPScratch struct {
	H  []tensor.BF16 // [T, F]; without a backward pass it may be MLPActs.U
	DH []tensor.BF16 // [T, F], for training
	// Sums are for the gradients of the biases: SumsLen(T, the wider of the two).
	Sums []float32
}

// Take lays out the activations of maxRows rows.
func (m *MLP) Take(arena *Arena, maxRows int) MLPActs {
	return MLPActs{U: Take[tensor.BF16](arena, maxRows*m.F())}
}

// TakeScratch lays out the scratch of training for maxRows rows.
func (m *MLP) TakeScratch(arena *Arena, maxRows int) MLPScratch {
	return MLPScratch{
		H: Take[tensor.BF16](arena, maxRows*m.F()), DH: Take[tensor.BF16](arena, maxRows*m.F()),
		Sums: Take[float32](arena, SumsLen(maxRows, max(m.F(), m.Down.Weight.Out))),
	}
}

// Forward computes y [T, Out] from x [T, In].
func (m *MLP) Forward(y, x []tensor.BF16, acts *MLPActs, s *MLPScratch) {
	rows := len(x) / m.Up.Weight.In
	u, h := acts.U[:rows*m.F()], s.H[:rows*m.F()]
	m.Up.Forward(u, x, nil)
	m.gelu(h, nil, u)
	m.Down.Forward(y, h, nil)
}

// Backward computes dx [T, In] from dy [T, Out] unless dx is nil, and adds the
// gradients of the weights. x is Forward's.
func (m *MLP) Backward(dx, dy, x []tensor.BF16, acts *MLPActs, s *MLPScratch) {
	rows := len(x) / m.Up.Weight.In
	u, h, dh := acts.U[:rows*m.F()], s.H[:rows*m.F()], s.DH[:rows*m.F()]
	m.gelu(h, nil, u)
	m.Down.Backward(dh, dy, h, nil, s.Sums)
	m.gelu(dh, dh, u)
	m.Up.Backward(dx, dh, x, nil, s.Sums)
}

const geluGrain = 16

// gelu sets y = gelu(x), or with dy, which may be y, the gradient of x; all are [T, F].
func (m *MLP) gelu(y, dy, x []tensor.BF16) {
	job := geluJobs.Get()
	*job = geluJob{y: y, dy: dy, x: x, f: m.F(), erf: m.Erf}
	Rows(len(x)/job.f, geluGrain, job)
	geluJobs.Put(job)
}

type geluJob struct {
	y, dy, x []tensor.BF16
	f        int
	erf      bool
}

var geluJobs Jobs[geluJob]

func (j *geluJob) Rows(lo, hi int) {
	i, k := lo*j.f, hi*j.f
	switch {
	case j.dy == nil && j.erf:
		kernel.GELUErf(j.y[i:k], j.x[i:k])
	case j.dy == nil:
		kernel.GELU(j.y[i:k], j.x[i:k])
	case j.erf:
		kernel.GELUErfBackward(j.y[i:k], j.dy[i:k], j.x[i:k])
	default:
		kernel.GELUBackward(j.y[i:k], j.dy[i:k], j.x[i:k])
	}
}
