package optim

import "github.com/polymath-lm/polymath/internal/par"

// Average is the exponential moving average of the weights of a set of
// parameters; what moves beside them, such as a router's bias, it leaves out. It is for one goroutine.
type Average struct {
	params []Param
	decay  float64
	data   [][]float32
	chunks []chunk
	rate   float32
}

// NewAverage starts at the weights as they are.
func NewAverage(params []Param, decay float64) *Average {
	a := &Average{params: params, decay: decay}
	for i, p := range params {
		a.data = append(a.data, append([]float32(nil), p.Master...))
		for low := 0; low < len(p.Master); low += chunkLen {
			a.chunks = append(a.chunks, chunk{i, low, min(low+chunkLen, len(p.Master))})
		}
	}
	return a
}

// Update takes in the weights after a step. Early on, when the average would
// still be mostly the random start, it looks back over a tenth of the steps
// only: the decay of step t is at most (1+t)/(10+t).
func (a *Average) Update(step int) {
	decay := min(a.decay, float64(1+step)/float64(10+step))
	a.rate = float32(1 - decay)
	par.Run(len(a.chunks), a)
}

// Do implements par.Job.
func (a *Average) Do(_, i int) {
	c := a.chunks[i]
	e, w := a.data[c.param][c.low:c.high], a.params[c.param].Master[c.low:c.high]
	for k, wk := range w {
		e[k] += float32(a.rate * (wk - e[k]))
	}
}

// State lists the averages, named like the parameters, in their order. Data
// aliases the average's own arrays.
func (a *Average) State() []State {
	out := make([]State, len(a.params))
	for i, p := range a.params {
		out[i] = State{p.Name, a.data[i]}
	}
	return out
}

// Swap exchanges the weights with the average, in place; a second call undoes
// the first. The caller packs the weights anew.
func (a *Average) Swap() { par.Run(len(a.chunks), (*swapJob)(a)) }

// swapJob exchanges one chunk in each iteration.
type swapJob Average

// Do implements par.Job.
func (a *swapJob) Do(_, i int) {
	c := a.chunks[i]
	e, w := a.data[c.param][c.low:c.high], a.params[c.param].Master[c.low:c.high]
	for k := range w {
		e[k], w[k] = w[k], e[k]
	}
}
