package model

// Fold is a place in a layer where a vector goes from what writes it to the
// products that read it, with nothing between that scaling its elements would
// disturb: dividing element j where it is written and multiplying column j
// where it is read leaves the function as it is (AWQ, arXiv:2306.00978, 3.2).
//
// It takes Groups*Width scales, those of group g at g*Width. Groups is 1, or the
// number of experts where each writes and reads a vector of its own.
type Fold struct {
	Readers       []*Param // products [Out, In]; their columns are multiplied
	Norm          *Param   // the RMSNorm that writes, or nil
	Writer        *Param   // else the product whose rows from First on write
	Bias          *Param   // of Writer; nil without
	First         int
	Groups, Width int
	// Exact says that the scales touch numbers that stay bf16 although the
	// Readers' change (the router's weights, a bias), so that only powers of two
	// leave the function as it is.
	Exact bool

	heads, headDim int // columns of a reader go over the heads of a group, which share the written vector; 0 = they are the vector
}

// Folds lists the places of layer l: the norms before attention and before the
// feed-forward, the values that the output product reads, and the hidden vector
// of each feed-forward network.
func (m *Model) Folds(l int) []Fold {
	lay := m.layers[l]
	a, d := lay.attn, m.cfg.HiddenSize
	s := a.Shape
	folds := []Fold{
		{Readers: []*Param{a.QKV.Weight}, Norm: lay.attnNorm.Weight, Groups: 1, Width: d},
		{
			Readers: []*Param{a.Out.Weight}, Writer: a.QKV.Weight, Bias: a.QKV.Bias, First: a.QWidth() + a.KWidth(),
			Groups: 1, Width: s.KVHeads * s.HeadDim, Exact: a.QKV.Bias != nil, heads: s.Heads / s.KVHeads, headDim: s.HeadDim,
		},
	}
	hidden := func(gateUp, down *Param) Fold {
		return Fold{Readers: []*Param{down}, Writer: gateUp, First: down.In, Groups: down.Groups, Width: down.In}
	}
	if f := lay.ffn; f != nil {
		return append(folds,
			Fold{Readers: []*Param{f.GateUp.Weight}, Norm: lay.ffnNorm.Weight, Groups: 1, Width: d},
			hidden(f.GateUp.Weight, f.Down.Weight))
	}
	e := lay.moe
	norm := Fold{Readers: []*Param{e.Router.Weight, e.GateUp}, Norm: lay.ffnNorm.Weight, Groups: 1, Width: d, Exact: true}
	folds = append(folds, hidden(e.GateUp, e.Down))
	if e.Shared != nil {
		norm.Readers = append(norm.Readers, e.Shared.GateUp.Weight)
		folds = append(folds, hidden(e.Shared.GateUp.Weight, e.Shared.Down.Weight))
	}
	return append(folds, norm)
}

// Scale returns which of a group's scales column j of a reader takes.
func (f *Fold) Scale(j int) int {
	if f.heads == 0 {
		return j
	}
	return j/(f.headDim*f.heads)*f.headDim + j%f.headDim
}

// Apply changes w, group g of p [Out, In] in fp32 or the vector of a norm or
// bias, as the scales ask. A Param that has no part in the fold stays as it is,
// and one that reads and writes (never the same fold) takes two folds in turn.
func (f *Fold) Apply(p *Param, g int, w, scales []float32) {
	if f.Groups == 1 {
		g = 0
	}
	scales = scales[g*f.Width : (g+1)*f.Width]
	for _, r := range f.Readers {
		if r == p {
			f.multiply(w, p.In, scales)
		}
	}
	switch p {
	case f.Norm:
		divide(w, 1, scales)
	case f.Writer:
		divide(w[f.First*p.In:(f.First+f.Width)*p.In], p.In, scales)
	case f.Bias:
		divide(w[f.First:f.First+f.Width], 1, scales)
	}
}

func (f *Fold) multiply(w []float32, in int, scales []float32) {
	for at := 0; at < len(w); at += in {
		for j := range in {
			w[at+j] *= scales[f.Scale(j)]
		}
	}
}

// divide divides the rows of w, each of n, by the scales.
func divide(w []float32, n int, scales []float32) {
	for i, s := range scales {
		for j := range n {
			w[i*n+j] /= s
		}
	}
}
