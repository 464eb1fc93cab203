package model

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/model/vision"
)

// withTower returns c with a tower whose sizes fit no tile: a view is 9 tokens, and
// the image token is 5.
func withTower(c *Config) *Config {
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize = 24, 8, 36, 40
	v.NumLayers, v.NumHeads, v.InitStd, v.ImageTokenID = 2, 3, 0.2, 5
	c.Vision = &v
	return c
}

// TestLlavaNamesTheField: what LLaVA's configuration asks and this program does not
// do.
func TestLlavaNamesTheField(t *testing.T) {
	base, err := json.Marshal(withTower(target()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ change, want string }{
		{`{"model_type": "llava_next"}`, "llava_next"},
		{`{"text_config": {"model_type": "gpt2"}}`, "gpt2"},
		{`{"text_config": {"model_type": "llava"}}`, "llava"},
		{`{"text_config": {"num_nextn_predict_layers": 1}}`, "text_config.num_nextn_predict_layers"},
		{`{"text_config": {"eos_token_id": "x"}}`, "text_config.eos_token_id"},
		{`{"text_config": null}`, "text_config"},
		{`{"text_config": []}`, "text_config"},
		{`{"vision_config": null}`, "vision_config"},
		{`{"vision_config": {"model_type": "clip_vision_model"}}`, "clip_vision_model"},
		{`{"vision_config": {"hidden_act": "gelu"}}`, "vision_config.hidden_act"},
		{`{"vision_config": {"num_channels": 1}}`, "vision_config.num_channels"},
		{`{"vision_config": {"attention_dropout": 0.1}}`, "vision_config.attention_dropout"},
		{`{"vision_config": {"hidden_size": 16777217}}`, "vision_config.hidden_size"},
		{`{"vision_config": {"hidden_size": 37}}`, "vision_config.hidden_size"},
		{`{"vision_config": {"num_hidden_layers": 99999}}`, "vision_config.num_hidden_layers"},
		{`{"vision_config": {"image_size": 25}}`, "vision_config.image_size"},
		{`{"vision_config": {"layer_norm_eps": 2}}`, "vision_config.layer_norm_eps"},
		{`{"vision_config": {"num_registers": 4}}`, "vision_config.num_registers"},
		{`{"projector_hidden_act": "quick_gelu"}`, "projector_hidden_act"},
		{`{"vision_feature_select_strategy": "default"}`, "vision_feature_select_strategy"},
		{`{"vision_feature_layer": [-1, -2]}`, "vision_feature_layer"},
		{`{"vision_feature_layer": -3}`, "vision_feature_layer"},
		{`{"vision_feature_layer": 0}`, "vision_feature_layer"},
		{`{"multimodal_projector_bias": false}`, "multimodal_projector_bias"},
		{`{"image_token_index": null}`, "image_token_index"},
		{`{"image_token_id": 6}`, "image_token_id"},
		{`{"image_token_index": 16384}`, "image_token_index"},
		{`{"image_mean": [0.5]}`, "image_mean"},
		{`{"image_std": [0.5, 0.5, 0]}`, "image_std"},
		{`{"image_grid_pinpoints": [[336, 672]]}`, "image_grid_pinpoints"},
		{`{"vocab_size": 5}`, "vocab_size"},
		{`{"quantization_config": {"quant_method": "awq"}}`, "quantization_config"},
	} {
		data := merged(t, base, tt.change)
		if _, err := ParseConfig(data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %s", tt.change, err, tt.want)
		}
	}
}

// TestLlavaSpellings: other spellings of the same configuration.
func TestLlavaSpellings(t *testing.T) {
	base, err := json.Marshal(withTower(target()))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseConfig(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{
		`{"vision_feature_layer": 2}`,
		`{"image_token_index": null, "image_token_id": 5}`,
		`{"image_seq_length": 576, "ignore_index": -100, "vocab_size": 16384}`,
		`{"vision_config": {"vision_use_head": true, "projection_dim": 36, "attention_dropout": null}}`,
	} {
		c, err := ParseConfig(merged(t, base, change))
		if err != nil {
			t.Errorf("%s: %v", change, err)
		} else if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s reads otherwise:\n%s", change, diff)
		}
	}
	c, err := ParseConfig(merged(t, base, `{"tie_word_embeddings": true, "eos_token_id": 3, "pad_token_id": 4, "text_config": {"pad_token_id": 1}}`))
	if err != nil || !c.TieEmbeddings || len(c.EOSTokenIDs) != 1 || c.EOSTokenIDs[0] != 3 || c.PadTokenID != 1 {
		t.Errorf("beside text_config: %+v, %v", c, err)
	}
}

// TestLlavaActivation: the projector's form of GELU is read and written; the exact one
// is what leaving it out means.
func TestLlavaActivation(t *testing.T) {
	base, err := json.Marshal(withTower(target()))
	if err != nil {
		t.Fatal(err)
	}
	for change, erf := range map[string]bool{
		`{}`: false, `{"projector_hidden_act": "gelu_pytorch_tanh"}`: false, `{"projector_hidden_act": "gelu"}`: true, `{"projector_hidden_act": null}`: true,
	} {
		c, err := ParseConfig(merged(t, base, change))
		if err != nil || c.Vision.ProjectorErf != erf {
			t.Errorf("%s: %v, %+v", change, err, c)
			continue
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConfig(text)
		if diff := cmp.Diff(c, again); err != nil || diff != "" {
			t.Errorf("%s, written and read again: %v\n%s", change, err, diff)
		}
	}
}

// TestLlavaLeavesOut: sizes that releases of transformers before 5 left out.
func TestLlavaLeavesOut(t *testing.T) {
	c, err := ParseConfig([]byte(`{"model_type": "llava", "image_token_index": 32000, "projector_hidden_act": "gelu_pytorch_tanh",
		"vision_feature_select_strategy": "full", "vision_feature_layer": -1, "vision_config": {"model_type": "siglip_vision_model"},
		"text_config": {"model_type": "mistral", "vocab_size": 32064, "torch_dtype": "float16", "architectures": ["MistralForCausalLM"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.VocabSize != 32064 || c.HiddenSize != 4096 || c.IntermediateSize != 14336 || c.NumLayers != 32 || c.NumHeads != 32 || c.NumKVHeads != 8 {
		t.Errorf("%+v", c)
	}
	if v := c.Vision; v.ImageSize != 224 || v.PatchSize != 16 || v.HiddenSize != 768 || v.IntermediateSize != 3072 || v.NumLayers != 12 || v.NumHeads != 12 {
		t.Errorf("%+v", v)
	}
}

// merged changes members of a JSON object, and of its objects.
func merged(t *testing.T, base []byte, change string) []byte {
	t.Helper()
	var m, changes map[string]any
	if err := json.Unmarshal(base, &m); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(change), &changes); err != nil {
		t.Fatal(err)
	}
	for name, v := range changes {
		inner, ok := m[name].(map[string]any)
		if more, is := v.(map[string]any); ok && is {
			for k, x := range more {
				inner[k] = x
			}
			continue
		}
		m[name] = v
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
