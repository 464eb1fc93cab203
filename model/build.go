package model

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/moe"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/model/vision"
)

// layer is one block of the decoder. Either moe or ffn is set.
type layer struct {
	attnNorm, ffnNorm *nn.Norm
	attn              *nn.Attention
	moe               *moe.Layer
	ffn               *nn.FFN
}

// build makes the layers and their parameters without any arrays, so that
// sizes can be computed before anything is allocated.
func build(cfg *Config) *Model {
	m := &Model{cfg: cfg}
	d, v := cfg.HiddenSize, cfg.VocabSize
	embed := m.add(matrix("model.embed_tokens.weight", v, d, cfg.InitStd, nn.Lookup))
	m.embed.Weight = embed
	m.rope = nn.NewRope(cfg.ropeFrequencies())
	m.slidingRope = m.rope
	if cfg.ModelType == Mellum {
		m.slidingRope = nn.NewRope(cfg.slidingFrequencies())
	}
	for l := range cfg.NumLayers {
		m.layers = append(m.layers, m.buildLayer(l))
	}
	m.norm = m.addNorm("model.norm.weight", d)
	switch {
	case cfg.Scalar:
	case cfg.TieEmbeddings:
		embed.Forms |= nn.Product
		m.head.Weight = embed
	default:
		m.head.Weight = m.add(matrix(headName, v, d, cfg.InitStd, nn.Product))
	}
	m.decoder = len(m.params)
	if cfg.Vision != nil {
		m.tower = vision.New(cfg.Vision, d)
		m.params = append(m.params, m.tower.Params()...)
	}
	return m
}

func (m *Model) add(p *Param) *Param {
	m.params = append(m.params, p)
	return p
}

// matrix is a Param of one matrix that the file holds under its own name.
func matrix(name string, out, in int, std float64, forms nn.Forms) *Param {
	return &Param{
		Name: name, Groups: 1, Out: out, In: in, InitStd: std, Forms: forms,
		Parts: []nn.Part{{Name: name, Rows: out}},
	}
}

func vector(name string, n int, fill float32, forms nn.Forms) *Param {
	p := matrix(name, 1, n, 0, forms)
	p.Fill, p.NoDecay = fill, true
	return p
}

func (m *Model) addNorm(name string, width int) *nn.Norm {
	return &nn.Norm{Weight: m.add(vector(name, width, 1, nn.NormWeight)), Eps: float32(m.cfg.RMSNormEps)}
}

func (m *Model) buildLayer(l int) *layer {
	prefix := fmt.Sprintf("model.layers.%d.", l)
	d := m.cfg.HiddenSize
	lay := &layer{}
	lay.attnNorm = m.addNorm(prefix+"input_layernorm.weight", d)
	lay.attn = m.buildAttention(prefix+"self_attn.", l)
	lay.ffnNorm = m.addNorm(prefix+"post_attention_layernorm.weight", d)
	if m.cfg.Sparse(l) {
		lay.moe = m.buildExperts(prefix)
	} else {
		lay.ffn = m.buildFFN(prefix+"mlp.", m.cfg.IntermediateSize)
	}
	return lay
}

// residualStd is the deviation of the weights that write to the residual
// stream: 2L of them add up there (Radford et al., GPT-2, 2.3).
func (c *Config) residualStd() float64 { return c.InitStd / math.Sqrt(float64(2*c.NumLayers)) }

func (m *Model) buildAttention(prefix string, l int) *nn.Attention {
	c := m.cfg
	d, hd := c.HiddenSize, c.headDim()
	q, kv := c.NumHeads*hd, c.NumKVHeads*hd
	qkv := m.add(fuse(prefix+"qkv_proj.weight", d, c.InitStd,
		nn.Piece{Name: prefix + "q_proj.weight", Rows: q}, nn.Piece{Name: prefix + "k_proj.weight", Rows: kv}, nn.Piece{Name: prefix + "v_proj.weight", Rows: kv}))
	a := &nn.Attention{
		Shape: kernel.AttentionShape{
			Heads: c.NumHeads, KVHeads: c.NumKVHeads, HeadDim: hd, Window: c.Window(l),
			Scale: float32(1 / math.Sqrt(float64(hd))),
		},
		QKV:  nn.Linear{Weight: qkv},
		Rope: m.rope,
	}
	if a.Shape.Window > 0 {
		a.Rope = m.slidingRope
	}
	if c.AttentionBias {
		bias := vector(prefix+"qkv_proj.bias", q+2*kv, 0, nn.Lookup)
		bias.Parts = []nn.Part{
			{Name: prefix + "q_proj.bias", Rows: 1, Cols: q},
			{Name: prefix + "k_proj.bias", Rows: 1, Col: q, Cols: kv},
			{Name: prefix + "v_proj.bias", Rows: 1, Col: q + kv, Cols: kv},
		}
		a.QKV.Bias = m.add(bias)
	}
	switch c.QKNorm() {
	case HeadQKNorm:
		a.QNorm, a.KNorm = m.addNorm(prefix+"q_norm.weight", hd), m.addNorm(prefix+"k_norm.weight", hd)
	case WidthQKNorm:
		a.QNorm, a.KNorm = m.addNorm(prefix+"q_norm.weight", q), m.addNorm(prefix+"k_norm.weight", kv)
	}
	a.Out.Weight = m.add(matrix(prefix+"o_proj.weight", d, q, c.residualStd(), nn.Product))
	return a
}

// fuse is a Param of one matrix that the file holds in pieces of its rows.
func fuse(name string, in int, std float64, pieces ...nn.Piece) *Param {
	p := &Param{Name: name, Groups: 1, In: in, InitStd: std, Forms: nn.Product}
	p.AddGroup(0, pieces...)
	return p
}

func (m *Model) buildFFN(prefix string, f int) *nn.FFN {
	d := m.cfg.HiddenSize
	return &nn.FFN{
		GateUp: nn.Linear{Weight: m.add(fuse(prefix+"gate_up_proj.weight", d, m.cfg.InitStd,
			nn.Piece{Name: prefix + "gate_proj.weight", Rows: f}, nn.Piece{Name: prefix + "up_proj.weight", Rows: f}))},
		Down: nn.Linear{Weight: m.add(matrix(prefix+"down_proj.weight", d, f, m.cfg.residualStd(), nn.Product))},
	}
}

func (m *Model) buildExperts(prefix string) *moe.Layer {
	c := m.cfg
	d, f, e := c.HiddenSize, c.MoEIntermediateSize, c.NumExperts
	block, gateName, upName, downName := "mlp.", "gate_proj", "up_proj", "down_proj"
	if c.ModelType == Mixtral {
		block, gateName, upName, downName = "block_sparse_moe.", "w1", "w3", "w2"
	}
	prefix += block
	router := m.add(matrix(prefix+"gate.weight", e, d, c.InitStd, nn.Product))
	gateUp := &Param{Name: prefix + "experts.gate_up_proj.weight", Groups: e, In: d, InitStd: c.InitStd, Forms: nn.Product}
	down := &Param{Name: prefix + "experts.down_proj.weight", Groups: e, In: f, InitStd: c.residualStd(), Forms: nn.Product}
	for i := range e {
		expert := fmt.Sprintf("%sexperts.%d.", prefix, i)
		gateUp.AddGroup(i, nn.Piece{Name: expert + gateName + ".weight", Rows: f}, nn.Piece{Name: expert + upName + ".weight", Rows: f})
		down.AddGroup(i, nn.Piece{Name: expert + downName + ".weight", Rows: d})
	}
	lay := &moe.Layer{
		Router: moe.Router{Weight: router, K: c.NumExpertsPerTok, Norm: c.NormTopKProb},
		GateUp: m.add(gateUp), Down: m.add(down), Factor: c.CapacityFactor,
	}
	if c.SharedExpertSize > 0 {
		lay.Shared = m.buildFFN(prefix+"shared_expert.", c.SharedExpertSize)
	}
	return lay
}
