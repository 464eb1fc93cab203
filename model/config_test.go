package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/model/vision"
)

// target is the shape that training speed is quoted for.
func target() *Config {
	c, err := Default(Qwen3MoE)
	if err != nil {
		panic(err)
	}
	c.VocabSize, c.HiddenSize, c.NumLayers = 16384, 512, 8
	c.NumHeads, c.NumKVHeads, c.HeadDim = 8, 8, 64
	c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize = 16, 2, 1024
	c.NormTopKProb, c.MaxPositions = true, 1024
	return c
}

func TestConfigCounts(t *testing.T) {
	c := target()
	total, active := c.Params()
	d := int64(512)
	layer := 2*d + 4*d*d + 2*64 + 16*d
	wantTotal := 2*16384*d + d + 8*(layer+16*3*d*1024)
	wantActive := 16384*d + d + 8*(layer+2*3*d*1024)
	if total != wantTotal || active != wantActive {
		t.Errorf("Params() = %d, %d; want %d, %d", total, active, wantTotal, wantActive)
	}
	products := 16384*d + 8*(4*d*d+16*d+2*3*d*1024)
	want := 2*float64(products) + 8*4*512*512.5
	if got := c.FLOPs(1024); got < want || got > want*1.001 {
		t.Errorf("FLOPs(1024) = %g, want %g and the norms", got, want)
	}
	c.SlidingWindow = 2
	c.Scalar = true // for each token one number, and nothing for the embedding
	for _, tied := range []bool{false, true} {
		c.TieEmbeddings = tied
		if total, active := c.Params(); total != wantTotal-16384*d+d || active != wantActive-16384*d+d {
			t.Errorf("a reward model's Params() = %d, %d", total, active)
		}
	}
	if got := meanKeys(4, 2); got != (1+2+2+2)/4.0 {
		t.Errorf("meanKeys(4) with a window of 2 = %v", got)
	}
}

// TestConfigRoundTrip: what Validate accepts is read back as it was written. The
// types together set every field of Config.
func TestConfigRoundTrip(t *testing.T) {
	set := make([]bool, reflect.TypeFor[Config]().NumField())
	for _, kind := range modelTypes {
		c, err := Default(kind)
		if err != nil {
			t.Fatal(err)
		}
		c.VocabSize, c.HiddenSize, c.NumLayers, c.IntermediateSize = 96, 48, 2, 64
		c.NumHeads, c.NumKVHeads, c.HeadDim = 4, 2, 16
		c.MaxPositions, c.RopeTheta, c.RMSNormEps, c.InitStd, c.TieEmbeddings = 2048, 5e5, 1e-4, 0.03, true
		if kind != Llama && kind != OLMoE {
			c.SlidingWindow = 100
		}
		if c.NumExperts > 0 {
			c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize, c.NormTopKProb = 4, 2, 64, true
			c.RouterZLossCoef, c.CapacityFactor, c.SharedExpertSize, c.RouterBias = 0.001, 1.25, 32, true
			c.RouterAuxLossCoef = 0.003
		}
		if kind == Qwen3MoE {
			c.DecoderSparseStep, c.MLPOnlyLayers = 2, []int{0}
		}
		switch kind {
		case Mellum:
			c.MLPOnlyLayers, c.SlidingRopeTheta, c.LayerTypes = []int{1}, 1e3, []string{SlidingAttention, FullAttention}
		case Qwen2, Qwen3:
			c.LayerTypes = []string{FullAttention, SlidingAttention}
		}
		c.EOSTokenIDs, c.BOSTokenID, c.PadTokenID = []int{1, 2}, 0, 3
		c.RopeScaling = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 512}
		c.OutputZLossCoef = 1e-4
		if c.Scalar = kind == Llama; !c.Scalar {
			c.Vision = &vision.Config{
				ImageSize: 24, PatchSize: 8, HiddenSize: 36, IntermediateSize: 40, NumLayers: 3, NumHeads: 3,
				LayerNormEps: 1e-5, InitStd: 0.03, FeatureLayer: -2, ImageTokenID: 5, Box: 96, Short: 48,
				Mean: [3]float32{0.25, 0.5, 0.75}, Std: [3]float32{0.5, 0.25, 1},
			}
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseConfig(data)
		if err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, data)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Errorf("%s: read back differs:\n%s", kind, diff)
		}
		for i := range set {
			set[i] = set[i] || !reflect.ValueOf(*c).Field(i).IsZero()
		}
	}
	for i, ok := range set {
		if name := reflect.TypeFor[Config]().Field(i).Name; !ok && name != "BOSTokenID" { // whose 0 is a value
			t.Errorf("no model type sets %s", name)
		}
	}
}

// TestConfigOfOurRecipes: what recipes leave to its default is read back as the
// same model.
func TestConfigOfOurRecipes(t *testing.T) {
	c := target()
	c.ModelType, c.NumExperts, c.IntermediateSize, c.HeadDim, c.SlidingWindow = Qwen3, 0, 96, 0, 9
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseConfig(data)
	if err != nil || back.HeadDim != 64 || back.SlidingWindow != 9 {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

// TestConfigRefusesWhatItsTypeLacks: such a field would be lost in the file.
func TestConfigRefusesWhatItsTypeLacks(t *testing.T) {
	for _, tt := range []struct {
		kind, want string
		change     func(c *Config)
	}{
		{Llama, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
		{OLMoE, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
		{OLMoE, "decoder_sparse_step", func(c *Config) { c.DecoderSparseStep = 2 }},
		{Mixtral, "mlp_only_layers", func(c *Config) { c.MLPOnlyLayers = []int{0} }},
		{Mixtral, "norm_topk_prob", func(c *Config) { c.NormTopKProb = false }},
	} {
		c := small(t, tt.kind)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		tt.change(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %s", tt.kind, err, tt.want)
		}
	}
}

// TestConfigTooLarge: a model whose sizes could not be counted is refused.
func TestConfigTooLarge(t *testing.T) {
	c := target()
	c.NumExperts, c.HiddenSize, c.MoEIntermediateSize = 1<<14, 1<<24, 1<<24
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "hidden_size") {
		t.Errorf("2^63 parameters: %v", err)
	}
	c = target()
	c.MaxPositions = 1<<20 + 1
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "max_position_embeddings") {
		t.Errorf("positions beyond kernel.SinCos: %v", err)
	}
	c.MaxPositions = 1 << 20
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigNamesTheField(t *testing.T) {
	base, err := json.Marshal(target())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ change, want string }{
		{`{"model_type": "gpt2"}`, "gpt2"},
		{`{"hidden_act": "gelu"}`, "hidden_act"},
		{`{"attention_bias": true}`, "attention_bias"},
		{`{"use_sliding_window": true}`, "use_sliding_window"},
		{`{"use_sliding_window": true, "sliding_window": 9, "layer_types": ["full_attention"]}`, "layer_types"},
		{`{"model_type": "llama"}`, "decoder_sparse_step"},
		{`{"clip_qkv": 8.0}`, "clip_qkv"},
		{`{"layer_types": ["full_attention", "linear_attention"]}`, "layer_types"},
		{`{"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}`, "longrope"},
		{`{"rope_scaling": {"rope_type": "yarn", "factor": 2.0, "mscale": 1.0}}`, "rope_scaling.mscale"},
		{`{"rope_parameters": {"rope_theta": 1e6, "partial_rotary_factor": 0.5}}`, "partial_rotary_factor"},
		{`{"quantization_config": {"bits": 4}}`, "quantization_config"},
		{`{"num_nextn_predict_layers": 1}`, "num_nextn_predict_layers"},
		{`{"hidden_size": "512"}`, "hidden_size"},
		{`{"hidden_size": null}`, "hidden_size"},
		{`{"hidden_size": -512}`, "hidden_size"},
		{`{"num_key_value_heads": 3}`, "num_key_value_heads"},
		{`{"head_dim": 63}`, "head_dim"},
		{`{"num_experts_per_tok": 17}`, "num_experts_per_tok"},
		{`{"moe_intermediate_size": 0}`, "moe_intermediate_size"},
		{`{"mlp_only_layers": [9]}`, "mlp_only_layers"},
		{`{"mlp_only_layers": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "intermediate_size": 64}`, "mlp_only_layers names 13 layers"},
		{`{"mlp_only_layers": [1], "intermediate_size": 0}`, "intermediate_size"},
		{`{"rms_norm_eps": 0}`, "rms_norm_eps"},
		{`{"eos_token_id": 16384}`, "eos_token_id"},
		{`{"eos_token_id": "x"}`, "eos_token_id"},
		{`{"capacity_factor": -1}`, "capacity_factor"},
		{`{"architectures": ["Qwen3MoeForSequenceClassification"]}`, "num_labels: a classifier with 2 labels"},
		{`{"architectures": ["x", "Qwen3MoeForSequenceClassification"], "id2label": {"0": "a", "1": "b", "2": "c"}}`, "id2label: a classifier with 3 labels"},
		{`{"architectures": ["Qwen3MoeForSequenceClassification"], "id2label": {"0": "a"}, "num_labels": 4}`, "num_labels: a classifier with 4 labels"},
		{`{"architectures": ["Qwen3MoeForSequenceClassification"], "id2label": ["a"]}`, "id2label"},
		{`{"num_labels": 1}`, "num_labels"}, // of a language model
	}
	for _, tt := range tests {
		m := map[string]any{}
		if err := json.Unmarshal(base, &m); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.change), &m); err != nil {
			t.Fatal(err)
		}
		data, _ := json.Marshal(m)
		_, err := ParseConfig(data)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %s", tt.change, err, tt.want)
		}
	}
}

func TestReadConfigNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, []byte(`{"model_type": "llama"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadConfig(dir)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "vocab_size") {
		t.Errorf("error %v does not name %s and vocab_size", err, path)
	}
}

func TestRopeFields(t *testing.T) {
	const head = `{"model_type": "llama", "vocab_size": 96, "hidden_size": 64, "num_hidden_layers": 1,
		"num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 4096, `
	c, err := ParseConfig([]byte(head + `"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
		"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 512}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &RopeScaling{Type: RopeLlama3, Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 512}
	if diff := cmp.Diff(want, c.RopeScaling); diff != "" || c.RopeTheta != 5e5 {
		t.Errorf("theta %v, scaling:\n%s", c.RopeTheta, diff)
	}
	c, err = ParseConfig([]byte(head + `"rope_scaling": {"type": "linear", "factor": 2}, "num_key_value_heads": null}`))
	if err != nil || c.RopeScaling.Type != RopeLinear || c.NumKVHeads != 4 {
		t.Errorf("older names: %+v, %v", c, err)
	}
}

// TestYaRNDefault: without original_max_position_embeddings the window that is
// stretched is max_position_embeddings. Frequencies and temperature by
// ROPE_INIT_FUNCTIONS["yarn"] of transformers 5.23.0.
func TestYaRNDefault(t *testing.T) {
	c, err := ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 96, "hidden_size": 64, "num_hidden_layers": 1,
		"num_attention_heads": 4, "head_dim": 16, "intermediate_size": 64, "max_position_embeddings": 4096,
		"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{
		1, 0.3162277638912201, 0.10000000149011612, 0.025693506002426147, 0.00624999962747097,
		0.0013834965648129582, 0.0002500000118743628, 7.905694656074047e-05,
	}
	got, scale := c.ropeFrequencies()
	for i, f := range got {
		if math.Abs(f/want[i]-1) > 1e-6 {
			t.Errorf("frequency %d is %v, want %v", i, f, want[i])
		}
	}
	if math.Abs(scale-1.138629436111989) > 1e-12 {
		t.Errorf("temperature %v", scale)
	}
}

// FuzzParseConfig: whatever the bytes, the reader returns a valid Config that
// reads back equal, or an error.
func FuzzParseConfig(f *testing.F) {
	data, err := json.Marshal(target())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"model_type": "mixtral", "vocab_size": 1e3, "rope_scaling": {"type": "yarn", "factor": 1e300}}`))
	f.Add([]byte(`{"model_type": "llama", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
		"intermediate_size": 3, "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "eos_token_id": [1, 2]}`))
	f.Add([]byte(`{"model_type": "olmoe", "vocab_size": 9, "hidden_size": 16777216, "num_hidden_layers": 1, "num_attention_heads": 2,
		"intermediate_size": 16777216, "num_experts": 16384}`))
	f.Add([]byte(`{"model_type": "mixtral", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
		"intermediate_size": 3, "mlp_only_layers": [], "eos_token_id": []}`))
	seeing, err := json.Marshal(withTower(target()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seeing)
	f.Add([]byte(`{"model_type": "llava", "image_token_id": 3, "projector_hidden_act": "gelu_pytorch_tanh", "vision_feature_select_strategy": "full",
		"vision_feature_layer": 12, "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 16777216, "intermediate_size": 16777216},
		"text_config": {"model_type": "llama", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 3}}`))
	reward := target()
	reward.Scalar = true
	if data, err = json.Marshal(reward); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	mixed, err := Default(Mellum)
	if err != nil {
		f.Fatal(err)
	}
	mixed.VocabSize, mixed.HiddenSize, mixed.NumLayers, mixed.NumHeads, mixed.NumKVHeads, mixed.IntermediateSize = 9, 4, 3, 2, 1, 3
	mixed.SlidingWindow, mixed.LayerTypes, mixed.MLPOnlyLayers = 5, []string{SlidingAttention, FullAttention, SlidingAttention}, []int{1}
	mixed.RopeScaling = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 32}
	if data, err = json.Marshal(mixed); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"model_type": "qwen3", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 2,
		"intermediate_size": 3, "use_sliding_window": true, "sliding_window": 3, "max_window_layers": 1}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"model_type": null}{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil {
			return
		}
		if total, active := c.Params(); total < 0 || active > total || total > maxParams {
			t.Fatalf("Params() = %d, %d", total, active)
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatalf("valid config does not marshal: %v", err)
		}
		back, err := ParseConfig(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Errorf("read back differs:\n%s", diff)
		}
	})
}
