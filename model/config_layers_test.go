package model

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestLayerKinds: what a file says of kinds of attention, and what it leaves out,
// as transformers 5.24 takes it (configuration_mellum.py, configuration_qwen3.py).
func TestLayerKinds(t *testing.T) {
	const sizes = `"vocab_size": 96, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2,
		"head_dim": 16, "intermediate_size": 32, `
	const full, sliding = `"full_attention": {"rope_type": "default", "rope_theta": 1e5}`, `"sliding_attention": {"rope_type": "default", "rope_theta": 1e3}`
	for _, tt := range []struct{ kind, rest, want string }{
		{"mellum", `"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]`, "[1024 0 1024] 500000 10000"},
		{"mellum", `"sliding_window": 7`, "[0 0 0] 500000 10000"},
		{"mellum", `"sliding_window": null, "rope_parameters": {` + full + `}`, "[0 0 0] 100000 100000"},
		{"mellum", `"sliding_window": 7, "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention"], "rope_parameters": {` + sliding + `, "full_attention": null}`, "[7 7 7] 1000 1000"},
		{"mellum", `"layer_types": ["sliding_attention", "full_attention", "full_attention"], "rope_parameters": {` + full + `, ` + sliding + `}`, "[1024 0 0] 100000 1000"},
		{"mellum", `"layer_types": ["sliding_attention", "full_attention", "full_attention"], "rope_parameters": {` + full + `}`, "rope_parameters.sliding_attention: missing"},
		{"mellum", `"layer_types": ["sliding_attention", "full_attention", "full_attention"], "sliding_window": null`, "sliding_window is 0"},
		{"mellum", `"layer_types": ["sliding_attention", "full_attention", "full_attention"], "rope_parameters": {` + full +
			`, "sliding_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e3}}`, "sliding_attention.rope_type"},
		{"mellum", `"rope_parameters": {"full_attention": {"rope_type": "default"}}`, "full_attention.rope_theta: missing"},
		{"mellum", `"mlp_layer_types": ["dense", "sparse", "thin"]`, `"thin"`},
		{"mellum", `"num_experts": 0, "mlp_layer_types": ["dense", "sparse", "dense"]`, "num_experts is 0"},
		{"mellum", `"num_hidden_layers": 1000000000000, "rope_parameters": {}`, "num_hidden_layers is 1000000000000"},
		{"mellum", `"num_hidden_layers": -1, "rope_parameters": {}, "layer_types": ["full_attention"]`, "num_hidden_layers is -1"},
		{"qwen3", `"num_hidden_layers": 1000000000000`, "num_hidden_layers is 1000000000000"},
		{"qwen3", `"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 2`, "[0 0 5] 10000 10000"},
		{"qwen3", `"use_sliding_window": true, "sliding_window": 5`, "[0 0 0] 10000 10000"}, // from layer 28 on
		{"qwen3", `"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 3, "layer_types": ["sliding_attention", "full_attention", "full_attention"]`, "[5 0 0] 10000 10000"},
		{"qwen3", `"sliding_window": 5, "layer_types": ["sliding_attention", "full_attention", "full_attention"]`, "use_sliding_window is false"},
		{"qwen2", `"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 0`, "[5 5 5] 10000 10000"},
		{"llama", `"layer_types": ["sliding_attention", "full_attention", "full_attention"]`, "layer_types"},
	} {
		c, err := ParseConfig([]byte(`{"model_type": "` + tt.kind + `", ` + sizes + tt.rest + `}`))
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, %s: error %q, want %q", tt.kind, tt.rest, err, tt.want)
			}
			continue
		}
		windows := []int{c.Window(0), c.Window(1), c.Window(2)}
		if got := fmt.Sprint(windows, int(c.RopeTheta), int(c.slidingTheta())); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.kind, tt.rest, got, tt.want)
		}
	}
}

// TestFLOPsOfLayers: each layer counts the keys that it sees.
func TestFLOPsOfLayers(t *testing.T) {
	c := small(t, Mellum)
	c.SlidingWindow = 100
	_, active := c.Params()
	const n = 1000
	seen := float64(n+1)/2 + (100*101/2.0+(n-100)*100)/n
	want := 2*float64(active) + 4*float64(c.NumHeads*c.HeadDim)*seen
	if got := c.FLOPs(n); math.Abs(got/want-1) > 1e-12 {
		t.Errorf("FLOPs(%d) = %v, want %v", n, got, want)
	}
}
