package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/model/vision"
)

// What LLaVA's config.json calls a model that sees, and its tower.
const (
	llavaType  = "llava"
	siglipType = "siglip_vision_model"
	tanhGELU   = "gelu_pytorch_tanh"
	erfGELU    = "gelu"
)

// parseLlava reads LLaVA's configuration, whose model_type has been read: a
// decoder of the family and a SigLIP tower.
func parseLlava(f *fields) (*Config, error) {
	text, see := f.object("text_config"), f.object("vision_config")
	if f.err != nil {
		return nil, f.err
	}
	var textType string
	text.need("model_type", &textType)
	if text.err != nil {
		return nil, text.err
	}
	c, err := parseDecoder(text, textType)
	if err != nil {
		return nil, err
	}
	v := vision.Default()
	c.Vision = &v
	readTower(see, &v)
	if err := see.end(); err != nil {
		return nil, err
	}
	readJoint(f, &v)
	c.readShared(f)
	return c, f.end()
}

// setUsual sets the sizes of transformers' class for the model type, which it left
// out of text_config until its release 5. A missing number of heads of keys is
// that of all heads where it is 0 here.
func (c *Config) setUsual() {
	usual := map[string][6]int{ // transformers 5.24
		Llama: {32000, 4096, 11008, 32, 32}, Mistral: {32000, 4096, 14336, 32, 32, 8}, Mixtral: {32000, 4096, 14336, 32, 32, 8},
		Qwen2: {151936, 4096, 22016, 32, 32, 32}, Qwen3: {151936, 4096, 22016, 32, 32, 32},
		Qwen3MoE: {151936, 2048, 6144, 24, 32, 4}, OLMoE: {50304, 2048, 2048, 16, 16},
		Mellum: {98304, 2304, 7168, 28, 32, 4},
	}[c.ModelType]
	c.VocabSize, c.HiddenSize, c.IntermediateSize = usual[0], usual[1], usual[2]
	c.NumLayers, c.NumHeads, c.NumKVHeads = usual[3], usual[4], usual[5]
}

// readTower reads vision_config. What is left out is as in SigLIP's base model.
func readTower(f *fields, v *vision.Config) {
	var kind string
	f.need("model_type", &kind)
	if kind != siglipType && f.err == nil {
		f.err = fmt.Errorf("%smodel_type %q: this program does not do such a tower, only %s", f.prefix, short([]byte(kind)), siglipType)
		return
	}
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize = 224, 16, 768, 3072
	v.NumLayers, v.NumHeads = 12, 12
	for name, dst := range map[string]*int{
		"image_size": &v.ImageSize, "patch_size": &v.PatchSize, "hidden_size": &v.HiddenSize,
		"intermediate_size": &v.IntermediateSize, "num_hidden_layers": &v.NumLayers, "num_attention_heads": &v.NumHeads,
	} {
		f.take(name, dst)
	}
	f.take("layer_norm_eps", &v.LayerNormEps)
	f.take("initializer_range", &v.InitStd) // ours
	f.want("hidden_act", tanhGELU)
	f.want("num_channels", 3.0)
	f.want("attention_dropout", 0.0)
	// SigLIP's head makes one vector of a picture, which LLaVA does not look at.
	f.take("vision_use_head", new(bool))
	delete(f.left, "projection_dim")
}

// readJoint reads what joins tower and decoder.
func readJoint(f *fields, v *vision.Config) {
	act, strategy, layer := erfGELU, "default", json.RawMessage("-2") // transformers' defaults
	f.take("projector_hidden_act", &act)
	f.take("vision_feature_select_strategy", &strategy)
	f.take("vision_feature_layer", &layer)
	f.want("multimodal_projector_bias", true)
	f.readImageToken(v)
	f.take("image_box", &v.Box) // these are ours
	f.take("image_short", &v.Short)
	f.readChannels(v)
	delete(f.left, "image_seq_length") // follows from the tower
	delete(f.left, "ignore_index")
	if f.err != nil {
		return
	}
	switch {
	case act != tanhGELU && act != erfGELU:
		f.err = fmt.Errorf("projector_hidden_act: this program does not do %s; it must be %s or %s", short([]byte(act)), erfGELU, tanhGELU)
	case strategy != "full":
		f.err = fmt.Errorf("vision_feature_select_strategy: this program does not do %s, which drops a patch, as does leaving it out; it must be full", short([]byte(strategy)))
	case json.Unmarshal(layer, &v.FeatureLayer) != nil:
		f.err = fmt.Errorf("vision_feature_layer: this program does not do %s; it must be one layer's number", short(layer))
	}
	v.ProjectorErf = act == erfGELU
	if v.FeatureLayer >= 0 { // counted from the embeddings, which are 0
		v.FeatureLayer -= v.NumLayers + 1
	}
}

// readImageToken reads the image token's id, of which there are two spellings.
func (f *fields) readImageToken(v *vision.Config) {
	v.ImageTokenID = -1
	again := -1
	f.take("image_token_index", &v.ImageTokenID)
	f.take("image_token_id", &again)
	switch {
	case f.err != nil:
	case v.ImageTokenID < 0:
		v.ImageTokenID = again
	case again >= 0 && again != v.ImageTokenID:
		f.err = fmt.Errorf("image_token_index is %d and image_token_id is %d; they must be the same", v.ImageTokenID, again)
	}
	if v.ImageTokenID < 0 && f.err == nil {
		f.err = errors.New("image_token_index: missing")
	}
}

// readChannels reads image_mean and image_std.
func (f *fields) readChannels(v *vision.Config) {
	for _, channels := range []struct {
		name string
		dst  *[3]float32
	}{{"image_mean", &v.Mean}, {"image_std", &v.Std}} {
		var x []float32
		if !f.take(channels.name, &x) {
			continue
		}
		if len(x) != len(channels.dst) {
			f.err = fmt.Errorf("%s%s has %d numbers; there are 3 channels", f.prefix, channels.name, len(x))
			return
		}
		copy(channels.dst[:], x)
	}
}

// readShared reads what some files say of the decoder beside text_config.
func (c *Config) readShared(f *fields) {
	tied, vocab := false, c.VocabSize
	f.take("tie_word_embeddings", &tied)
	c.TieEmbeddings = c.TieEmbeddings || tied // as transformers has it
	f.take("vocab_size", &vocab)
	if vocab != c.VocabSize && f.err == nil {
		f.err = fmt.Errorf("vocab_size is %d and text_config.vocab_size is %d; they must be the same", vocab, c.VocabSize)
	}
	beside := &Config{BOSTokenID: -1, PadTokenID: -1}
	beside.readTokens(f)
	if c.BOSTokenID < 0 {
		c.BOSTokenID = beside.BOSTokenID
	}
	if c.PadTokenID < 0 {
		c.PadTokenID = beside.PadTokenID
	}
	if c.EOSTokenIDs == nil {
		c.EOSTokenIDs = beside.EOSTokenIDs
	}
	f.refuseQuantized()
}

// validateVision bounds the tower, so that its sizes can be counted.
func (c *Config) validateVision() error {
	v := c.Vision
	if v == nil {
		return nil
	}
	if c.Scalar {
		return errors.New("vision_config: reward models do not see")
	}
	if err := v.Validate(); err != nil {
		return err
	}
	for _, n := range []struct {
		name  string
		value float64
		top   float64
	}{{"layer_norm_eps", v.LayerNormEps, 1}, {"initializer_range", v.InitStd, 10}} {
		if math.IsNaN(n.value) || n.value < 0 || n.value > n.top {
			return fmt.Errorf("vision_config.%s is %v; it must be between 0 and %v", n.name, n.value, n.top)
		}
	}
	if v.ImageTokenID >= c.VocabSize {
		return fmt.Errorf("image_token_index is %d, outside the vocabulary of %d", v.ImageTokenID, c.VocabSize)
	}
	return nil
}

// countVision is validateCount's part of the tower.
func (c *Config) countVision() float64 {
	v := c.Vision
	if v == nil {
		return 0
	}
	d := float64(v.HiddenSize)
	return d*(float64(v.PatchLen())+float64(v.Patches())+float64(v.NumLayers+1)*(4*d+2*float64(v.IntermediateSize)+16)) +
		float64(c.HiddenSize)*(d+float64(c.HiddenSize)+2)
}

// marshalLlava puts a decoder's configuration into LLaVA's.
func (c *Config) marshalLlava(text map[string]any) map[string]any {
	v, act := c.Vision, tanhGELU
	if v.ProjectorErf {
		act = erfGELU
	}
	delete(text, "architectures")
	delete(text, "torch_dtype")
	m := map[string]any{
		"architectures":                  []string{"LlavaForConditionalGeneration"},
		"model_type":                     llavaType,
		"torch_dtype":                    "bfloat16",
		"text_config":                    text,
		"image_token_index":              v.ImageTokenID,
		"image_seq_length":               v.Patches(),
		"projector_hidden_act":           act,
		"multimodal_projector_bias":      true,
		"vision_feature_layer":           v.FeatureLayer,
		"vision_feature_select_strategy": "full",
		"tie_word_embeddings":            c.TieEmbeddings,
		"vision_config": map[string]any{
			"model_type":          siglipType,
			"image_size":          v.ImageSize,
			"patch_size":          v.PatchSize,
			"hidden_size":         v.HiddenSize,
			"intermediate_size":   v.IntermediateSize,
			"num_hidden_layers":   v.NumLayers,
			"num_attention_heads": v.NumHeads,
			"num_channels":        3,
			"hidden_act":          tanhGELU,
			"layer_norm_eps":      real(v.LayerNormEps),
			"initializer_range":   real(v.InitStd),
			"attention_dropout":   0.0,
			"vision_use_head":     false,
		},
	}
	for name, side := range map[string]int{"image_box": v.Box, "image_short": v.Short} {
		if side != 0 {
			m[name] = side
		}
	}
	usual := vision.Default()
	for name, x := range map[string][2][3]float32{"image_mean": {v.Mean, usual.Mean}, "image_std": {v.Std, usual.Std}} {
		if !slices.Equal(x[0][:], x[1][:]) {
			m[name] = x[0]
		}
	}
	return m
}
