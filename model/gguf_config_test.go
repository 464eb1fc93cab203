package model

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/tensor/gguf"
)

// TestLlama3Factors: the rule is found in factors that another program computed
// in float32, with the bounds of the Llamas and with others.
func TestLlama3Factors(t *testing.T) {
	c := llamas(t)["llama wide"]
	c.RopeTheta, c.MaxPositions, c.HeadDim = 500000, 131072, 128
	for _, s := range []RopeScaling{
		{Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192},
		{Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192},
		{Factor: 4, LowFreqFactor: 1.5, HighFreqFactor: 6.25, OriginalPositions: 131072},
	} {
		factors := make([]float32, 64)
		for i := range factors {
			f := float32(1 / math.Pow(500000, float64(float32(2*i)/128)))
			wave := 2 * math.Pi / float64(f)
			n := float64(s.OriginalPositions)
			switch {
			case wave < n/s.HighFreqFactor:
				factors[i] = 1
			case wave > n/s.LowFreqFactor:
				factors[i] = float32(s.Factor)
			default:
				smooth := (n/wave - s.LowFreqFactor) / (s.HighFreqFactor - s.LowFreqFactor)
				factors[i] = float32(1 / ((1-smooth)/s.Factor + smooth))
			}
		}
		s.Type = RopeLlama3
		got := *c
		facts := ggufFacts{factors: func() ([]float32, error) { return factors, nil }}
		if err := got.ggufFactors(facts, got.MaxPositions); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&s, got.RopeScaling); diff != "" {
			t.Errorf("found another rule:\n%s", diff)
		}
		factors[20] = 3
		if err := new(*c).ggufFactors(facts, 131072); err == nil || !strings.Contains(err.Error(), ggufRopeFreqs) {
			t.Errorf("factors of no rule: %v", err)
		}
	}
}

// TestGGUFMetadata: bad metadata is refused by the key's name.
func TestGGUFMetadata(t *testing.T) {
	tests := []struct {
		kind, key string
		value     any // nil = missing
		want      string
	}{
		{Llama, "general.architecture", nil, "general.architecture is missing"},
		{Llama, "general.architecture", "gemma3", "gemma3"},
		{Llama, "general.architecture", uint32(3), "general.architecture is 3"},
		{Llama, "general.type", "adapter", "general.type is adapter"},
		{Llama, "llama.block_count", nil, "llama.block_count: missing"},
		{Llama, "llama.block_count", "two", "llama.block_count: two"},
		{Llama, "llama.block_count", uint64(math.MaxUint64), "llama.block_count"},
		{Llama, "llama.block_count", int32(-2), "num_hidden_layers is -2"},
		{Llama, "llama.embedding_length", uint32(1 << 31), "hidden_size"},
		{Llama, "llama.context_length", nil, "llama.context_length: missing"},
		{Llama, "llama.feed_forward_length", []int32{64, 65}, "llama.feed_forward_length: layer 1 has 65"},
		{Llama, "llama.feed_forward_length", []int32{}, "llama.feed_forward_length"},
		{Llama, "llama.feed_forward_length", nil, "llama.feed_forward_length: missing"},
		{Llama, "llama.attention.head_count", uint32(0), "num_attention_heads is 0"},
		{Llama, "llama.attention.head_count", float32(4), "llama.attention.head_count"},
		{Llama, "llama.attention.head_count_kv", uint32(3), "num_key_value_heads 3"},
		{Llama, "llama.attention.key_length", uint32(13), "llama.attention.value_length"},
		{Llama, "llama.attention.value_length", uint32(2), "llama.attention.value_length"},
		{Llama, "llama.attention.sliding_window", uint32(9), "llama.attention.sliding_window"},
		{Llama, "llama.attention.causal", false, "llama.attention.causal"},
		{Llama, "llama.attention.scale", float32(0.1), "llama.attention.scale: this decoder does not know"},
		{Llama, "llama.logit_scale", float32(0.1), "llama.logit_scale"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", nil, "llama.attention.layer_norm_rms_epsilon: missing"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", float32(math.NaN()), "llama.attention.layer_norm_rms_epsilon: NaN"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", uint32(1), "llama.attention.layer_norm_rms_epsilon"},
		{Llama, "llama.vocab_size", uint32(96), "llama.vocab_size: is 96"},
		{Llama, "llama.rope.dimension_count", uint32(6), "llama.rope.dimension_count"},
		{Llama, "llama.rope.dimension_sections", []int32{1, 2}, "llama.rope.dimension_sections"},
		{Llama, "llama.rope.scaling.type", "longrope", "longrope"},
		{Llama, "llama.rope.scaling.type", true, "llama.rope.scaling.type"},
		{Llama, "llama.rope.scaling.attn_factor", float32(2), "llama.rope.scaling.attn_factor"},
		{Llama, "llama.rope.scaling.factor", float32(0.5), "rope_scaling.factor"},
		{Llama, "llama.rope.scaling.yarn_log_multiplier", float32(0.5), "yarn_log_multiplier"},
		{Llama, "llama.expert_used_count", uint32(2), "llama.expert_used_count"},
		{Llama, "tokenizer.ggml.eos_token_id", uint32(97), "tokenizer.ggml.eos_token_id is 97"},
		{Llama, "tokenizer.ggml.bos_token_id", "x", "tokenizer.ggml.bos_token_id"},
		{Mixtral, "llama.expert_used_count", nil, "llama.expert_used_count: missing"},
		{Mixtral, "llama.expert_used_count", uint32(99), "num_experts_per_tok is 99"},
		{Mixtral, "llama.expert_weights_scale", float32(2), "llama.expert_weights_scale"},
		{Mixtral, "llama.expert_gating_func", uint32(2), "llama.expert_gating_func"},
		{Mixtral, "llama.expert_shared_count", uint32(1), "llama.expert_shared_count"},
		{Mixtral, "llama.expert_weights_norm", false, "llama.expert_weights_norm"},
		{OLMoE, "olmoe.expert_count", uint32(0), "num_experts is 0"},
		{Qwen3MoE, "qwen3moe.expert_shared_feed_forward_length", uint32(64), "qwen3moe.expert_shared_feed_forward_length"},
		{Qwen3MoE, "qwen3moe.leading_dense_block_count", uint32(1), "qwen3moe.leading_dense_block_count"},
		{Mellum, "mellum.attention.sliding_window_pattern", []bool{true}, "sliding_window_pattern: tells of 1 layers; block_count is 2"},
		{Mellum, "mellum.attention.sliding_window_pattern", "x", "sliding_window_pattern: x is neither"},
		{Mellum, "mellum.attention.sliding_window", uint32(1 << 31), "sliding_window is"},
		{Mellum, "mellum.rope.freq_base_swa", float32(0.5), "sliding_rope_theta is 0.5"},
		{Qwen3, "qwen3.expert_count", uint32(4), "qwen3.expert_count"},
		{Qwen3, "qwen3.rope.scaling.yarn_ext_factor", float32(0.5), "qwen3.rope.scaling.yarn_ext_factor"},
	}
	for _, tt := range tests {
		c := llamas(t)[tt.kind]
		if tt.kind == Llama {
			c.RopeScaling = nil
		}
		pairs := slices.DeleteFunc(ggufPairs(c, nil), func(p gguf.Pair) bool { return p.Key == tt.key })
		if tt.value != nil {
			pairs = append(pairs, gguf.Pair{Key: tt.key, Value: tt.value})
		}
		_, err := parseGGUF(pairs, factsOf(c))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %v: error %v does not say %q", tt.key, tt.value, err, tt.want)
		}
	}
}

func factsOf(c *Config) ggufFacts {
	return ggufFacts{
		shape: func(name string) []int {
			if name == ggufHead && c.TieEmbeddings {
				return nil
			}
			return []int{c.VocabSize, c.HiddenSize}
		},
		factors: func() ([]float32, error) { return nil, nil },
	}
}

// TestGGUFHarmless: keys that change nothing are taken, and real files' ways of
// saying a thing.
func TestGGUFHarmless(t *testing.T) {
	c := llamas(t)["llama wide"]
	pairs := slices.DeleteFunc(ggufPairs(c, nil), func(p gguf.Pair) bool {
		return p.Key == "llama.attention.key_length" || p.Key == "llama.attention.value_length" || p.Key == "llama.vocab_size" ||
			strings.HasPrefix(p.Key, "tokenizer.") || p.Key == "llama.feed_forward_length"
	})
	pairs = append(pairs,
		gguf.Pair{Key: "llama.feed_forward_length", Value: []int32{256, 256}},
		gguf.Pair{Key: "llama.rope.scaling.finetuned", Value: true},
		gguf.Pair{Key: "llama.rope.scaling.type", Value: "none"},
		gguf.Pair{Key: "llama.expert_count", Value: uint32(0)},
		gguf.Pair{Key: "llama.attention.causal", Value: true},
		gguf.Pair{Key: "tokenizer.ggml.bos_token_id", Value: uint32(math.MaxUint32)},
		gguf.Pair{Key: "tokenizer.ggml.eos_token_id", Value: uint32(4)},
		gguf.Pair{Key: "tokenizer.ggml.eot_token_id", Value: int32(4)},
		gguf.Pair{Key: "tokenizer.ggml.eom_token_id", Value: int32(6)},
		gguf.Pair{Key: "quantize.imatrix.file", Value: "x"},
		gguf.Pair{Key: "qwen2.block_count", Value: uint32(99)},
	)
	got, err := parseGGUF(pairs, factsOf(c))
	if err != nil {
		t.Fatal(err)
	}
	c.EOSTokenIDs, c.BOSTokenID = []int{4, 6}, -1
	checkSameModel(t, "harmless", got, c)
	if got.RMSNormEps != 1e-6 {
		t.Errorf("epsilon %v is not the decimal that was written", got.RMSNormEps)
	}
}

// TestGGUFThetaUnsaid: without rope.freq_base llama.cpp computes with 10000,
// whatever is usual for the model's type in the ecosystem.
func TestGGUFThetaUnsaid(t *testing.T) {
	for _, kind := range []string{Llama, Mixtral, Qwen3, OLMoE, Mellum} {
		c := llamas(t)[kind+" wide"]
		pairs := slices.DeleteFunc(ggufPairs(c, nil), func(p gguf.Pair) bool { return strings.Contains(p.Key, ".rope.freq_base") })
		got, err := parseGGUF(pairs, factsOf(c))
		if err != nil {
			t.Fatal(err)
		}
		if got.RopeTheta != 10000 || got.slidingTheta() != 10000 {
			t.Errorf("%s: theta %v, in layers that slide %v", kind, got.RopeTheta, got.slidingTheta())
		}
	}
}

// FuzzGGUFConfig: whatever the metadata, the reader returns a Config that is
// valid and that writes and reads back equal, or an error.
func FuzzGGUFConfig(f *testing.F) {
	for _, c := range llamas(f) {
		for _, p := range ggufPairs(c, nil) {
			f.Add(c.ModelType, p.Key, int64(1), 0.5, "none", 3, 97)
		}
	}
	f.Add(Mixtral, "llama.rope.scaling.type", int64(7), 2.0, "yarn", 2, 97)
	all := llamas(f)
	f.Fuzz(func(t *testing.T, kind, key string, n int64, x float64, text string, form, rows int) {
		base := all[kind]
		if base == nil || rows < 0 || rows > 1<<20 {
			return
		}
		value := []any{uint32(n), int32(n), uint64(n), n, float32(x), x, text, n > 0, []uint32{uint32(n), uint32(n)}, []int32{int32(n), 1}}[uint(form)%10]
		pairs := mergePairs(ggufPairs(base, nil), []gguf.Pair{{Key: key, Value: value}})
		facts := factsOf(base)
		shape := facts.shape
		facts.shape = func(name string) []int {
			if s := shape(name); s != nil {
				return []int{rows, s[1]}
			}
			return nil
		}
		facts.factors = func() ([]float32, error) {
			if form&16 == 0 {
				return nil, nil
			}
			factors := make([]float32, base.headDim()/2)
			for i := range factors {
				factors[i] = float32(x) * float32(i+1)
			}
			return factors, nil
		}
		c, err := parseGGUF(pairs, facts)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		if CheckGGUF(c) != nil {
			return
		}
		if s := c.RopeScaling; s != nil && s.Type == RopeLlama3 {
			factors := s.llama3Factors(c)
			facts.factors = func() ([]float32, error) { return factors, nil }
		} else {
			facts.factors = func() ([]float32, error) { return nil, nil }
		}
		facts.shape = factsOf(c).shape
		back, err := parseGGUF(ggufPairs(c, nil), facts)
		if err != nil {
			t.Fatalf("%v\n%+v", err, c)
		}
		if diff := cmp.Diff(c.RMSNormEps, back.RMSNormEps); diff != "" || back.RopeTheta != c.RopeTheta {
			t.Errorf("read back differs:\n%s", diff)
		}
	})
}
