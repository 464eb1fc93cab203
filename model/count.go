package model

// Params returns how many parameters the model has, and how many of them work
// on one token: all but the experts that the router does not choose, the vision
// tower with its projector, and the embedding table, of which a token takes one
// row. Tied embeddings count once, and as active, since the logits need all of
// them.
func (c *Config) Params() (total, active int64) {
	d, v := int64(c.HiddenSize), int64(c.VocabSize)
	active = v*d + d // logits, final norm
	if c.Scalar {
		active = 2 * d // score, final norm
	}
	total = active
	if c.Scalar || !c.TieEmbeddings {
		total += v * d
	}
	for l := range c.NumLayers {
		t, a := c.layerParams(l)
		total += t
		active += a
	}
	if c.Vision != nil {
		tower, projector := c.Vision.Params(c.HiddenSize)
		total += tower + projector
	}
	return total, active
}

func (c *Config) layerParams(l int) (total, active int64) {
	d, hd := int64(c.HiddenSize), int64(c.headDim())
	q, kv := int64(c.NumHeads)*hd, int64(c.NumKVHeads)*hd
	total = 2*d + d*(q+2*kv) + q*d
	if c.AttentionBias {
		total += q + 2*kv
	}
	switch c.QKNorm() {
	case HeadQKNorm:
		total += 2 * hd
	case WidthQKNorm:
		total += q + kv
	}
	if !c.Sparse(l) {
		total += 3 * d * int64(c.IntermediateSize)
		return total, total
	}
	e := int64(c.NumExperts)
	total += e*d + 3*d*int64(c.SharedExpertSize)
	if c.RouterBias {
		total += e
	}
	expert := 3 * d * int64(c.MoEIntermediateSize)
	return total + e*expert, total + int64(c.NumExpertsPerTok)*expert
}

// FLOPs returns the floating-point operations of the forward pass for one
// token of a document of the given length: two per active weight (norms and
// biases are noise beside the products), and causal attention over the average
// of (length+1)/2 keys, or fewer in layers with a window. Training costs three times as much. What
// seeing costs is ViewFLOPs.
func (c *Config) FLOPs(length int) float64 {
	_, active := c.Params()
	width := float64(c.NumHeads) * float64(c.headDim())
	keys := 0.0
	for l := range c.NumLayers {
		keys += meanKeys(length, c.Window(l))
	}
	return 2*float64(active) + 4*width*keys
}

// ViewFLOPs returns the floating-point operations of tower and projector for one
// view, in the forward pass; 0 for a model that cannot see. The view's tokens cost
// what others cost besides.
func (c *Config) ViewFLOPs() float64 {
	if c.Vision == nil {
		return 0
	}
	return c.Vision.FLOPs(c.HiddenSize)
}

// meanKeys returns how many keys a query of a document sees on average in a layer
// with the given window, 0 = none.
func meanKeys(length, window int) float64 {
	n, w := float64(length), float64(window)
	if w == 0 || n <= w {
		return (n + 1) / 2
	}
	return (w*(w+1)/2 + (n-w)*w) / n
}
