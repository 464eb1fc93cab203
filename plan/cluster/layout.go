package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/plan"
)

// Recompute says what backward computes again.
type Recompute string

// The kinds of recomputation: nothing; what is large and cheap (the scores of
// attention, or what norms and activations leave; arXiv:2205.05198); whole layers.
const (
	RecomputeNone      Recompute = "none"
	RecomputeSelective Recompute = "selective"
	RecomputeFull      Recompute = "full"
)

// Layout divides a model and its batch over devices. Data x Tensor x Pipeline x
// Context devices take part; Expert divides the experts over devices that data,
// context and tensor parallelism already count. Ranks are ordered tensor, context,
// data, pipeline, so that tensor parallelism gets the fastest links.
type Layout struct {
	Data     int `yaml:"data" json:"data"`
	Tensor   int `yaml:"tensor" json:"tensor"`
	Pipeline int `yaml:"pipeline" json:"pipeline"`
	Expert   int `yaml:"expert" json:"expert"`
	Context  int `yaml:"context" json:"context"`
	// Chunks is how many pieces of the model each stage has: 1 is 1F1B, more is the
	// interleaved schedule (arXiv:2104.04473, 2.2).
	Chunks int `yaml:"chunks" json:"chunks"`
	// Microbatch is how many sequences a device takes at a time, Sequence their
	// length, Batch how many sequences a step has over all devices.
	Microbatch int `yaml:"microbatch" json:"microbatch"`
	Sequence   int `yaml:"sequence" json:"sequence"`
	Batch      int `yaml:"batch" json:"batch"`
	// Zero is the stage of ZeRO (arXiv:1910.02054): 0 nothing is divided over data
	// parallelism, 1 the optimizer, 2 gradients too, 3 weights too.
	Zero int `yaml:"zero" json:"zero"`
	// Recompute says what backward computes again.
	Recompute Recompute `yaml:"recompute" json:"recompute"`
	// Precision is the format of products, GradientBytes the size of a gradient as
	// it is kept and exchanged, OptimizerBytes what the optimizer keeps of a weight
	// beside it: a master copy and two moments.
	Precision      Precision `yaml:"precision" json:"precision"`
	GradientBytes  float64   `yaml:"gradient_bytes" json:"gradient_bytes"`
	OptimizerBytes float64   `yaml:"optimizer_bytes" json:"optimizer_bytes"`
	// Sequenced divides norms and residuals over tensor parallelism too
	// (arXiv:2205.05198, 4.2.2). Plain is attention before FlashAttention: it
	// computes and stores all scores. Fused joins element-wise passes into few.
	Sequenced bool `yaml:"sequenced" json:"sequenced"`
	Plain     bool `yaml:"plain" json:"plain"`
	Fused     bool `yaml:"fused" json:"fused"`
	// OverlapTensor, OverlapExpert and OverlapData hide exchanges behind products.
	OverlapTensor bool `yaml:"overlap_tensor" json:"overlap_tensor"`
	OverlapExpert bool `yaml:"overlap_expert" json:"overlap_expert"`
	OverlapData   bool `yaml:"overlap_data" json:"overlap_data"`
	// ExpertDomains is how many domains the experts of a token may lie in, and a
	// token crosses the network once for each (arXiv:2412.19437, 2.1.2); 0 = a
	// token crosses once for each expert.
	ExpertDomains int `yaml:"expert_domains" json:"expert_domains"`
	// ZeroBubble fills the pipeline with the gradients of weights, as DualPipe and
	// zero-bubble schedules do (arXiv:2401.10241): of the bubble one third is left.
	ZeroBubble bool `yaml:"zero_bubble" json:"zero_bubble"`
}

// SetDefaults are the values of keys that a file leaves out: one device, and what
// is usual today.
func (l *Layout) SetDefaults() {
	*l = Layout{
		Data: 1, Tensor: 1, Pipeline: 1, Expert: 1, Context: 1, Chunks: 1, Microbatch: 1, Sequence: 4096, Batch: 1,
		Zero: 1, Recompute: RecomputeSelective, Precision: BF16, GradientBytes: 4, OptimizerBytes: 12,
		Sequenced: true, Fused: true, OverlapData: true,
	}
}

// Devices is how many devices the layout uses.
func (l *Layout) Devices() int { return l.Data * l.Tensor * l.Pipeline * l.Context }

// Microbatches is how many microbatches pass a pipeline in one step.
func (l *Layout) Microbatches() int { return l.Batch / (l.Data * l.Microbatch) }

// Tokens is how many tokens a step trains on.
func (l *Layout) Tokens() float64 { return float64(l.Batch) * float64(l.Sequence) }

// tokensHere is how many tokens of a microbatch a device sees.
func (l *Layout) tokensHere() float64 {
	return float64(l.Microbatch) * float64(l.Sequence) / float64(l.Context)
}

// String writes the layout in the field's short words.
func (l *Layout) String() string {
	var b strings.Builder
	add := func(name string, n int) {
		if n > 1 {
			fmt.Fprintf(&b, "%s%d ", name, n)
		}
	}
	add("dp", l.Data)
	add("tp", l.Tensor)
	add("pp", l.Pipeline)
	add("vp", l.Chunks)
	add("ep", l.Expert)
	add("cp", l.Context)
	fmt.Fprintf(&b, "mb%d zero%d %s", l.Microbatch, l.Zero, l.Recompute)
	return b.String()
}

// ParseLayout reads what String writes, over the values of base; words may be left
// out.
func ParseLayout(text string, base Layout) (Layout, error) {
	l := base
	counts := map[string]*int{
		"dp": &l.Data, "tp": &l.Tensor, "pp": &l.Pipeline, "vp": &l.Chunks, "ep": &l.Expert, "cp": &l.Context,
		"mb": &l.Microbatch, "zero": &l.Zero,
	}
words:
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == ',' }) {
		switch Recompute(w) {
		case RecomputeNone, RecomputeSelective, RecomputeFull:
			l.Recompute = Recompute(w)
			continue
		}
		for name, field := range counts {
			if digits, ok := strings.CutPrefix(w, name); ok {
				n, err := strconv.Atoi(digits)
				if err != nil {
					continue
				}
				*field = n
				continue words
			}
		}
		return base, fmt.Errorf("layout: %q is no word of one; write such as %q", w, "dp64 tp8 pp16 vp2 ep8 cp1 mb1 zero1 selective")
	}
	return l, nil
}

// Check returns a *recipe.ValueError that names what cannot be.
func (l *Layout) Check(m *plan.Model) error {
	for _, c := range []struct {
		key   string
		value int
		high  int
	}{
		{"data", l.Data, maxDevices},
		{"tensor", l.Tensor, maxDevices},
		{"pipeline", l.Pipeline, m.Layers},
		{"expert", l.Expert, maxDevices},
		{"context", l.Context, maxDevices},
		{"chunks", l.Chunks, m.Layers},
		{"microbatch", l.Microbatch, maxDevices},
		{"sequence", l.Sequence, 1 << 30},
		{"batch", l.Batch, 1 << 30},
	} {
		if c.value < 1 || c.value > c.high {
			return recipe.Bad(c.key, "is %d; it must be between 1 and %d", c.value, c.high)
		}
	}
	if l.Devices() > maxDevices || l.Data > maxDevices/l.Tensor {
		return recipe.Bad("data", "x tensor x pipeline x context are more than %d devices", maxDevices)
	}
	return l.checkDivision(m)
}

func (l *Layout) checkDivision(m *plan.Model) error {
	switch {
	case m.Attention.Heads%l.Tensor != 0:
		return recipe.Bad("tensor", "is %d, which does not divide the %d heads", l.Tensor, m.Attention.Heads)
	case l.Pipeline*l.Chunks > m.Layers:
		return recipe.Bad("chunks", "of %d in each of %d stages are more than the %d layers", l.Chunks, l.Pipeline, m.Layers)
	case l.Batch%(l.Data*l.Microbatch) != 0:
		return recipe.Bad("batch", "of %d sequences is no multiple of data %d x microbatch %d", l.Batch, l.Data, l.Microbatch)
	case l.Chunks > 1 && l.Pipeline == 1:
		return recipe.Bad("chunks", "need a pipeline")
	case l.Chunks > 1 && l.Microbatches()%l.Pipeline != 0:
		return recipe.Bad("chunks", "interleave groups of pipeline %d microbatches, which does not divide the %d of a step", l.Pipeline, l.Microbatches())
	case l.Sequence%l.Context != 0:
		return recipe.Bad("context", "is %d, which does not divide the sequence of %d", l.Context, l.Sequence)
	case l.Expert > 1 && m.Experts == nil:
		return recipe.Bad("expert", "is %d, but the model has no experts", l.Expert)
	case l.Expert > 1 && m.Experts.Number%l.Expert != 0:
		return recipe.Bad("expert", "is %d, which does not divide the %d experts", l.Expert, m.Experts.Number)
	case l.Expert > l.Data*l.Context*l.Tensor || l.Data*l.Context*l.Tensor%l.Expert != 0:
		return recipe.Bad("expert", "is %d, which does not divide data x context x tensor, %d", l.Expert, l.Data*l.Context*l.Tensor)
	case l.Zero < 0 || l.Zero > 3:
		return recipe.Bad("zero", "is %d; ZeRO has stages 0 to 3", l.Zero)
	}
	switch l.Recompute {
	case RecomputeNone, RecomputeSelective, RecomputeFull:
		return nil
	}
	return recipe.Bad("recompute", "is %q; it must be none, selective or full", l.Recompute)
}
