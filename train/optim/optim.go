// Package optim turns gradients into weights: AdamW, Muon, the global gradient
// norm and the moving average of weights.
//
// Every sum is taken over fixed chunks in a fixed order, so that the bits do
// not depend on the number of threads.
package optim

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Rule is the update rule of a parameter.
type Rule int

// The rules.
const (
	AdamW Rule = iota
	Muon
)

// Param is one array of weights as the optimizer sees it: Groups x [Out, In]
// fp32, row-major. Vectors have Groups 1 and Out 1.
type Param struct {
	// Name is unique among the optimizer's parameters.
	Name            string
	Groups, Out, In int
	// Parts are the row counts of the matrices that lie fused in each group,
	// such as q, k and v; nil is one matrix of Out rows. Muon takes each by
	// itself.
	Parts []int
	// Master [Groups*Out*In] are the weights, Grad their gradient. The
	// optimizer reads and writes both in Step, which leaves Grad zero for the
	// next microbatches.
	Master, Grad []float32
	Rule         Rule
	// Scale multiplies the learning rate.
	Scale float64
	// Decay tells whether weight decay applies.
	Decay bool
}

// Settings are the rules' constants.
type Settings struct {
	// Beta1, Beta2 and Eps are AdamW's (arXiv:1711.05101).
	Beta1, Beta2, Eps float64
	// WeightDecay is decoupled: each step takes away LR x WeightDecay of a
	// weight.
	WeightDecay float64
	// Momentum is Muon's and Iterations the number of Newton-Schulz ones.
	Momentum   float64
	Iterations int
}

// chunkLen is the number of weights in one piece of work: a few hundred
// kilobytes, and the unit of the gradient norm's sum.
const chunkLen = 1 << 15

// chunk is a range of one parameter.
type chunk struct{ param, low, high int }

// Optimizer holds the moments of a set of parameters. It is for one goroutine
// and uses all of par's workers.
type Optimizer struct {
	params   []Param
	settings Settings
	steps    int
	updates  []int // of each parameter
	frozen   []bool

	moments  [][2][]float32 // AdamW: m and v; Muon: momentum and nil
	chunks   []chunk        // of what is not frozen
	adamw    []chunk
	partials []float64
	muon     *muonWork
}

// New returns an optimizer with zero moments that trains all parameters. It
// panics where a parameter's arrays do not have the length of its shape.
func New(params []Param, s Settings) *Optimizer {
	o := &Optimizer{params: params, settings: s, updates: make([]int, len(params)), frozen: make([]bool, len(params))}
	o.moments = make([][2][]float32, len(params))
	for i, p := range params {
		n := p.Groups * p.Out * p.In
		if len(p.Master) != n || len(p.Grad) != n {
			panic(fmt.Sprintf("optim: %s has %d weights and %d gradients for a shape of %d", p.Name, len(p.Master), len(p.Grad), n))
		}
		o.moments[i][0] = tensor.Make[float32](n)
		if p.Rule == AdamW {
			o.moments[i][1] = tensor.Make[float32](n)
		}
	}
	o.divide()
	o.partials = make([]float64, len(o.chunks))
	o.muon = newMuonWork(params)
	return o
}

// divide lists the pieces of work of what is not frozen.
func (o *Optimizer) divide() {
	o.chunks, o.adamw = o.chunks[:0], o.adamw[:0]
	for i, p := range o.params {
		if o.frozen[i] {
			continue
		}
		n := p.Groups * p.Out * p.In
		for low := 0; low < n; low += chunkLen {
			c := chunk{i, low, min(low+chunkLen, n)}
			o.chunks = append(o.chunks, c)
			if p.Rule == AdamW {
				o.adamw = append(o.adamw, c)
			}
		}
	}
}

// Freeze says which parameters, by their number, the steps from now on leave as
// they are: they have no part in GradNorm and ZeroGrad, and their gradients are
// not read. Their moments stay, for when they are trained again.
func (o *Optimizer) Freeze(frozen func(i int) bool) {
	for i := range o.params {
		o.frozen[i] = frozen(i)
	}
	o.divide()
}

// Bytes is the memory that New will take for parameters of these shapes: the
// moments, and Muon's workspace. Master and Grad may be nil here.
func Bytes(params []Param) (moments, workspace int64) {
	for _, p := range params {
		n := int64(p.Groups) * int64(p.Out) * int64(p.In)
		moments += 4 * n
		if p.Rule == AdamW {
			moments += 4 * n
		}
	}
	return moments, muonBytes(params)
}

// Steps is the number of steps taken.
func (o *Optimizer) Steps() int { return o.steps }

// SetSteps restores the count of steps, and with it AdamW's bias corrections: those
// of parameter i go by updates(i), the steps in which it was not frozen.
func (o *Optimizer) SetSteps(n int, updates func(i int) int) {
	o.steps = n
	for i := range o.updates {
		o.updates[i] = updates(i)
	}
}

// State is one array of the optimizer's memory.
type State struct {
	// Name is the parameter's with the kind of moment: ".m", ".v" or
	// ".momentum".
	Name string
	// Data aliases the optimizer's array: reading into it restores it.
	Data []float32
}

// State lists all moments, in the order of the parameters.
func (o *Optimizer) State() []State {
	var out []State
	for i, p := range o.params {
		if p.Rule == Muon {
			out = append(out, State{p.Name + ".momentum", o.moments[i][0]})
			continue
		}
		out = append(out, State{p.Name + ".m", o.moments[i][0]}, State{p.Name + ".v", o.moments[i][1]})
	}
	return out
}

// Step updates all weights that are not frozen and sets their gradients to zero.
// lr is the learning rate before the parameters' scales; gradScale multiplies the gradients first, as clipping wants.
func (o *Optimizer) Step(lr float64, gradScale float32) {
	o.steps++
	for i := range o.params {
		if !o.frozen[i] {
			o.updates[i]++
		}
	}
	par.Run(len(o.adamw), &adamwJob{o: o, lr: lr, gradScale: gradScale})
	for i := range o.params {
		if o.params[i].Rule == Muon && !o.frozen[i] {
			o.stepMuon(i, lr, gradScale)
		}
	}
}

// adamwJob updates one chunk in each iteration.
type adamwJob struct {
	o         *Optimizer
	lr        float64
	gradScale float32
}

// Do implements par.Job.
func (j *adamwJob) Do(_, i int) {
	o, c := j.o, j.o.adamw[i]
	p, s := &o.params[c.param], &o.settings
	decay := 0.0
	if p.Decay {
		decay = s.WeightDecay
	}
	step := kernel.NewAdamWStep(j.lr*p.Scale, s.Beta1, s.Beta2, s.Eps, decay, o.updates[c.param], j.gradScale)
	m, v := o.moments[c.param][0], o.moments[c.param][1]
	g := p.Grad[c.low:c.high]
	kernel.AdamW(p.Master[c.low:c.high], m[c.low:c.high], v[c.low:c.high], g, step)
	clear(g) // while it is in the cache
}

// GradNorm is the square root of the sum of squares of all gradients, but frozen
// ones, summed over chunks in order. A gradient that is not finite makes it NaN or Inf.
func (o *Optimizer) GradNorm() float64 {
	par.Run(len(o.chunks), (*normJob)(o))
	sum := 0.0
	for _, p := range o.partials[:len(o.chunks)] {
		sum += p
	}
	return sqrt(sum)
}

// normJob sums the squares of one chunk in each iteration.
type normJob Optimizer

// Do implements par.Job.
func (o *normJob) Do(_, i int) {
	c := o.chunks[i]
	o.partials[i] = float64(kernel.SumSquaresF32(o.params[c.param].Grad[c.low:c.high]))
}

// ZeroGrad sets all gradients to zero, but frozen ones, after a step that was not taken.
func (o *Optimizer) ZeroGrad() { par.Run(len(o.chunks), (*zeroJob)(o)) }

// zeroJob clears one chunk in each iteration.
type zeroJob Optimizer

// Do implements par.Job.
func (o *zeroJob) Do(_, i int) {
	c := o.chunks[i]
	clear(o.params[c.param].Grad[c.low:c.high])
}
