package model

import (
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/tensor/gguf"
)

// ggufHarmless are keys of an architecture that do not change what the decoder
// computes.
var ggufHarmless = []string{
	"rope.scaling.finetuned", // provenance
	"tensor_data_layout",     // a note of the first converters
	"pooling_type",           // how embeddings of texts are made
}

// readGGUFConfig reads the Config of the file at path.
func readGGUFConfig(path string) (*Config, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	c, err := ggufConfig(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ggufConfig reads the Config of an open file.
func ggufConfig(file *gguf.File) (*Config, error) {
	return parseGGUF(file.Metadata().Pairs(), ggufFacts{
		shape: func(name string) []int {
			if t, err := file.Mapped(name); err == nil {
				return t.Shape
			}
			return nil
		},
		factors: func() ([]float32, error) { return ropeFactors(file) },
	})
}

// ggufFacts is what the Config takes from the tensors.
type ggufFacts struct {
	shape   func(name string) []int   // nil = there is no such tensor
	factors func() ([]float32, error) // of rope_freqs.weight, nil if absent
}

// parseGGUF makes a Config of the metadata. A key that asks for something that
// the decoder does not do, and a key of the architecture that it does not know,
// are errors that name the key. The result is valid.
func parseGGUF(pairs []gguf.Pair, facts ggufFacts) (*Config, error) {
	k := newKeys(pairs)
	c, err := ggufDefault(k)
	if err != nil {
		return nil, err
	}
	c.ggufSizes(k, facts)
	c.ggufAttention(k)
	c.ggufExperts(k)
	c.ggufRope(k, facts)
	c.ggufTokens(k)
	k.rest(ggufHarmless)
	if k.err != nil {
		return nil, k.err
	}
	return c, c.Validate()
}

// ggufDefault returns the defaults of the architecture's model type.
func ggufDefault(k *keys) (*Config, error) {
	if kind, ok := k.all["general.type"]; ok && kind != "model" {
		return nil, fmt.Errorf("general.type is %s; only a whole language model can be opened", brief(kind))
	}
	v, ok := k.all["general.architecture"]
	if !ok {
		return nil, fmt.Errorf("general.architecture is missing")
	}
	arch, ok := v.(string)
	if !ok || !slices.Contains(architecturesGGUF, arch) {
		return nil, fmt.Errorf("general.architecture is %s; this decoder covers %v", brief(v), architecturesGGUF)
	}
	k.enter(arch)
	modelType := arch
	switch arch {
	case archQwen3MoE:
		modelType = Qwen3MoE
	case archLlama:
		experts := 0
		if v, ok := k.left["expert_count"]; ok { // read again with the experts
			experts, _ = wholeNumber(v)
		}
		if experts > 0 {
			modelType = Mixtral
		}
	}
	c, err := Default(modelType)
	if err != nil {
		return nil, err
	}
	c.SlidingWindow, c.SlidingRopeTheta = 0, 0
	c.RopeTheta = 10000 // what llama.cpp computes with where the file does not say
	return c, nil
}

func (c *Config) ggufSizes(k *keys, facts ggufFacts) {
	k.need("embedding_length", &c.HiddenSize)
	k.need("block_count", &c.NumLayers)
	k.need("context_length", &c.MaxPositions)
	if !k.number("feed_forward_length", &c.IntermediateSize) && !c.expertsApart() { // whose experts have their own
		k.fail("feed_forward_length", "missing")
	}
	if !k.real("attention.layer_norm_rms_epsilon", &c.RMSNormEps) {
		k.fail("attention.layer_norm_rms_epsilon", "missing")
	}
	shape := facts.shape(ggufOutside[embedName])
	if len(shape) != 2 && k.err == nil {
		k.err = fmt.Errorf("tensor %s of two dimensions is missing; a file of a vocabulary alone is no model", ggufOutside[embedName])
		return
	}
	if len(shape) == 2 {
		c.VocabSize = shape[0]
	}
	said := c.VocabSize
	if k.number("vocab_size", &said); said != c.VocabSize {
		k.fail("vocab_size", "is %d, but %s has %d rows", said, ggufOutside[embedName], c.VocabSize)
	}
	c.TieEmbeddings = facts.shape(ggufHead) == nil
}

func (c *Config) ggufAttention(k *keys) {
	k.need("attention.head_count", &c.NumHeads)
	c.NumKVHeads = c.NumHeads
	k.number("attention.head_count_kv", &c.NumKVHeads)
	c.HeadDim = 0
	if !k.number("attention.key_length", &c.HeadDim) && c.NumHeads > 0 {
		c.HeadDim = c.HiddenSize / c.NumHeads
	}
	value := c.HeadDim
	if k.number("attention.value_length", &value); value != c.HeadDim {
		k.fail("attention.value_length", "is %d, but keys have %d; in this decoder they are of one length", value, c.HeadDim)
	}
	if c.ModelType == OLMoE && c.HeadDim > 0 && c.HeadDim*c.NumHeads == c.HiddenSize {
		c.HeadDim = 0 // its config.json has no such field
	}
	if c.ModelType == Mellum {
		c.ggufWindow(k)
	} else {
		k.none("attention.sliding_window", "llama.cpp has no window in this architecture, and neither has this file's model")
	}
	if v, ok := k.take("attention.causal"); ok && v != true {
		k.fail("attention.causal", "is %s: this decoder looks back only", brief(v))
	}
}

func (c *Config) ggufExperts(k *keys) {
	if !c.mixture() {
		k.none("expert_count", "this architecture is dense")
		k.none("expert_used_count", "this architecture is dense")
		return
	}
	k.need("expert_count", &c.NumExperts)
	k.need("expert_used_count", &c.NumExpertsPerTok)
	k.none("expert_shared_count", "this decoder does not do shared experts with a gate")
	k.none("expert_shared_feed_forward_length", "this decoder does not do shared experts with a gate")
	k.none("leading_dense_block_count", "every layer of this architecture has experts")
	k.none("expert_group_count", "this decoder does not choose experts by groups")
	k.none("expert_group_used_count", "this decoder does not choose experts by groups")
	c.NormTopKProb = c.ModelType != OLMoE
	if v, ok := k.take("expert_weights_norm"); ok && v != c.NormTopKProb {
		k.fail("expert_weights_norm", "is %s, but in this architecture it is %v", brief(v), c.NormTopKProb)
	}
	scale := 1.0
	if k.real("expert_weights_scale", &scale); scale != 1 && scale != 0 {
		k.fail("expert_weights_scale", "is %v: this decoder does not scale the experts' sum", scale)
	}
	gating := gatingSoftmax
	if k.number("expert_gating_func", &gating); gating != gatingSoftmax {
		k.fail("expert_gating_func", "is %d: this decoder's gates are a softmax, %d", gating, gatingSoftmax)
	}
	c.MoEIntermediateSize = c.IntermediateSize
	if c.expertsApart() {
		if !k.number("expert_feed_forward_length", &c.MoEIntermediateSize) && c.NumExpertsPerTok > 0 {
			c.MoEIntermediateSize = c.IntermediateSize / c.NumExpertsPerTok
		}
		return
	}
	width := c.IntermediateSize
	if k.number("expert_feed_forward_length", &width); width != c.IntermediateSize {
		k.fail("expert_feed_forward_length", "is %d, but experts of this architecture have feed_forward_length, %d", width, c.IntermediateSize)
	}
}

const gatingSoftmax = 1

// ggufTokens reads the special tokens. Text generation ends at any of the three
// that llama.cpp ends at.
func (c *Config) ggufTokens(k *keys) {
	token := func(name string) int {
		key := tokenKey(name)
		v, ok := k.all[key]
		if !ok || v == uint32(1<<32-1) { // which older converters wrote for none
			return -1
		}
		n, err := wholeNumber(v)
		if (err != nil || n < 0 || n >= c.VocabSize) && k.err == nil {
			k.err = fmt.Errorf("%s is %s, outside the vocabulary of %d", key, brief(v), c.VocabSize)
		}
		return n
	}
	c.BOSTokenID, c.PadTokenID = token("bos"), token("padding")
	for _, name := range endTokens {
		if id := token(name); id >= 0 && !slices.Contains(c.EOSTokenIDs, id) {
			c.EOSTokenIDs = append(c.EOSTokenIDs, id)
		}
	}
}

// endTokens are the names of the tokens that end an answer: of text, of a turn,
// of a message.
var endTokens = []string{"eos", "eot", "eom"}

// tokenKey is the key of the special token of that name.
func tokenKey(name string) string { return "tokenizer.ggml." + name + "_token_id" }
