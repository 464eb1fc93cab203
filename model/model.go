package model

import (
	"slices"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/model/vision"
)

// Param is nn.Param: one trained array with its gradient.
type Param = nn.Param

// Model is a decoder, and where it sees a vision tower before it. A forward pass only reads it, so goroutines may run
// forward passes at the same time, each with its own Workspace and caches.
// Only one may run LossBackward, Backward, Sync or an optimizer, and alone.
type Model struct {
	cfg       *Config
	params    []*Param // the decoder's, and then the tower's
	decoder   int      // how many are the decoder's
	trainable bool
	adapter   *adapter // nil = none
	weights   *Weights // the open file, nil = there is none

	embed       nn.Embedding
	rope        *nn.Rope // of the layers that see everything
	slidingRope *nn.Rope // of those that slide, which may be the same
	layers      []*layer
	norm        *nn.Norm
	head        nn.Head
	tower       *vision.Tower // nil = the model cannot see

	resident *resident // nil = all weights are in memory
}

// New returns a trainable model with random weights, a function of cfg and seed
// alone. Matrices are normal with cfg.InitStd; the two products per layer that
// write to the residual stream are scaled by 1/sqrt(2 L). The model keeps a
// copy of cfg. An invalid cfg is an error.
func New(cfg *Config, seed uint64) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := build(cfg.clone())
	m.alloc(true)
	for _, p := range m.params {
		p.Init(seed)
	}
	m.Sync()
	return m, nil
}

// NewFixed returns the model of New for generation only: the same weights,
// without what training needs beside them. It takes ModelBytes(cfg, false), and
// the fp32 form of one array at a time while it works.
func NewFixed(cfg *Config, seed uint64) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := build(cfg.clone())
	m.alloc(false)
	for _, p := range m.params {
		p.Master = make([]float32, p.Len())
		p.Init(seed)
		p.Sync()
		p.Master = nil
	}
	return m, nil
}

// clone returns a copy that shares nothing a caller may change.
func (c *Config) clone() *Config {
	own := *c
	own.LayerTypes = slices.Clone(c.LayerTypes)
	if c.Vision != nil {
		v := *c.Vision
		own.Vision = &v
	}
	return &own
}

// alloc allocates the arrays.
func (m *Model) alloc(trainable bool) {
	m.trainable = trainable
	for _, p := range m.params {
		p.Alloc(trainable)
	}
	for _, l := range m.layers {
		if l.moe != nil && m.cfg.RouterBias {
			l.moe.Router.Bias = make([]float32, m.cfg.NumExperts)
		}
	}
}

// Config returns the model's shape; the caller must not change it.
func (m *Model) Config() *Config { return m.cfg }

// Params returns the model's arrays in a fixed order, by layer and then those of
// the vision tower and its projector, without those of an adapter. Tied
// embeddings are one Param. The caller must not change the slice.
func (m *Model) Params() []*Param { return m.params }

// Sync brings the compute form of every Param up to date with its Master, in
// parallel over matrices.
func (m *Model) Sync() {
	for _, p := range m.Trained() {
		p.Sync()
	}
}

// Trained returns the arrays that have masters and gradients, in a fixed order:
// all of them, or those of the adapter alone, or none. The caller must not
// change the slice.
func (m *Model) Trained() []*Param {
	switch {
	case m.trainable:
		return m.params
	case m.adapter != nil && m.adapter.train:
		return m.adapter.params
	}
	return nil
}

// ZeroGrad sets every gradient to zero.
func (m *Model) ZeroGrad() {
	for _, p := range m.Trained() {
		clear(p.Grad)
	}
}

// RouterBiases returns the balancing biases [E] of every layer, nil for layers
// without. They are state of the training like the masters: a checkpoint keeps
// them, and may write to them.
func (m *Model) RouterBiases() [][]float32 {
	biases := make([][]float32, len(m.layers))
	for i, l := range m.layers {
		if l.moe != nil {
			biases[i] = l.moe.Router.Bias
		}
	}
	return biases
}

// BalanceExperts moves the router's choice bias by rate toward experts with
// less than the mean load (arXiv:2408.15664, algorithm 1). load is
// Stats.ExpertLoad, or the sum over a step's microbatches. It does nothing
// unless Config.RouterBias.
func (m *Model) BalanceExperts(load [][]int, rate float32) {
	for i, bias := range m.RouterBiases() {
		sum := 0
		for e := range bias {
			sum += load[i][e]
		}
		for e := range bias {
			switch n := load[i][e] * len(bias); {
			case n < sum:
				bias[e] += rate
			case n > sum:
				bias[e] -= rate
			}
		}
	}
}

// ModelBytes returns the memory of a model's weights: the compute form alone,
// or with train both orientations, masters and gradients. The optimizer's state
// comes on top.
func ModelBytes(cfg *Config, train bool) int64 {
	n := int64(0)
	for _, p := range build(cfg).params {
		n += p.SizeBytes(train)
	}
	return n
}
