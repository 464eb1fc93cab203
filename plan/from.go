package plan

import "github.com/polymath-lm/polymath/model"

// FromConfig returns the shape of a model of this program.
func FromConfig(c *model.Config) *Model {
	m := &Model{}
	m.SetDefaults()
	m.Vocabulary, m.Tied, m.Width, m.Layers, m.Context = c.VocabSize, c.TieEmbeddings, c.HiddenSize, c.NumLayers, c.MaxPositions
	a := &m.Attention
	a.Heads, a.KVHeads, a.HeadDim = c.NumHeads, c.NumKVHeads, c.HeadDim
	if a.HeadDim == 0 {
		a.HeadDim = c.HiddenSize / c.NumHeads
	}
	a.Bias = c.AttentionBias
	switch c.QKNorm() {
	case model.HeadQKNorm:
		a.QKNorm = QKNormHead
	case model.WidthQKNorm:
		a.QKNorm = QKNormWidth
	}
	for l := range c.NumLayers {
		if w := c.Window(l); w > 0 {
			a.Window = w
		} else {
			a.FullLayers = append(a.FullLayers, l)
		}
	}
	if a.Window == 0 {
		a.FullLayers = nil
	}
	m.FeedForward = FeedForward{Hidden: c.IntermediateSize, Gated: true}
	m.Experts = expertsOf(c)
	m.Vision = c.Vision
	return m
}

func expertsOf(c *model.Config) *Experts {
	if c.NumExperts == 0 {
		return nil
	}
	x := &Experts{Number: c.NumExperts, Active: c.NumExpertsPerTok, Hidden: c.MoEIntermediateSize, RouterBias: c.RouterBias}
	for l := range c.NumLayers {
		if !c.Sparse(l) {
			x.Dense = append(x.Dense, l)
		}
	}
	if c.SharedExpertSize > 0 {
		x.Shared, x.SharedHidden = 1, c.SharedExpertSize
	}
	return x
}
