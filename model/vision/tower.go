package vision

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
)

// Tower is the vision tower with its projector: a transformer that reads the
// patches of views (Dosovitskiy et al., arXiv:2010.11929) as SigLIP has it, with
// LayerNorm before each sublayer, attention from all patches of a view to all,
// and no class token; then two matrices with GELU between them. A view's rows
// depend on that view alone. Goroutines may share a Tower, each with its own
// Workspace; gradients go to Param.Grad, which one Backward at a time may write.
type Tower struct {
	cfg       *Config
	width     int // D
	params    []*nn.Param
	patch     nn.Linear
	positions nn.Embedding
	layers    []*layer // those that features need; the rest are among params only
	projector nn.MLP
}

// layer is one block of the tower.
type layer struct {
	norm1, norm2 *nn.LayerNorm
	attn         *nn.Attention
	mlp          *nn.MLP
	params       []*nn.Param
}

// New returns the tower of cfg, which must be valid, for a decoder of width
// columns. Its Params have no arrays yet.
func New(cfg *Config, width int) *Tower {
	t := &Tower{cfg: cfg, width: width}
	const prefix = "vision_tower.vision_model."
	t.addEmbeddings(prefix + "embeddings.")
	for l := range cfg.NumLayers {
		lay := t.newLayer(fmt.Sprintf("%sencoder.layers.%d.", prefix, l))
		if l < cfg.usedLayers() {
			t.layers = append(t.layers, lay)
		}
	}
	t.addNorm(prefix + "post_layernorm.")
	t.projector = nn.MLP{
		Up:   t.linear("multi_modal_projector.linear_1.", width, cfg.HiddenSize, cfg.InitStd),
		Down: t.linear("multi_modal_projector.linear_2.", width, width, cfg.InitStd),
		Erf:  cfg.ProjectorErf,
	}
	return t
}

// usedLayers returns how many layers run, by FeatureLayer.
func (c *Config) usedLayers() int { return c.NumLayers + c.FeatureLayer + 1 }

// Params returns all parameters in a fixed order, those that features do not
// need among them: they are kept with the tower, and their gradients stay 0.
func (t *Tower) Params() []*nn.Param { return t.params }

func (t *Tower) add(p *nn.Param) *nn.Param {
	t.params = append(t.params, p)
	return p
}

// addEmbeddings adds what makes rows of the tower's width of patches: the
// convolution, which is a matrix here as its stride is its size, and a vector
// for each place in the view.
func (t *Tower) addEmbeddings(prefix string) {
	c := t.cfg
	t.patch = t.linear(prefix+"patch_embedding.", c.HiddenSize, c.PatchLen(), c.InitStd)
	t.patch.Weight.Parts[0].Shape = []int{c.HiddenSize, 3, c.PatchSize, c.PatchSize}
	name := prefix + "position_embedding.weight"
	t.positions.Weight = t.add(&nn.Param{
		Name: name, Groups: 1, Out: c.Patches(), In: c.HiddenSize, Forms: nn.Lookup, NoDecay: true,
		Parts: []nn.Part{{Name: name, Rows: c.Patches(), Shape: []int{c.Patches(), c.HiddenSize}}},
		Start: c.startPositions,
	})
}

func (t *Tower) newLayer(prefix string) *layer {
	c := t.cfg
	first := len(t.params)
	// 2L matrices write to the residual stream and add up there (Radford et al.,
	// GPT-2, 2.3).
	residualStd := c.InitStd / math.Sqrt(float64(2*c.NumLayers))
	l := &layer{norm1: t.addNorm(prefix + "layer_norm1.")}
	l.attn = t.newAttention(prefix+"self_attn.", residualStd)
	l.norm2 = t.addNorm(prefix + "layer_norm2.")
	l.mlp = &nn.MLP{
		Up:   t.linear(prefix+"mlp.fc1.", c.IntermediateSize, c.HiddenSize, c.InitStd),
		Down: t.linear(prefix+"mlp.fc2.", c.HiddenSize, c.IntermediateSize, residualStd),
	}
	l.params = t.params[first:len(t.params):len(t.params)]
	return l
}

func (t *Tower) newAttention(prefix string, residualStd float64) *nn.Attention {
	c := t.cfg
	d, headDim := c.HiddenSize, c.HiddenSize/c.NumHeads
	a := &nn.Attention{Shape: kernel.AttentionShape{
		Heads: c.NumHeads, KVHeads: c.NumHeads, HeadDim: headDim, Bidirectional: true,
		Scale: float32(1 / math.Sqrt(float64(headDim))),
	}}
	a.QKV = t.linear(prefix+"qkv_proj.", 3*d, d, c.InitStd)
	w, b := a.QKV.Weight, a.QKV.Bias
	w.Parts, b.Parts = nil, nil
	for i, name := range []string{"q_proj.", "k_proj.", "v_proj."} {
		w.Parts = append(w.Parts, nn.Part{Name: prefix + name + "weight", Row: i * d, Rows: d})
		b.Parts = append(b.Parts, nn.Part{Name: prefix + name + "bias", Rows: 1, Col: i * d, Cols: d})
	}
	a.Out = t.linear(prefix+"out_proj.", d, d, residualStd)
	return a
}

// linear adds a matrix [out, in] and a bias that the file holds under their own
// names.
func (t *Tower) linear(prefix string, out, in int, std float64) nn.Linear {
	name := prefix + "weight"
	w := &nn.Param{
		Name: name, Groups: 1, Out: out, In: in, InitStd: std, Forms: nn.Product,
		Parts: []nn.Part{{Name: name, Rows: out}},
	}
	return nn.Linear{Weight: t.add(w), Bias: t.vector(prefix+"bias", out, 0, nn.Lookup)}
}

func (t *Tower) vector(name string, n int, fill float32, forms nn.Forms) *nn.Param {
	return t.add(&nn.Param{
		Name: name, Groups: 1, Out: 1, In: n, Fill: fill, NoDecay: true, Forms: forms,
		Parts: []nn.Part{{Name: name, Rows: 1}},
	})
}

func (t *Tower) addNorm(prefix string) *nn.LayerNorm {
	n := t.cfg.HiddenSize
	return &nn.LayerNorm{
		Weight: t.vector(prefix+"weight", n, 1, nn.NormWeight), Bias: t.vector(prefix+"bias", n, 0, nn.NormWeight),
		Eps: float32(t.cfg.LayerNormEps),
	}
}
