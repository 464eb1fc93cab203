package moe

import (
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Layer is a mixture of experts, each a SwiGLU network of its own: the result
// of a token is the sum over its K experts, in order of rank, of gate times
// Down(silu(gate)*up), plus the shared expert's if there is one.
type Layer struct {
	Router Router
	GateUp *nn.Param // [E][2F, D], form Product
	Down   *nn.Param // [E][D, F], form Product
	Shared *nn.FFN   // nil, or an expert that every token passes
	Factor float64   // capacity in training; 0 = dropless
}

// Acts are the results of a layer's forward pass that its backward pass needs.
type Acts struct {
	Routing  Routing
	Dispatch Dispatch
	GateUp   []tensor.BF16 // [R, 2F]; the backward pass overwrites it
	Y        []tensor.BF16 // [R, D] results of the experts
	Shared   nn.FFNActs
}

// Scratch is the memory that layers share.
type Scratch struct {
	X   []tensor.BF16 // [R, D] rows in the experts' order
	H   []tensor.BF16 // [R, F]
	Sum []float32     // [chunks of combineGrain tokens, D] where a token's results are put together

	// for training
	DH      []tensor.BF16 // [R, F]
	DY      []tensor.BF16 // [R, D]
	DGates  []float32     // [T, K]
	DLogits []tensor.BF16 // [T, E]
	DRouter []tensor.BF16 // [T, D]

	Shared  nn.FFNScratch
	SharedY []tensor.BF16 // [T, D]
}

func (l *Layer) d() int { return l.Down.Out }
func (l *Layer) f() int { return l.Down.In }
func (l *Layer) e() int { return l.Down.Groups }

// Take lays out the activations of maxTokens tokens.
func (l *Layer) Take(arena *nn.Arena, maxTokens int) Acts {
	rows := maxTokens * l.Router.K
	acts := Acts{
		Routing:  l.Router.Take(arena, maxTokens),
		Dispatch: takeDispatch(arena, maxTokens, l.e(), l.Router.K),
		GateUp:   nn.Take[tensor.BF16](arena, rows*2*l.f()),
		Y:        nn.Take[tensor.BF16](arena, rows*l.d()),
	}
	if l.Shared != nil {
		acts.Shared = l.Shared.Take(arena, maxTokens)
	}
	return acts
}

// TakeScratch lays out the scratch for maxTokens tokens.
func (l *Layer) TakeScratch(arena *nn.Arena, maxTokens int, train bool) Scratch {
	rows := maxTokens * l.Router.K
	s := Scratch{
		X:   nn.Take[tensor.BF16](arena, rows*l.d()),
		H:   nn.Take[tensor.BF16](arena, rows*l.f()),
		Sum: nn.Take[float32](arena, (maxTokens+combineGrain-1)/combineGrain*l.d()),
	}
	if train {
		s.DH = nn.Take[tensor.BF16](arena, rows*l.f())
		s.DY = nn.Take[tensor.BF16](arena, rows*l.d())
		s.DGates = nn.Take[float32](arena, maxTokens*l.Router.K)
		s.DLogits = nn.Take[tensor.BF16](arena, maxTokens*l.e())
		s.DRouter = nn.Take[tensor.BF16](arena, maxTokens*l.d())
	}
	if l.Shared != nil {
		s.Shared = l.Shared.TakeScratch(arena, maxTokens, train)
		s.SharedY = nn.Take[tensor.BF16](arena, maxTokens*l.d())
	}
	return s
}

// Forward sets y = bf16(residual + experts(x)); all are [T, D], and y may be
// residual. train applies the capacity. It returns the first token with a
// router logit that is not finite, or -1; y is then not computed.
func (l *Layer) Forward(y, residual, x []tensor.BF16, acts *Acts, s *Scratch, train bool) (badToken int) {
	rows := len(x) / l.d()
	if bad := l.Router.Route(x, &acts.Routing); bad >= 0 {
		return bad
	}
	k, d := l.Router.K, &acts.Dispatch
	capacity := 0
	if train {
		capacity = Capacity(l.Factor, rows, k, l.e())
	}
	d.Assign(acts.Routing.IDs[:rows*k], k, capacity)
	xs, h := s.X[:d.Rows*l.d()], s.H[:d.Rows*l.f()]
	gateUp, ys := acts.GateUp[:d.Rows*2*l.f()], acts.Y[:d.Rows*l.d()]
	d.gather(xs, x, nil, l.d(), k)
	l.GateUp.MatMul(gateUp, xs, d.Offsets)
	nn.SwiGLU(h, gateUp, l.f())
	l.Down.MatMul(ys, h, d.Offsets)
	var shared []tensor.BF16
	if l.Shared != nil {
		shared = s.SharedY[:rows*l.d()]
		l.Shared.Forward(shared, x, &acts.Shared, &s.Shared)
	}
	l.combine(combineJob{y: y, first: residual, rows: ys, gates: acts.Routing.Gates, last: shared, sum: s.Sum, d: d}, rows)
	return -1
}

// Backward computes dx [T, D] from dy [T, D], the gradient of Forward's y
// (which is the residual's too), and adds the gradients of the weights. x is
// Forward's.
func (l *Layer) Backward(dx, dy, x []tensor.BF16, acts *Acts, s *Scratch, aux AuxWeights) {
	rows, k, d := len(x)/l.d(), l.Router.K, &acts.Dispatch
	xs, h := s.X[:d.Rows*l.d()], s.H[:d.Rows*l.f()]
	dh, dys := s.DH[:d.Rows*l.f()], s.DY[:d.Rows*l.d()]
	gateUp := acts.GateUp[:d.Rows*2*l.f()]
	dGates, dLogits := s.DGates[:rows*k], s.DLogits[:rows*l.e()]

	l.gateGrads(dGates, dy, acts)
	d.gather(dys, dy, acts.Routing.Gates, l.d(), k)
	l.Down.InputGrad(dh, dys, d.Offsets)
	nn.SwiGLUBackward(h, gateUp, dh, l.f())
	l.Down.WeightGrad(dys, h, d.Offsets)
	d.gather(xs, x, nil, l.d(), k)
	l.GateUp.WeightGrad(gateUp, xs, d.Offsets)
	dxs := xs // the rows of x are done with
	l.GateUp.InputGrad(dxs, gateUp, d.Offsets)

	dRouter := s.DRouter[:rows*l.d()]
	l.Router.Backward(dRouter, x, dLogits, dGates, &acts.Routing, d.Load, aux)
	var shared []tensor.BF16
	if l.Shared != nil {
		shared = s.SharedY[:rows*l.d()]
		l.Shared.Backward(shared, dy, x, &acts.Shared, &s.Shared)
	}
	l.combine(combineJob{y: dx, first: dRouter, rows: dxs, last: shared, sum: s.Sum, d: d}, rows)
}
