package plan

import "fmt"

// Names of the parts of a sum of operations beside those of parameters.
const (
	PartScores = "attention to keys"
)

// FLOPPart is one line of a sum of floating-point operations.
type FLOPPart struct {
	Name       string  `json:"name"` // that of a Part, or PartScores
	FLOPs      float64 `json:"flops"`
	Arithmetic string  `json:"arithmetic"`
}

// FLOPs are the floating-point operations of one token; a multiplication with
// its addition is two.
type FLOPs struct {
	Total float64    `json:"total"`
	Parts []FLOPPart `json:"parts"`
}

// Part returns the operations of the part of that name.
func (f FLOPs) Part(name string) float64 {
	for _, p := range f.Parts {
		if p.Name == name {
			return p.FLOPs
		}
	}
	return 0
}

func (f *FLOPs) add(name string, flops float64, format string, args ...any) {
	if flops == 0 {
		return
	}
	f.Parts = append(f.Parts, FLOPPart{name, flops, fmt.Sprintf(format, args...)})
	f.Total += flops
}

// FLOPsAt returns the forward pass of one token that sees context tokens, itself
// included: the cost of the last one of a text. Where attention is latent, keys
// and values stay compressed, as decoding does it (arXiv:2405.04434, 2.1.2).
func (m *Model) FLOPsAt(context int) FLOPs {
	f := m.weightFLOPs()
	perKey := m.keyFLOPs(m.Attention.Latent != nil)
	keys := 0.0
	for l := range m.Layers {
		keys += float64(within(context, m.Window(l)))
	}
	f.add(PartScores, perKey*keys, "%s x %s", m.keyText(m.Attention.Latent != nil), m.keysText(float64(context), keys))
	return f
}

// FLOPsPerToken returns the mean over the tokens of a text of context tokens, of
// which each sees itself and those before it: the forward pass, or with training
// forward and backward, which is three times as much, and the predictors.
func (m *Model) FLOPsPerToken(context int, training bool) FLOPs {
	f := m.weightFLOPs()
	keys := 0.0
	for l := range m.Layers {
		keys += meanKeys(context, m.Window(l))
	}
	perKey := m.keyFLOPs(false)
	f.add(PartScores, perKey*keys, "%s x %s", m.keyText(false), m.keysText(float64(context+1)/2, keys))
	if !training {
		return f
	}
	if m.Predictors > 0 {
		d := int64(m.Width)
		last := m.Layer(m.Layers - 1).ActiveTotal()
		each := 2*float64(last+2*d*d+int64(m.Vocabulary)*d) + perKey*meanKeys(context, m.Window(m.Layers-1))
		f.add(PartPredictors, float64(m.Predictors)*each, "%d x a layer, what joins and the output matrix", m.Predictors)
	}
	f.Total *= 3
	for i := range f.Parts {
		f.Parts[i].FLOPs *= 3
		f.Parts[i].Arithmetic = "3 x " + f.Parts[i].Arithmetic
	}
	return f
}

// TrainingFLOPs returns the operations of training on so many tokens, in texts of
// context tokens.
func (m *Model) TrainingFLOPs(tokens float64, context int) float64 {
	f := m.FLOPsPerToken(context, true)
	return tokens * f.Total
}

// weightFLOPs are two operations for each active parameter; those of norms and
// biases are noise beside the products.
func (m *Model) weightFLOPs() FLOPs {
	var f FLOPs
	p := m.Params()
	for _, q := range p.Parts {
		f.add(q.Name, 2*float64(q.Active), "2 x %d", q.Active)
	}
	return f
}

// keyFLOPs is what one query pays for one key in one layer: the score, and the
// weighted value. compressed is for latent attention only.
func (m *Model) keyFLOPs(compressed bool) float64 {
	a := &m.Attention
	switch {
	case compressed:
		return 2 * float64(a.Heads) * float64(2*a.Latent.KVRank+a.Latent.RopeDim)
	case a.Latent != nil:
		return 2 * float64(a.Heads) * float64(a.Latent.PlainDim+a.Latent.RopeDim+a.Latent.ValueDim)
	}
	return 4 * float64(a.Heads) * float64(a.HeadDim)
}

func (m *Model) keyText(compressed bool) string {
	a := &m.Attention
	switch {
	case compressed:
		return fmt.Sprintf("2 x %d heads x (2 x %d + %d)", a.Heads, a.Latent.KVRank, a.Latent.RopeDim)
	case a.Latent != nil:
		return fmt.Sprintf("2 x %d heads x (%d + %d)", a.Heads, a.Latent.PlainDim+a.Latent.RopeDim, a.Latent.ValueDim)
	}
	return fmt.Sprintf("4 x %d heads x %d", a.Heads, a.HeadDim)
}

// keysText says how many keys all layers see together.
func (m *Model) keysText(full, all float64) string {
	if n := m.SlidingLayers(); n > 0 {
		return fmt.Sprintf("%.10g keys of %d layers, %d of them within %d", all, m.Layers, n, m.Attention.Window)
	}
	return fmt.Sprintf("%d layers x %.10g keys", m.Layers, full)
}

// within is how many keys the last of n tokens sees in a window; 0 = all.
func within(n, window int) int {
	if window == 0 {
		return n
	}
	return min(n, window)
}

// meanKeys is how many keys a token of a text of length tokens sees on average.
func meanKeys(length, window int) float64 {
	n, w := float64(length), float64(window)
	if window == 0 || length <= window {
		return (n + 1) / 2
	}
	return (w*(w+1)/2 + (n-w)*w) / n
}
