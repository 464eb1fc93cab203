package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// CheckGGUF returns nil if llama.cpp computes what this decoder does for cfg,
// and otherwise an error that names the field in which they differ. Fields that
// matter in training only are lost in a GGUF file and no error.
func CheckGGUF(c *Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	refuse := func(field, why string, args ...any) error {
		return fmt.Errorf("%s: %s, so the model cannot be written as GGUF", field, fmt.Sprintf(why, args...))
	}
	arch := archOf(c.ModelType)
	switch {
	case c.Scalar:
		return refuse("architectures", "llama.cpp has no head of one number for it")
	case c.Vision != nil:
		return fmt.Errorf("%w; 'polymath convert SRC DIR' writes it as a directory",
			refuse("vision_config", "llama.cpp keeps what a model sees with in a second file"))
	case c.SlidingWindow > 0 && c.SlidingWindow < c.MaxPositions && arch != archMellum:
		return refuse("sliding_window", "llama.cpp has no window for %s", c.ModelType)
	case c.RouterBias:
		return refuse("router_bias", "llama.cpp has no bias on the choice of experts for %s", c.ModelType)
	case c.SharedExpertSize > 0:
		return refuse("shared_expert_intermediate_size", "llama.cpp has no shared expert without a gate")
	case len(c.EOSTokenIDs) > len(endTokens):
		return refuse("eos_token_id", "GGUF names %d such tokens and not %d", len(endTokens), len(c.EOSTokenIDs))
	case (arch == archQwen2 || arch == archOLMoE) && c.headDim()*c.NumHeads != c.HiddenSize:
		return refuse("head_dim", "llama.cpp wants num_attention_heads times it to be hidden_size, %d", c.HiddenSize)
	case arch == archOLMoE && c.NumKVHeads != c.NumHeads:
		return refuse("num_key_value_heads", "llama.cpp wants as many as num_attention_heads for olmoe")
	}
	if err := c.checkExpertsGGUF(refuse); err != nil {
		return err
	}
	return c.checkRopeGGUF(refuse)
}

type refusal func(field, why string, args ...any) error

func (c *Config) checkExpertsGGUF(refuse refusal) error {
	if !c.mixture() {
		return nil
	}
	if c.NumExperts == 0 {
		return refuse("num_experts", "llama.cpp wants experts for %s; make it qwen3", c.ModelType)
	}
	for l := range c.NumLayers {
		if !c.Sparse(l) {
			return refuse("mlp_only_layers and decoder_sparse_step", "llama.cpp wants experts in every layer, and layer %d is dense", l)
		}
	}
	if normed := c.ModelType != OLMoE; c.NormTopKProb != normed {
		return refuse("norm_topk_prob", "llama.cpp computes %s with %v", c.ModelType, normed)
	}
	return nil
}

func (c *Config) checkRopeGGUF(refuse refusal) error {
	s := c.RopeScaling
	switch {
	case c.LayerTypes != nil && c.slidingTheta() != c.RopeTheta:
		return refuse("sliding_rope_theta", "llama.cpp computes all layers with rope_theta")
	case c.ModelType == Mellum && c.SlidingWindow > 0 && c.LayerTypes == nil && (s != nil || c.SlidingRopeTheta != 0):
		return refuse("layer_types", "where all layers slide, rope_scaling and sliding_rope_theta are of none or of all of them")
	case s == nil:
	case s.Type == RopeLlama3 && archOf(c.ModelType) != archLlama:
		return refuse("rope_scaling.rope_type", "llama.cpp does not do llama3 for %s", c.ModelType)
	case s.Type == RopeYaRN && s.AttentionFactor != 0:
		return refuse("rope_scaling.attention_factor", "llama.cpp computes its own")
	case s.Type == RopeYaRN && (orDefault(s.BetaFast, 32) != 32 || orDefault(s.BetaSlow, 1) != 1):
		return refuse("rope_scaling.beta_fast and beta_slow", "llama.cpp computes with 32 and 1")
	}
	return nil
}

// ggufPairs describes the model and its special tokens.
func ggufPairs(c *Config, list []tensor.Source) []gguf.Pair {
	arch := archOf(c.ModelType)
	pairs := []gguf.Pair{
		{Key: "general.architecture", Value: arch},
		{Key: "general.type", Value: "model"},
		{Key: "general.file_type", Value: fileType(list)},
		{Key: "general.quantization_version", Value: uint32(2)},
	}
	own := func(name string, value any) {
		if n, ok := value.(int); ok {
			value = uint32(n) // Validate bounds them
		}
		if x, ok := value.(float64); ok {
			value = float32(x)
		}
		pairs = append(pairs, gguf.Pair{Key: arch + "." + name, Value: value})
	}
	own("vocab_size", c.VocabSize)
	own("context_length", c.MaxPositions)
	own("embedding_length", c.HiddenSize)
	own("block_count", c.NumLayers)
	own("feed_forward_length", c.IntermediateSize)
	own("attention.head_count", c.NumHeads)
	own("attention.head_count_kv", c.NumKVHeads)
	own("attention.key_length", c.headDim())
	own("attention.value_length", c.headDim())
	own("attention.layer_norm_rms_epsilon", c.RMSNormEps)
	own("rope.dimension_count", c.headDim())
	own("rope.freq_base", c.RopeTheta)
	if c.NumExperts > 0 {
		own("expert_count", c.NumExperts)
		own("expert_used_count", c.NumExpertsPerTok)
		if c.expertsApart() {
			own("expert_feed_forward_length", c.MoEIntermediateSize)
		}
	}
	if c.ModelType == Mellum && c.SlidingWindow > 0 {
		slides := make([]bool, c.NumLayers)
		for l := range slides {
			slides[l] = c.Window(l) > 0
		}
		own(keyWindow, c.SlidingWindow)
		own(keyPattern, slides)
		own(keySlidingTheta, c.slidingTheta())
	}
	if s := c.RopeScaling; s != nil {
		if s.Type != RopeLlama3 { // which is in the factors
			own("rope.scaling.type", s.Type)
			own("rope.scaling.factor", s.Factor)
		}
		if s.OriginalPositions > 0 {
			own("rope.scaling.original_context_length", s.OriginalPositions)
		}
	}
	return append(pairs, c.tokenPairs()...)
}

// tokenPairs names the special tokens.
func (c *Config) tokenPairs() (pairs []gguf.Pair) {
	token := func(name string, id int) {
		if id >= 0 {
			pairs = append(pairs, gguf.Pair{Key: tokenKey(name), Value: uint32(id)})
		}
	}
	token("bos", c.BOSTokenID)
	for i, id := range c.EOSTokenIDs {
		token(endTokens[i], id)
	}
	token("padding", c.PadTokenID)
	return pairs
}

// fileTypes are llama.cpp's numbers for files mostly of a format; of those of
// blocks of 256 the medium mixture's.
var fileTypes = map[tensor.DType]uint32{
	tensor.DTypeF32: 0, tensor.DTypeF16: 1, tensor.DTypeQ4_0: 2, tensor.DTypeQ8_0: 7,
	tensor.DTypeQ4K: 15, tensor.DTypeQ5K: 17, tensor.DTypeQ6K: 18, tensor.DTypeBF16: 32, tensor.DTypeMXFP4: 38,
}

// fileType returns the number for the format in which most weights are.
func fileType(list []tensor.Source) uint32 {
	numbers := map[tensor.DType]int{}
	most := tensor.DTypeF32
	for _, s := range list {
		n := 1
		for _, d := range s.Shape {
			n *= d
		}
		if numbers[s.DType] += n; numbers[s.DType] > numbers[most] {
			most = s.DType
		}
	}
	return fileTypes[most]
}
