package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// harmless are fields of config.json that do not change what the decoder
// computes: provenance, and knobs of other programs.
var harmless = []string{
	"_name_or_path", "architectures", "attn_implementation", "auto_map", "chunk_size_feed_forward", "dtype",
	"finetuning_task", "id2label", "is_decoder", "is_encoder_decoder", "is_llama_config", "label2id", "neftune_noise_alpha",
	"output_attentions", "output_hidden_states", "output_router_logits", "pretraining_tp", "problem_type", "pruned_heads",
	"return_dict", "router_jitter_noise", "task_specific_params", "tokenizer_class", "torch_dtype", "torchscript", "transformers.js_config",
	"transformers_version", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache", "_attn_implementation_autoset",
	"add_cross_attention", "cross_attention_hidden_size", "tf_legacy_loss", "tie_encoder_decoder", // of encoders and decoders
	"decoder_start_token_id", "prefix", "sep_token_id", "unk_token_id",
	// How to generate, which older programs kept here.
	"bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
	"exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "max_new_tokens",
	"min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
	"repetition_penalty", "return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
}

// ReadConfig reads a config.json, or the configuration of the model at path as
// OpenWeights takes it, a GGUF file included. It is strict: a field that asks for
// something this decoder does not do, and a field that it does not know, are
// errors that name the field, and so is a reward model, which is for
// ReadScalarConfig. Of a model that sees it reads how pictures become
// numbers from preprocessor_config.json, if that is there, and of a language model
// the tokens that end a text from generation_config.json too. The result is valid.
func ReadConfig(path string) (*Config, error) {
	c, err := readConfig(path)
	if err == nil && c.Scalar {
		return nil, fmt.Errorf("%s is %w", path, ErrScalar)
	}
	return c, err
}

func readConfig(path string) (*Config, error) {
	if filepath.Ext(path) != ".json" {
		file, err := findGGUF(path)
		if err != nil {
			return nil, err
		}
		if file != "" {
			return readGGUFConfig(file)
		}
		path = filepath.Join(path, configName)
	}
	data, err := atomicfile.ReadSmall(path, maxConfig)
	if err != nil {
		return nil, err
	}
	if what := tensor.Foreign(data); what != "" {
		return nil, fmt.Errorf("%s: %s", path, what)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.Vision != nil {
		if err := readProcessor(filepath.Dir(path), c.Vision); err != nil {
			return nil, err
		}
	}
	if filepath.Base(path) == configName && !c.Scalar {
		return c, c.readGeneration(filepath.Dir(path))
	}
	return c, nil
}

// maxConfig bounds the file that is read; real ones have a few thousand bytes.
const maxConfig = 16 << 20

// ParseConfig is ReadConfig for the content of the file, which may be that of a
// reward model.
func ParseConfig(data []byte) (*Config, error) {
	var m map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if m == nil || dec.More() {
		return nil, errors.New("not one JSON object")
	}
	f := &fields{left: m}
	var modelType string
	f.need("model_type", &modelType)
	if f.err != nil {
		return nil, f.err
	}
	scalar := f.scalar()
	if scalar {
		f.needOneLabel()
	}
	parse := parseLlava
	if modelType != llavaType {
		parse = func(f *fields) (*Config, error) { return parseDecoder(f, modelType) }
	}
	c, err := parse(f)
	if err != nil {
		return nil, err
	}
	c.Scalar = scalar
	return c, c.Validate()
}

// parseDecoder reads the configuration of a decoder, whose model_type has been
// read.
func parseDecoder(f *fields, modelType string) (*Config, error) {
	if why := refusedTypes[modelType]; why != "" {
		return nil, fmt.Errorf("model_type %s: %s", modelType, why)
	}
	c, err := Default(modelType)
	if err != nil {
		return nil, err
	}
	if f.prefix != "" {
		c.setUsual()
	}
	c.readSizes(f)
	c.readAttention(f)
	c.readExperts(f)
	f.take("z_loss_coef", &c.OutputZLossCoef)
	f.refuseQuantized()
	c.readTokens(f)
	return c, f.end()
}

// refusedTypes are model types near to those that the decoder covers, and what
// keeps it from them.
var refusedTypes = map[string]string{
	"qwen2_moe":  "this decoder does not do its shared expert with a gate",
	"llava_next": "this program does not do its way of cutting pictures into tiles; llava is the type of models that see",
}

func (c *Config) readSizes(f *fields) {
	f.needSize("vocab_size", &c.VocabSize)
	f.needSize("hidden_size", &c.HiddenSize)
	f.needSize("num_hidden_layers", &c.NumLayers)
	f.needSize("num_attention_heads", &c.NumHeads)
	if c.NumKVHeads == 0 {
		c.NumKVHeads = c.NumHeads
	}
	f.take("num_key_value_heads", &c.NumKVHeads)
	f.take("head_dim", &c.HeadDim)
	if (c.ModelType == Qwen3 || c.ModelType == Mellum) && c.HeadDim == 0 {
		c.HeadDim = c.headDim()
	}
	f.take("intermediate_size", &c.IntermediateSize)
	f.take("max_position_embeddings", &c.MaxPositions)
	f.take("rms_norm_eps", &c.RMSNormEps)
	f.take("tie_word_embeddings", &c.TieEmbeddings)
	f.take("initializer_range", &c.InitStd)
	f.want("hidden_act", "silu")
}

func (c *Config) readAttention(f *fields) {
	f.take("attention_bias", &c.AttentionBias)
	f.want("mlp_bias", false)
	f.want("attention_dropout", 0.0)
	f.want("clip_qkv", nil)
	f.want("rope_interleaved", false)
	f.want("partial_rotary_factor", 1.0)
	f.want("use_mrope", false)
	f.want("qk_layer_norms", false)
	f.want("use_qk_norm", c.QKNorm() != NoQKNorm)
	c.readWindow(f)
	if c.ModelType == Mellum {
		c.readRopes(f)
		return
	}
	f.take("rope_theta", &c.RopeTheta)
	for _, name := range []string{"rope_scaling", "rope_parameters"} {
		if raw, ok := f.left[name]; ok && f.err == nil {
			f.err = c.readRope(name, raw)
			delete(f.left, name)
		}
	}
}

// readExperts reads what the model type has of experts; in other types such a
// field is one that the decoder does not know.
func (c *Config) readExperts(f *fields) {
	if !c.mixture() {
		return
	}
	f.take("num_local_experts", &c.NumExperts)
	f.take("num_experts", &c.NumExperts)
	f.take("num_experts_per_tok", &c.NumExpertsPerTok)
	f.take("router_aux_loss_coef", &c.RouterAuxLossCoef)
	if c.ModelType == Mixtral {
		f.want("norm_topk_prob", true)
	} else {
		f.take("norm_topk_prob", &c.NormTopKProb)
	}
	if c.expertsApart() {
		f.take("moe_intermediate_size", &c.MoEIntermediateSize)
	}
	switch c.ModelType {
	case Qwen3MoE:
		f.take("decoder_sparse_step", &c.DecoderSparseStep)
		if c.DecoderSparseStep == 0 {
			c.DecoderSparseStep = 1
		}
		f.take("mlp_only_layers", &c.MLPOnlyLayers)
	case Mellum:
		c.readMLPLayerTypes(f)
	}
	f.take("router_z_loss_coef", &c.RouterZLossCoef)
	f.take("router_bias", &c.RouterBias)
	f.take("capacity_factor", &c.CapacityFactor)
	f.take("shared_expert_intermediate_size", &c.SharedExpertSize)
	if !c.expertsApart() {
		c.MoEIntermediateSize = c.IntermediateSize
	}
}

// readTokens reads the special tokens.
func (c *Config) readTokens(f *fields) {
	f.take("bos_token_id", &c.BOSTokenID)
	f.take("pad_token_id", &c.PadTokenID)
	raw, ok := f.left["eos_token_id"]
	if !ok || f.err != nil {
		return
	}
	delete(f.left, "eos_token_id")
	if err := json.Unmarshal(raw, (*tokenIDs)(&c.EOSTokenIDs)); err != nil {
		f.err = fmt.Errorf("%seos_token_id: %w", f.prefix, err)
	}
	if len(c.EOSTokenIDs) == 0 {
		c.EOSTokenIDs = nil
	}
}
