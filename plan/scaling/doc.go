// Package scaling foretells what a larger run of training will come to from smaller
// ones, before it starts: it fits laws of scale to finished runs, with intervals, and
// writes the prediction down, signed and dated, so that it can be held against the run.
//
//	L(C) = a C^b + c                     held-out loss by compute       (arXiv:2303.08774, 3.1)
//	L(N, D) = E + A/N^alpha + B/D^beta   by parameters and tokens       (arXiv:2203.15556, 3.3)
//	-log p(C) = a C^-b                   by compute, of a pass rate     (arXiv:2303.08774, 3.2)
//
// Fits are robust: Huber's loss on the difference of logarithms, from many starts.
package scaling

// Run is one finished run of a ladder.
type Run struct {
	// Name is for messages and drawings.
	Name string `json:"name"`
	// FLOPs is the compute of the run, Parameters what its model has, Active those of
	// them that work on a token, and Tokens what it was trained on.
	FLOPs      float64 `json:"flops"`
	Parameters int64   `json:"parameters"`
	Active     int64   `json:"active"`
	Tokens     int64   `json:"tokens"`
	// Loss is the held-out loss at the end, in nats per token, above 0.
	Loss float64 `json:"loss"`
}
