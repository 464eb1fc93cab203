package cluster

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/plan"
)

// Stragglers are devices that are slower than the others: each with the
// probability Share, by the factor Factor.
type Stragglers struct {
	Share, Factor float64
	// Seed chooses which.
	Seed uint64
}

// Step is what one training step takes. Goroutines may share it.
type Step struct {
	// Seconds is the length of the step, Forward and Backward what the slowest
	// stage computes in it for all microbatches, by cause.
	Seconds  float64 `json:"seconds"`
	Forward  Share   `json:"forward"`
	Backward Share   `json:"backward"`
	// Bubble is what that stage waits for others while passes run, Reduce what the
	// gradients take beyond the last pass, Update the optimizer.
	Bubble float64 `json:"bubble"`
	Reduce float64 `json:"reduce"`
	Update float64 `json:"update"`
	// TokensPerSecond is of all devices, Utilization the model's FLOP (attention
	// causal, nothing computed twice) as a share of their peak.
	TokensPerSecond float64 `json:"tokens_per_second"`
	FLOP            float64 `json:"flop"`
	Utilization     float64 `json:"utilization"`
	// Memory is of the device that needs most.
	Memory Memory `json:"memory"`
	// Events are those of one replica, if they were asked for.
	Events []Event `json:"events,omitempty"`
}

// Options of a simulation. The zero value is a machine without stragglers.
type Options struct {
	Constants  *Constants // nil = Fitted
	Stragglers Stragglers
	// Events keeps the events of the slowest replica.
	Events bool
}

// maxEvents bounds what a simulation holds: passes of all stages, both ways.
const maxOps = 1 << 23

// Simulate runs one training step of the model on the cluster in the layout. An
// error is a *recipe.ValueError of the layout, or names what does not go together;
// that the memory does not suffice is none: see Step.Memory.
func Simulate(m *plan.Model, c *Cluster, l Layout, o Options) (*Step, error) {
	if err := l.Check(m); err != nil {
		return nil, err
	}
	if l.Devices() != c.Devices {
		return nil, fmt.Errorf("the layout %s uses %d devices, and the cluster has %d", &l, l.Devices(), c.Devices)
	}
	if ops := float64(l.Microbatches()) * float64(l.Chunks) * float64(l.Pipeline) * 2; ops > maxOps {
		return nil, fmt.Errorf("the layout %s has %.0f passes in a step, more than the %d that are simulated", &l, ops, maxOps)
	}
	k := o.Constants
	if k == nil {
		k = fitted()
	}
	w := &worker{m: m, c: c, l: &l, k: k, t: l.tokensHere()}
	pieces := w.chunks()
	p := w.pipeline(pieces)
	p.keep = o.Events
	out := slowest(p, &l, o.Stragglers)
	return w.summarize(pieces, p, out), nil
}

// pipeline turns the chunks into what the simulation runs.
func (w *worker) pipeline(pieces [][]chunk) *pipeline {
	l := w.l
	p := &pipeline{
		stages: l.Pipeline, chunks: l.Chunks, micros: l.Microbatches(), overlap: l.OverlapData,
		slow: make([]float64, l.Pipeline), send: make([]float64, l.Pipeline), update: make([]float64, l.Pipeline),
	}
	bytes := w.t * float64(w.m.Width) * 2
	if l.Sequenced || l.Tensor > 1 {
		bytes /= float64(l.Tensor) // each sends its part, and the others gather it over the link
	}
	for s := range p.stages {
		p.slow[s] = 1
		p.send[s] = w.c.send(bytes, l.Tensor*l.Context*l.Data, w.k)
	}
	for _, row := range pieces {
		var f, b, r []float64
		for s := range row {
			f, b = append(f, row[s].forward.Sum()), append(b, row[s].backward.Sum())
			r = append(r, w.reduction(&row[s]))
			p.update[s] += w.update(&row[s])
		}
		p.forward, p.backward, p.reduce = append(p.forward, f), append(p.backward, b), append(p.reduce, r)
	}
	return p
}

// groups are those that share the gradients of common weights and of experts.
func (w *worker) groups() (common, experts group) {
	l := w.l
	common = w.c.group(l.Data*l.Context, l.Tensor)
	n := max(1, l.Data*l.Context*l.Tensor/(l.Expert*l.expertTensor()))
	return common, w.c.group(n, l.Expert*l.expertTensor())
}

// reduction is the time in which the gradients of a chunk are summed: scattered
// sums under ZeRO, and everywhere else sums that all get.
func (w *worker) reduction(ch *chunk) float64 {
	common, experts := w.groups()
	n := w.c.gather(common, ch.weights*w.l.GradientBytes, w.k) + w.c.gather(experts, ch.experts*w.l.GradientBytes, w.k)
	switch {
	case w.l.Zero == 0:
		return 2 * n
	case w.l.Zero == 3:
		return 0 // in backward, layer by layer
	}
	return n
}

// update is the time of the optimizer, and of the gather of new weights under ZeRO,
// most of which the next step's first passes hide if exchanges overlap.
func (w *worker) update(ch *chunk) float64 {
	common, experts := w.groups()
	touched := 2*w.l.OptimizerBytes + w.l.GradientBytes + 2
	a, b := ch.weights, ch.experts
	if w.l.Zero > 0 {
		a, b = a/float64(common.size), b/float64(experts.size)
	}
	n := w.pass((a + b) * touched)
	if w.l.Zero == 1 || w.l.Zero == 2 {
		gather := w.c.gather(common, ch.weights*2, w.k) + w.c.gather(experts, ch.experts*2, w.k)
		if w.l.OverlapData {
			gather *= w.k.Exposed
		}
		n += gather
	}
	return n
}

// slowest runs the replicas that differ and returns the one that ends last: the
// others wait for it to sum their gradients.
func slowest(p *pipeline, l *Layout, s Stragglers) outcome {
	if s.Share <= 0 || s.Factor <= 1 {
		return p.run()
	}
	const tried = 64 // replicas; with more the slowest is hardly slower
	var worst outcome
	for r := range min(l.Data, tried) {
		rng := random.At(s.Seed, uint64(r))
		for i := range p.slow {
			p.slow[i] = 1
			for range l.Tensor * l.Context {
				if uniform(rng) < s.Share {
					p.slow[i] = s.Factor
				}
			}
		}
		if out := p.run(); out.end > worst.end {
			worst = out
		}
	}
	return worst
}

// uniform is a number from 0 to 1, below it.
func uniform(s *random.Source) float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// summarize says where the time went, from the view of the stage that computes
// longest.
func (w *worker) summarize(pieces [][]chunk, p *pipeline, out outcome) *Step {
	busiest := 0
	for i, t := range out.computing {
		if t > out.computing[busiest] {
			busiest = i
		}
	}
	st := &Step{Seconds: out.end, Events: out.events, Memory: w.memory(pieces)}
	micros := float64(p.micros) * p.slow[busiest]
	for _, row := range pieces {
		st.Forward = st.Forward.plus(row[busiest].forward.times(micros))
		st.Backward = st.Backward.plus(row[busiest].backward.times(micros))
	}
	for _, u := range p.update {
		st.Update = max(st.Update, u)
	}
	computing := st.Forward.Sum() + st.Backward.Sum()
	st.Bubble = max(0, out.lastOp-computing)
	st.Reduce = max(0, out.end-st.Update-out.lastOp)
	if w.l.ZeroBubble {
		filled := st.Bubble * 2 / 3
		st.Bubble -= filled
		st.Seconds -= filled
	}
	tokens := w.l.Tokens()
	st.TokensPerSecond = tokens / st.Seconds
	st.FLOP = tokens * w.m.FLOPsPerToken(w.l.Sequence, true).Total
	st.Utilization = st.FLOP / (st.Seconds * float64(w.c.Devices) * w.c.peak(w.l.Precision))
	return st
}
