package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// FFN is the dense SwiGLU network y = Down(silu(gate) * up), where GateUp's
// rows are first the F of gate, then the F of up.
type FFN struct {
	GateUp, Down Linear
}

// F returns the hidden width.
func (f *FFN) F() int { return f.Down.Weight.In }

// FFNActs are the results of a layer's forward pass that its backward needs.
type FFNActs struct {
	GateUp []tensor.BF16 // [T, 2F]; the backward pass overwrites it
}

// FFNScratch is the memory that layers share.
type FFNScratch struct {
	H  []tensor.BF16 // [T, F]
	DH []tensor.BF16 // [T, F], for training
}

// Take lays out the activations of maxTokens tokens.
func (f *FFN) Take(arena *Arena, maxTokens int) FFNActs {
	return FFNActs{GateUp: Take[tensor.BF16](arena, maxTokens*2*f.F())}
}

// TakeScratch lays out the scratch for maxTokens tokens.
func (f *FFN) TakeScratch(arena *Arena, maxTokens int, train bool) FFNScratch {
	s := FFNScratch{H: Take[tensor.BF16](arena, maxTokens*f.F())}
	if train {
		s.DH = Take[tensor.BF16](arena, maxTokens*f.F())
	}
	return s
}

// Forward computes y [T, D] from x [T, D].
func (f *FFN) Forward(y, x []tensor.BF16, acts *FFNActs, s *FFNScratch) {
	rows := len(x) / f.GateUp.Weight.In
	gateUp, h := acts.GateUp[:rows*2*f.F()], s.H[:rows*f.F()]
	f.GateUp.Forward(gateUp, x, nil)
	SwiGLU(h, gateUp, f.F())
	f.Down.Forward(y, h, nil)
}

// Backward computes dx [T, D] from dy [T, D] and adds the gradients of the
// weights. x is Forward's.
func (f *FFN) Backward(dx, dy, x []tensor.BF16, acts *FFNActs, s *FFNScratch) {
	rows := len(x) / f.GateUp.Weight.In
	gateUp, h, dh := acts.GateUp[:rows*2*f.F()], s.H[:rows*f.F()], s.DH[:rows*f.F()]
	f.Down.Weight.InputGrad(dh, dy, nil)
	SwiGLUBackward(h, gateUp, dh, f.F())
	f.Down.Weight.WeightGrad(dy, h, nil)
	f.GateUp.Backward(dx, gateUp, x, nil, nil)
}

const swigluGrain = 16

// SwiGLU computes h [R, F] from gateUp [R, 2F].
func SwiGLU(h, gateUp []tensor.BF16, f int) {
	runSwiGLU(swigluJob{h: h, gateUp: gateUp, f: f})
}

// SwiGLUBackward computes h [R, F] again, and replaces gateUp [R, 2F] by its
// gradient, from dh [R, F].
func SwiGLUBackward(h, gateUp, dh []tensor.BF16, f int) {
	runSwiGLU(swigluJob{h: h, gateUp: gateUp, dh: dh, f: f})
}

func runSwiGLU(args swigluJob) {
	job := swigluJobs.Get()
	*job = args
	Rows(len(args.h)/args.f, swigluGrain, job)
	swigluJobs.Put(job)
}

type swigluJob struct {
	h, gateUp, dh []tensor.BF16
	f             int
}

var swigluJobs Jobs[swigluJob]

func (j *swigluJob) Rows(lo, hi int) {
	for r := lo; r < hi; r++ {
		h := j.h[r*j.f : (r+1)*j.f]
		row := j.gateUp[r*2*j.f : (r+1)*2*j.f]
		gate, up := row[:j.f], row[j.f:]
		if j.dh == nil {
			kernel.SwiGLU(h, gate, up)
		} else {
			kernel.SwiGLUForwardBackward(h, gate, up, j.dh[r*j.f:(r+1)*j.f], gate, up)
		}
	}
}
