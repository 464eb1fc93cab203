package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/model/vision"
)

// Model types that the decoder covers, by the ecosystem's own names. Models
// that start here are Qwen3 (dense) or Qwen3MoE.
const (
	Llama    = "llama"
	Mistral  = "mistral"
	Mixtral  = "mixtral"
	Qwen2    = "qwen2"
	Qwen3    = "qwen3"
	Qwen3MoE = "qwen3_moe"
	OLMoE    = "olmoe"
	Mellum   = "mellum" // Qwen3MoE with kinds of attention by layer
)

var modelTypes = []string{Llama, Mistral, Mixtral, Qwen2, Qwen3, Qwen3MoE, OLMoE, Mellum}

// Config is the shape of a decoder. Names in JSON and YAML are those of the
// ecosystem's config.json; the fields that transformers does not have are
// marked "ours". The zero value of an optional field means that the feature is
// off. A Config is plain data: copy it freely, and do not change one that a
// Model holds.
type Config struct {
	ModelType string `json:"model_type" yaml:"model_type"` // one of the constants above

	VocabSize  int `json:"vocab_size" yaml:"vocab_size"`
	HiddenSize int `json:"hidden_size" yaml:"hidden_size"` // D, width of the residual stream
	NumLayers  int `json:"num_hidden_layers" yaml:"num_hidden_layers"`
	// IntermediateSize is the width of a dense layer's SwiGLU. Mixtral and
	// OLMoE write their experts' width here; reading moves it to
	// MoEIntermediateSize as well.
	IntermediateSize int `json:"intermediate_size" yaml:"intermediate_size"`

	NumHeads   int `json:"num_attention_heads" yaml:"num_attention_heads"`
	NumKVHeads int `json:"num_key_value_heads" yaml:"num_key_value_heads"` // divides NumHeads
	HeadDim    int `json:"head_dim" yaml:"head_dim"`                       // 0 = HiddenSize / NumHeads
	// SlidingWindow is how many keys a query sees, itself included, in the layers
	// that slide; 0 = all.
	SlidingWindow int `json:"sliding_window" yaml:"sliding_window"`
	// LayerTypes is FullAttention or SlidingAttention for every layer; nil = all
	// slide if SlidingWindow is set. See Window.
	LayerTypes []string `json:"layer_types" yaml:"layer_types"`
	// AttentionBias adds biases to the query, key and value products (Qwen2).
	AttentionBias bool `json:"attention_bias" yaml:"attention_bias"`

	MaxPositions int          `json:"max_position_embeddings" yaml:"max_position_embeddings"`
	RopeTheta    float64      `json:"rope_theta" yaml:"rope_theta"`
	RopeScaling  *RopeScaling `json:"rope_scaling" yaml:"rope_scaling"` // nil = none; in Mellum of the full layers alone
	// SlidingRopeTheta is RopeTheta of the layers that slide, which Mellum has
	// apart; 0 = RopeTheta.
	SlidingRopeTheta float64 `json:"sliding_rope_theta" yaml:"sliding_rope_theta"`

	RMSNormEps      float64 `json:"rms_norm_eps" yaml:"rms_norm_eps"`
	TieEmbeddings   bool    `json:"tie_word_embeddings" yaml:"tie_word_embeddings"`
	InitStd         float64 `json:"initializer_range" yaml:"initializer_range"`
	BOSTokenID      int     `json:"bos_token_id" yaml:"bos_token_id"` // -1 = none
	PadTokenID      int     `json:"pad_token_id" yaml:"pad_token_id"` // -1 = none
	EOSTokenIDs     []int   `json:"eos_token_id" yaml:"eos_token_id"`
	OutputZLossCoef float64 `json:"z_loss_coef" yaml:"z_loss_coef"` // ours: coefficient of the mean of logsumexp(logits)^2

	NumExperts          int     `json:"num_experts" yaml:"num_experts"` // 0 = every layer is dense
	NumExpertsPerTok    int     `json:"num_experts_per_tok" yaml:"num_experts_per_tok"`
	MoEIntermediateSize int     `json:"moe_intermediate_size" yaml:"moe_intermediate_size"`
	NormTopKProb        bool    `json:"norm_topk_prob" yaml:"norm_topk_prob"` // gates of a token sum to 1
	RouterAuxLossCoef   float64 `json:"router_aux_loss_coef" yaml:"router_aux_loss_coef"`
	DecoderSparseStep   int     `json:"decoder_sparse_step" yaml:"decoder_sparse_step"` // 0 and 1: every layer has experts
	MLPOnlyLayers       []int   `json:"mlp_only_layers" yaml:"mlp_only_layers"`         // layers that stay dense

	RouterZLossCoef  float64 `json:"router_z_loss_coef" yaml:"router_z_loss_coef"`                           // ours: ST-MoE, arXiv:2202.08906, 3.2
	RouterBias       bool    `json:"router_bias" yaml:"router_bias"`                                         // ours: balancing bias on the choice of experts, arXiv:2408.15664
	CapacityFactor   float64 `json:"capacity_factor" yaml:"capacity_factor"`                                 // ours: 0 = dropless; else an expert takes at most ceil(factor*T*K/E) rows of a microbatch in training
	SharedExpertSize int     `json:"shared_expert_intermediate_size" yaml:"shared_expert_intermediate_size"` // ours: width of an expert that every token passes, added without a gate

	// Scalar: the model gives one number in place of logits. config.json names a
	// ...ForSequenceClassification with one label, and the weights have score.weight
	// [1, D] in place of lm_head.weight. A Model of it is the decoder without a head.
	Scalar bool `json:"-" yaml:"-"`

	// Vision is the tower by which the model sees; nil = it cannot. With one,
	// config.json is LLaVA's, and what is above is its text_config.
	Vision *vision.Config `json:"-" yaml:"-"`
}

// QKNorm says what the RMSNorm on queries and keys spans.
type QKNorm int

// The three forms of norm on queries and keys.
const (
	NoQKNorm    QKNorm = iota
	HeadQKNorm         // each head by itself, one weight of HeadDim shared by the heads (Qwen3)
	WidthQKNorm        // all heads together (OLMoE)
)

// QKNorm returns the norm on queries and keys that the model type implies.
func (c *Config) QKNorm() QKNorm {
	switch c.ModelType {
	case Qwen3, Qwen3MoE, Mellum:
		return HeadQKNorm
	case OLMoE:
		return WidthQKNorm
	}
	return NoQKNorm
}

// Sparse reports whether layer l has experts.
func (c *Config) Sparse(l int) bool {
	step := max(c.DecoderSparseStep, 1)
	return c.NumExperts > 0 && (l+1)%step == 0 && !slices.Contains(c.MLPOnlyLayers, l)
}

// mixture reports whether the model type can have experts.
func (c *Config) mixture() bool {
	return c.ModelType == Mixtral || c.ModelType == OLMoE || c.expertsApart()
}

// expertsApart reports whether the model type has a width of experts beside that
// of dense layers, which may stand between those with experts.
func (c *Config) expertsApart() bool { return c.ModelType == Qwen3MoE || c.ModelType == Mellum }

// headDim returns HeadDim with its default filled in.
func (c *Config) headDim() int {
	if c.HeadDim > 0 || c.NumHeads == 0 {
		return c.HeadDim
	}
	return c.HiddenSize / c.NumHeads
}

// Default returns a Config with the ecosystem's defaults for the model type:
// everything but the sizes, which have none. An unknown type is an error that
// lists the known ones.
func Default(modelType string) (*Config, error) {
	if !slices.Contains(modelTypes, modelType) {
		return nil, fmt.Errorf("model_type %q is not one of %v", modelType, modelTypes)
	}
	c := &Config{
		ModelType:    modelType,
		MaxPositions: 32768,
		RopeTheta:    10000,
		RMSNormEps:   1e-6,
		InitStd:      0.02,
		BOSTokenID:   -1,
		PadTokenID:   -1,
	}
	switch modelType {
	case Llama:
		c.MaxPositions = 2048
	case Mistral:
		c.MaxPositions, c.SlidingWindow = 131072, 4096
	case Mixtral:
		c.MaxPositions, c.RopeTheta, c.RMSNormEps = 131072, 1e6, 1e-5
		c.NumExperts, c.NumExpertsPerTok, c.NormTopKProb = 8, 2, true
		c.RouterAuxLossCoef = 0.001
	case Qwen2:
		c.AttentionBias = true
	case Qwen3:
		c.HeadDim = 128
	case Qwen3MoE:
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize = 128, 8, 768
		c.RouterAuxLossCoef, c.DecoderSparseStep = 0.001, 1
	case Mellum:
		c.MaxPositions, c.HeadDim, c.RopeTheta, c.SlidingRopeTheta = 131072, 128, 5e5, 1e4
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize, c.NormTopKProb = 64, 8, 896, true
		c.RouterAuxLossCoef, c.DecoderSparseStep = 0.001, 1
	case OLMoE:
		c.MaxPositions, c.RMSNormEps = 4096, 1e-5
		c.NumExperts, c.NumExpertsPerTok = 64, 8
		c.RouterAuxLossCoef = 0.01
	}
	return c, nil
}

// Validate returns an error that names the first field whose value is
// impossible, and says what is allowed.
func (c *Config) Validate() error {
	if !slices.Contains(modelTypes, c.ModelType) {
		return fmt.Errorf("model_type %q is not one of %v", c.ModelType, modelTypes)
	}
	for _, f := range []func() error{c.validateSizes, c.validateAttention, c.validateLayerTypes, c.validateExperts, c.validateVision, c.validateCount, c.validateNumbers, c.validateTokens} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// Limits that no model of this family comes near. Together with maxParams they
// keep products of sizes within 63 bits; angles up to maxPositions are what
// kernel.SinCos takes.
const (
	maxSize      = 1 << 24
	maxLayers    = 1 << 12
	maxPositions = 1 << 20
	maxParams    = 1 << 53
	maxMatrices  = 1 << 20 // of experts, each a tensor by itself
)

func (c *Config) validateSizes() error {
	sizes := []struct {
		name     string
		value    int
		low, top int
	}{
		{"vocab_size", c.VocabSize, 2, maxSize},
		{"hidden_size", c.HiddenSize, 2, maxSize},
		{"num_hidden_layers", c.NumLayers, 1, maxLayers},
		{"num_attention_heads", c.NumHeads, 1, 1 << 14},
		{"num_key_value_heads", c.NumKVHeads, 1, 1 << 14},
		{"head_dim", c.HeadDim, 0, 1 << 12},
		{"intermediate_size", c.IntermediateSize, 0, maxSize},
		{"max_position_embeddings", c.MaxPositions, 1, maxPositions},
		{"sliding_window", c.SlidingWindow, 0, 1 << 30},
	}
	for _, s := range sizes {
		if s.value < s.low || s.value > s.top {
			return fmt.Errorf("%s is %d; it must be between %d and %d", s.name, s.value, s.low, s.top)
		}
	}
	if n := len(c.MLPOnlyLayers); c.NumExperts > 0 && n > c.NumLayers { // Sparse looks through all of them
		return fmt.Errorf("mlp_only_layers names %d layers; num_hidden_layers is %d", n, c.NumLayers)
	}
	for l := range c.NumLayers {
		if !c.Sparse(l) && c.IntermediateSize == 0 {
			return fmt.Errorf("intermediate_size is 0, but layer %d is dense and needs it", l)
		}
	}
	return nil
}

// validateCount bounds the number of parameters, counted in float64, which
// does not overflow.
func (c *Config) validateCount() error {
	d, l := float64(c.HiddenSize), float64(c.NumLayers)
	heads := float64(2*c.NumHeads+2*c.NumKVHeads) * float64(c.headDim())
	ffn := max(float64(c.IntermediateSize), float64(c.NumExperts)*float64(c.MoEIntermediateSize)) + float64(c.SharedExpertSize)
	most := d*(2*float64(c.VocabSize)+l*(heads+float64(c.NumExperts)+3*ffn)) + c.countVision()
	if most > maxParams {
		return fmt.Errorf("hidden_size %d, num_hidden_layers %d and the widths of the layers make up to %.2g parameters; at most %.2g can be counted",
			c.HiddenSize, c.NumLayers, most, float64(maxParams))
	}
	return nil
}

func (c *Config) validateAttention() error {
	if c.SlidingWindow > 0 && (c.ModelType == Llama || c.ModelType == OLMoE) {
		return fmt.Errorf("sliding_window is %d, but model_type %s has no window; set it to 0", c.SlidingWindow, c.ModelType)
	}
	if c.NumHeads%c.NumKVHeads != 0 {
		return fmt.Errorf("num_attention_heads %d is not a multiple of num_key_value_heads %d", c.NumHeads, c.NumKVHeads)
	}
	if c.HeadDim == 0 && c.HiddenSize%c.NumHeads != 0 {
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d; set head_dim", c.HiddenSize, c.NumHeads)
	}
	if c.headDim()%2 != 0 {
		return fmt.Errorf("head_dim is %d; rotary embedding needs an even number", c.headDim())
	}
	if c.AttentionBias && c.ModelType != Qwen2 {
		return fmt.Errorf("attention_bias: model_type %s would put a bias on the output product too, which this decoder does not do; use qwen2", c.ModelType)
	}
	if c.ModelType == Qwen2 && !c.AttentionBias {
		return fmt.Errorf("attention_bias is false, but model_type qwen2 always has biases")
	}
	return nil
}

func (c *Config) validateExperts() error {
	if c.NumExperts == 0 {
		if c.ModelType == Mixtral || c.ModelType == OLMoE {
			return fmt.Errorf("num_experts is 0, but model_type %s is a mixture of experts", c.ModelType)
		}
		return nil
	}
	switch {
	case !c.mixture():
		return fmt.Errorf("num_experts is %d, but model_type %s has no experts; use qwen3_moe", c.NumExperts, c.ModelType)
	case c.NumExperts < 0 || c.NumExperts > 1<<14:
		return fmt.Errorf("num_experts is %d; it must be between 0 and %d", c.NumExperts, 1<<14)
	case c.NumExpertsPerTok < 1 || c.NumExpertsPerTok > c.NumExperts:
		return fmt.Errorf("num_experts_per_tok is %d; it must be between 1 and num_experts, %d", c.NumExpertsPerTok, c.NumExperts)
	case c.MoEIntermediateSize < 1 || c.MoEIntermediateSize > maxSize:
		return fmt.Errorf("moe_intermediate_size is %d; it must be between 1 and %d", c.MoEIntermediateSize, maxSize)
	case !c.expertsApart() && c.MoEIntermediateSize != c.IntermediateSize:
		return fmt.Errorf("moe_intermediate_size is %d, but model_type %s calls it intermediate_size, which is %d", c.MoEIntermediateSize, c.ModelType, c.IntermediateSize)
	case c.SharedExpertSize < 0 || c.SharedExpertSize > maxSize:
		return fmt.Errorf("shared_expert_intermediate_size is %d; it must be between 0 and %d", c.SharedExpertSize, maxSize)
	case 3*c.NumExperts*c.NumLayers > maxMatrices:
		return fmt.Errorf("num_experts %d in num_hidden_layers %d make %d matrices; at most %d are taken", c.NumExperts, c.NumLayers, 3*c.NumExperts*c.NumLayers, maxMatrices)
	case c.DecoderSparseStep < 0 || c.DecoderSparseStep > c.NumLayers:
		return fmt.Errorf("decoder_sparse_step is %d; it must be between 0 and num_hidden_layers, %d", c.DecoderSparseStep, c.NumLayers)
	case c.ModelType == Mellum && c.DecoderSparseStep > 1:
		return fmt.Errorf("decoder_sparse_step is %d, but model_type mellum has none; name its dense layers in mlp_only_layers", c.DecoderSparseStep)
	case !c.expertsApart() && (c.DecoderSparseStep > 1 || len(c.MLPOnlyLayers) > 0):
		return fmt.Errorf("decoder_sparse_step and mlp_only_layers: every layer of model_type %s has experts; use qwen3_moe", c.ModelType)
	case c.ModelType == Mixtral && !c.NormTopKProb:
		return fmt.Errorf("norm_topk_prob is false, but the gates of model_type mixtral always sum to 1; use qwen3_moe")
	case c.CapacityFactor != 0 && !(c.CapacityFactor > 0 && c.CapacityFactor <= 1<<14):
		return fmt.Errorf("capacity_factor is %v; it must be 0 (dropless) or positive", c.CapacityFactor)
	}
	for _, l := range c.MLPOnlyLayers {
		if l < 0 || l >= c.NumLayers {
			return fmt.Errorf("mlp_only_layers names layer %d of %d", l, c.NumLayers)
		}
	}
	return nil
}

func (c *Config) validateNumbers() error {
	numbers := []struct {
		name     string
		value    float64
		low, top float64
	}{
		{"rms_norm_eps", c.RMSNormEps, 1e-12, 1},
		{"rope_theta", c.RopeTheta, 1, 1e12},
		{"sliding_rope_theta", c.slidingTheta(), 1, 1e12},
		{"initializer_range", c.InitStd, 0, 10},
		{"z_loss_coef", c.OutputZLossCoef, 0, 1e3},
		{"router_z_loss_coef", c.RouterZLossCoef, 0, 1e3},
		{"router_aux_loss_coef", c.RouterAuxLossCoef, 0, 1e3},
	}
	for _, n := range numbers {
		if math.IsNaN(n.value) || n.value < n.low || n.value > n.top {
			return fmt.Errorf("%s is %v; it must be between %v and %v", n.name, n.value, n.low, n.top)
		}
	}
	if c.SlidingRopeTheta != 0 && c.ModelType != Mellum {
		return fmt.Errorf("sliding_rope_theta is %v, but model_type %s has one rope_theta for all layers; use mellum", c.SlidingRopeTheta, c.ModelType)
	}
	if c.RopeScaling != nil {
		return c.RopeScaling.validate()
	}
	return nil
}

func (c *Config) validateTokens() error {
	check := func(name string, id int) error {
		if id < -1 || id >= c.VocabSize {
			return fmt.Errorf("%s is %d, outside the vocabulary of %d", name, id, c.VocabSize)
		}
		return nil
	}
	if err := check("bos_token_id", c.BOSTokenID); err != nil {
		return err
	}
	if err := check("pad_token_id", c.PadTokenID); err != nil {
		return err
	}
	for _, id := range c.EOSTokenIDs {
		if err := check("eos_token_id", id); err != nil || id < 0 {
			return fmt.Errorf("eos_token_id is %d, outside the vocabulary of %d", id, c.VocabSize)
		}
	}
	return nil
}
