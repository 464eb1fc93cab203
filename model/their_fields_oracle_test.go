package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestTheirFields: TestTheirs would notice a field that is read wrongly: with
// the field changed, the logits are farther off than rounding explains.
func TestTheirFields(t *testing.T) {
	fields := []struct {
		name   string
		change func(c *Config) bool // false: not in this model
	}{
		{"rms_norm_eps", func(c *Config) bool { was := c.RMSNormEps; c.RMSNormEps = 0.05; return was < 0.005 }},
		{"rope_theta", func(c *Config) bool { c.RopeTheta *= 3; return c.RopeScaling == nil }},
		{"rope_scaling", func(c *Config) bool { was := c.RopeScaling; c.RopeScaling = nil; return was != nil }},
		{"rope_scaling.factor", func(c *Config) bool {
			if c.RopeScaling == nil || c.RopeScaling.Type != RopeLinear {
				return false
			}
			c.RopeScaling.Factor *= 2
			return true
		}},
		{"rope_scaling.attention_factor", func(c *Config) bool {
			if c.RopeScaling == nil || c.RopeScaling.AttentionFactor == 0 {
				return false
			}
			c.RopeScaling.AttentionFactor = 1
			return true
		}},
		{"rope_scaling.beta", func(c *Config) bool {
			if c.RopeScaling == nil || c.RopeScaling.BetaFast == 0 {
				return false
			}
			c.RopeScaling.BetaFast, c.RopeScaling.BetaSlow = 0, 0
			return true
		}},
		{"sliding_window", func(c *Config) bool { was := c.SlidingWindow; c.SlidingWindow, c.LayerTypes = 0, nil; return was > 0 }},
		{"layer_types", func(c *Config) bool {
			for l, kind := range c.LayerTypes {
				c.LayerTypes[l] = map[string]string{FullAttention: SlidingAttention, SlidingAttention: FullAttention}[kind]
			}
			return c.LayerTypes != nil
		}},
		{"sliding_rope_theta", func(c *Config) bool { was := c.SlidingRopeTheta; c.SlidingRopeTheta = 0; return was > 0 }},
		{"norm_topk_prob", func(c *Config) bool {
			c.NormTopKProb = !c.NormTopKProb
			return c.mixture() && c.ModelType != Mixtral && c.NumExpertsPerTok < c.NumExperts
		}},
		{"num_experts_per_tok", func(c *Config) bool { c.NumExpertsPerTok--; return c.NumExpertsPerTok > 0 }},
	}
	cases := readAllTheirs(t)
	for _, f := range fields {
		t.Run(f.name, func(t *testing.T) { checkField(t, cases, f.change) })
	}
}

// checkField changes a field in all models that have it.
func checkField(t *testing.T, cases map[string]*theirs, change func(c *Config) bool) {
	seen, noticed := 0, 0
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c, err := ParseConfig([]byte(cases[name].Config))
		if err != nil {
			t.Fatal(err)
		}
		if !change(c) {
			continue
		}
		text, err := c.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if got, limit := cases[name].distance(t, cases[name].write(t, string(text)), false); got > limit {
			noticed++
		} else {
			t.Logf("%s: %g is within %g", name, got, limit)
		}
	}
	t.Logf("noticed in %d of %d models", noticed, seen)
	if seen == 0 || noticed*2 < seen {
		t.Errorf("a wrong value is noticed in %d of %d models", noticed, seen)
	}
}

// TestTheirsRefused: what this decoder does not do is refused by the name of
// the field, in the text that transformers writes.
func TestTheirsRefused(t *testing.T) {
	base := map[string]map[string]any{}
	for name, c := range readAllTheirs(t) {
		var m map[string]any
		if err := json.Unmarshal([]byte(c.Config), &m); err != nil {
			t.Fatal(name, err)
		}
		if strings.Contains(name, "transformers 5") {
			base[m["model_type"].(string)] = m
		}
	}
	tests := []struct{ kind, field, value string }{
		{"llama", "attention_bias", `true`},
		{"llama", "mlp_bias", `true`},
		{"llama", "hidden_act", `"gelu"`},
		{"llama", "rope_parameters", `{"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}`},
		{"llama", "rope_parameters", `{"rope_type": "longrope", "factor": 2.0, "short_factor": [1.0], "long_factor": [1.0]}`},
		{"llama", "rope_parameters", `{"rope_type": "default", "partial_rotary_factor": 0.5, "rope_theta": 10000.0}`},
		{"llama", "rope_parameters", `{"full_attention": {"rope_type": "default", "rope_theta": 10000.0}}`},
		{"llama", "quantization_config", `{"quant_method": "fp8"}`},
		{"qwen3", "attention_bias", `true`},
		{"qwen3", "layer_types", `["full_attention", "chunked_attention"]`},
		{"qwen3", "layer_types", `["full_attention"]`},
		{"qwen3_moe", "layer_types", `["full_attention", "sliding_attention"]`},
		{"mellum", "layer_types", `["sliding_attention"]`},
		{"mellum", "mlp_layer_types", `["sparse"]`},
		{"mellum", "num_mtp_layers", `1`},
		{"mellum", "num_nextn_predict_layers", `1`},
		{"mellum", "mtp_layer_types", `["sliding_attention"]`},
		{"mellum", "use_sliding_window", `true`},
		{"mellum", "decoder_sparse_step", `2`},
		{"mellum", "rope_theta", `10000.0`},
		{"mellum", "rope_parameters", `{"rope_type": "default", "rope_theta": 10000.0}`},
		{"mellum", "rope_parameters", `{"full_attention": {"rope_type": "default", "rope_theta": 10000.0}, "chunked_attention": {}}`},
		{"olmoe", "clip_qkv", `8.0`},
		{"qwen3_moe", "shared_expert_gate", `true`},
		{"qwen2", "model_type", `"qwen2_moe"`},
		{"mixtral", "model_type", `"gpt_oss"`},
	}
	for _, tt := range tests {
		m := maps.Clone(base[tt.kind])
		if m == nil {
			t.Fatal("no model of type ", tt.kind)
		}
		m[tt.field] = json.RawMessage(tt.value)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseConfig(text)
		if err == nil || !strings.Contains(err.Error(), strings.Replace(tt.field, "rope_parameters", "rope", 1)) {
			t.Errorf("%s with %s %s: %v", tt.kind, tt.field, tt.value, err)
		} else {
			t.Log(fmt.Sprint(err))
		}
	}
}
