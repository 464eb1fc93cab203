package plan

import (
	"fmt"
	"slices"
)

// Options say what a Report is of. The zero value takes the usual.
type Options struct {
	// Windows are lengths of text in tokens; nil: 8k, 32k and 128k, and the model's
	// own, or that of a model with less than 8k and 4 and 16 times as much.
	Windows []int
	// Tokens is how many a run trains on; 0: what the model is reported to have seen.
	Tokens float64
	// Batches are how many sequences decode at once; nil: 1, 16 and 256.
	Batches []int
	// TrainingContext is the length of the texts of training; 0: the first window, or
	// the model's own where that is shorter.
	TrainingContext int
}

// Report is what a model takes, as one object.
type Report struct {
	Model    *Model      `json:"model"`
	Params   Params      `json:"params"`
	Reported []Compared  `json:"reported,omitempty"`
	Windows  []Window    `json:"windows"`
	Weights  []Sized     `json:"weights"`
	States   []StateSize `json:"training_memory"`
	Decode   []Decode    `json:"decode"`
	Training *Training   `json:"training,omitempty"` // nil where no number of tokens is known
}

// Compared is a reported figure beside the computed one.
type Compared struct {
	Reported
	Computed   float64 `json:"computed"`
	Arithmetic string  `json:"arithmetic"`
	Agrees     bool    `json:"agrees"` // within the digits of the publication
}

// Window is what a text of that length costs.
type Window struct {
	Tokens int `json:"tokens"`
	// Mean is the forward pass of a token on average over the text, Last that of the
	// last one, Training forward and backward on average.
	Mean     FLOPs `json:"mean"`
	Last     FLOPs `json:"last"`
	Training FLOPs `json:"training"`
	// KV are the bytes of keys and values of the whole text by format.
	KV []Sized `json:"kv"`
}

// AttentionShare is the part of the last token's operations that goes to the keys
// before it.
func (w Window) AttentionShare() float64 { return w.Last.Part(PartScores) / w.Last.Total }

// Sized is a number of bytes in a format.
type Sized struct {
	Precision Precision `json:"precision"`
	Bytes     float64   `json:"bytes"`
}

// StateSize is what training keeps of all parameters.
type StateSize struct {
	State
	WeightBytes    float64 `json:"weight_bytes"`
	GradientBytes  float64 `json:"gradient_bytes"`
	OptimizerBytes float64 `json:"optimizer_bytes"`
	TotalBytes     float64 `json:"total_bytes"`
}

// Decode is one step of decoding in bf16.
type Decode struct {
	Batch   int `json:"batch"`
	Context int `json:"context"`
	DecodeBytes
	// PerToken is what is read for each token.
	PerToken float64 `json:"per_token"`
	// Intensity is operations by byte.
	Intensity float64 `json:"flops_per_byte"`
}

// Training is the sum of a run.
type Training struct {
	Tokens  float64 `json:"tokens"`
	Context int     `json:"context"`
	// FLOPs counts attention and predictors, Rule is 6 for each active parameter
	// and token, as is often reported.
	FLOPs      float64 `json:"flops"`
	Rule       float64 `json:"rule_of_six"`
	Arithmetic string  `json:"arithmetic"`
}

// Report computes everything.
func (m *Model) Report(o Options) *Report {
	o = m.fill(o)
	r := &Report{Model: m, Params: m.Params()}
	for _, f := range m.Reported {
		if value, text, ok := m.Of(f); ok {
			off := value - f.Value
			r.Reported = append(r.Reported, Compared{f, value, text, off <= f.Within && -off <= f.Within})
		}
	}
	for _, n := range o.Windows {
		r.Windows = append(r.Windows, m.window(n))
	}
	for _, p := range Precisions() {
		r.Weights = append(r.Weights, Sized{p, m.WeightBytes(p)})
	}
	n := float64(r.Params.Total + r.Params.Predictors)
	for _, s := range States() {
		r.States = append(r.States, StateSize{s, s.Weights * n, s.Gradients * n, s.Optimizer * n, s.Bytes() * n})
	}
	for _, batch := range o.Batches {
		r.Decode = append(r.Decode, m.decode(batch, o.Windows[0]))
	}
	if o.Tokens > 0 {
		f := m.FLOPsPerToken(o.TrainingContext, true)
		r.Training = &Training{
			Tokens: o.Tokens, Context: o.TrainingContext, FLOPs: o.Tokens * f.Total, Rule: 6 * float64(r.Params.Active) * o.Tokens,
			Arithmetic: fmt.Sprintf("%.4g tokens x %.4g of forward and backward at %d tokens", o.Tokens, f.Total, o.TrainingContext),
		}
	}
	return r
}

// fill gives options their usual values.
func (m *Model) fill(o Options) Options {
	if len(o.Windows) == 0 {
		o.Windows = m.usualWindows()
	}
	if len(o.Batches) == 0 {
		o.Batches = []int{1, 16, 256}
	}
	if o.Tokens == 0 {
		o.Tokens = m.TrainingTokens
	}
	if o.TrainingContext == 0 {
		o.TrainingContext = min(o.Windows[0], m.Context)
	}
	return o
}

func (m *Model) usualWindows() []int {
	if m.Context < 8<<10 {
		return []int{m.Context, 4 * m.Context, 16 * m.Context}
	}
	list := []int{8 << 10, 32 << 10, 128 << 10}
	if !slices.Contains(list, m.Context) {
		list = append(list, m.Context)
		slices.Sort(list)
	}
	return list
}

func (m *Model) window(n int) Window {
	w := Window{Tokens: n, Mean: m.FLOPsPerToken(n, false), Last: m.FLOPsAt(n), Training: m.FLOPsPerToken(n, true)}
	for _, p := range []Precision{BF16, FP8} {
		w.KV = append(w.KV, Sized{p, m.KVBytes(n, p)})
	}
	return w
}

func (m *Model) decode(batch, context int) Decode {
	d := Decode{Batch: batch, Context: context, DecodeBytes: m.DecodeBytes(batch, context, BF16, BF16)}
	d.PerToken = d.Total() / float64(batch)
	d.Intensity = float64(batch) * m.FLOPsAt(context).Total / d.Total()
	return d
}

// KVText is the arithmetic of a token's keys and values in bf16.
func (m *Model) KVText() string {
	a := &m.Attention
	if t := a.Latent; t != nil {
		return fmt.Sprintf("%d layers x (%d + %d shared) x 2 bytes", m.Layers, t.KVRank, t.RopeDim)
	}
	text := fmt.Sprintf("%d layers x 2 x %d heads x %d x 2 bytes", m.Layers, a.KVHeads, a.HeadDim)
	if n := m.SlidingLayers(); n > 0 {
		text += fmt.Sprintf("; %d layers keep %d tokens", n, a.Window)
	}
	return text
}

// Dense is what a mixture of experts takes beside a dense model of as many active
// parameters, whose products with weights cost the same.
type Dense struct {
	// Memory is how many times the weights, Reads how many times the bytes of weights
	// that each of Report.Decode reads.
	Memory float64   `json:"memory"`
	Reads  []float64 `json:"reads"`
}

// Dense returns the comparison, or nil for a model without experts.
func (r *Report) Dense() *Dense {
	if r.Model.Experts == nil {
		return nil
	}
	active := float64(r.Params.Active)
	d := &Dense{Memory: float64(r.Params.Total) / active}
	for _, v := range r.Decode {
		d.Reads = append(d.Reads, v.Weights/(BF16.Bytes()*active))
	}
	return d
}

// MixtureText writes the sum of a mixture as it is told: experts by their size, and
// what every token passes. "" for a model without experts.
func (p Params) MixtureText(m *Model) string {
	x := m.Experts
	if x == nil {
		return ""
	}
	experts := p.Part(PartExperts)
	each := float64(experts.Total) / float64(x.Number)
	name, common := "attention", p.Part(PartAttention).Total
	for _, part := range []string{PartDense, PartShared} {
		if n := p.Part(part).Total; n > 0 {
			name += ", " + part
			common += n
		}
	}
	return fmt.Sprintf("%d experts x %.4gB + %.4gB of %s = %.4gB; a token passes %d x %.4gB + %.4gB = %.4gB", x.Number, each/1e9, float64(common)/1e9, name,
		float64(experts.Total+common)/1e9, x.Active, each/1e9, float64(common)/1e9, float64(experts.Active+common)/1e9)
}
