package model

import (
	"bytes"
	"encoding/json"
)

var architectures = map[string]string{
	Llama:    "LlamaForCausalLM",
	Mistral:  "MistralForCausalLM",
	Mixtral:  "MixtralForCausalLM",
	Qwen2:    "Qwen2ForCausalLM",
	Qwen3:    "Qwen3ForCausalLM",
	Qwen3MoE: "Qwen3MoeForCausalLM",
	OLMoE:    "OlmoeForCausalLM",
	Mellum:   "MellumForCausalLM",
}

// UnmarshalJSON is ParseConfig.
func (c *Config) UnmarshalJSON(data []byte) error {
	got, err := ParseConfig(data)
	if err == nil {
		*c = *got
	}
	return err
}

// MarshalJSON writes c as config.json with the names that its model type has
// in transformers, that of a model that sees as LLaVA's. ParseConfig of the result gives a Config of the same model:
// c again, but with defaults written out, and without settings of experts where
// the model type has none.
func (c *Config) MarshalJSON() ([]byte, error) {
	m := map[string]any{
		"architectures":           []string{architectures[c.ModelType]},
		"model_type":              c.ModelType,
		"torch_dtype":             "bfloat16",
		"vocab_size":              c.VocabSize,
		"hidden_size":             c.HiddenSize,
		"num_hidden_layers":       c.NumLayers,
		"intermediate_size":       c.IntermediateSize,
		"num_attention_heads":     c.NumHeads,
		"num_key_value_heads":     c.NumKVHeads,
		"hidden_act":              "silu",
		"max_position_embeddings": c.MaxPositions,
		"rms_norm_eps":            real(c.RMSNormEps),
		"rope_theta":              c.RopeTheta,
		"rope_scaling":            c.RopeScaling,
		"tie_word_embeddings":     c.TieEmbeddings,
		"initializer_range":       real(c.InitStd),
		"attention_dropout":       0.0,
		"bos_token_id":            unless(c.BOSTokenID < 0, c.BOSTokenID),
		"pad_token_id":            unless(c.PadTokenID < 0, c.PadTokenID),
		"eos_token_id":            unless(len(c.EOSTokenIDs) == 0, c.EOSTokenIDs),
	}
	if c.HeadDim > 0 || c.ModelType == Qwen3 || c.ModelType == Mellum { // whose default is 128
		m["head_dim"] = c.headDim()
	}
	switch c.ModelType {
	case Qwen3, Qwen3MoE, Llama, OLMoE, Mellum:
		m["attention_bias"] = c.AttentionBias
	}
	c.marshalWindow(m)
	if c.ModelType == Mellum {
		c.marshalRopes(m)
	}
	c.marshalExperts(m)
	if c.Scalar {
		c.marshalScalar(m)
	}
	if c.OutputZLossCoef != 0 {
		m["z_loss_coef"] = c.OutputZLossCoef
	}
	if c.Vision != nil {
		m = c.marshalLlava(m)
	}
	return json.MarshalIndent(m, "", "  ")
}

func (c *Config) marshalExperts(m map[string]any) {
	if !c.mixture() {
		return
	}
	m["num_experts_per_tok"] = c.NumExpertsPerTok
	m["router_aux_loss_coef"] = real(c.RouterAuxLossCoef)
	m["output_router_logits"] = false
	switch c.ModelType {
	case Mixtral:
		m["num_local_experts"] = c.NumExperts
	case OLMoE:
		m["num_experts"] = c.NumExperts
		m["norm_topk_prob"] = c.NormTopKProb
	case Qwen3MoE:
		m["num_experts"] = c.NumExperts
		m["norm_topk_prob"] = c.NormTopKProb
		m["moe_intermediate_size"] = c.MoEIntermediateSize
		m["decoder_sparse_step"] = max(c.DecoderSparseStep, 1)
		m["mlp_only_layers"] = c.MLPOnlyLayers
	case Mellum:
		m["num_experts"] = c.NumExperts
		m["norm_topk_prob"] = c.NormTopKProb
		m["moe_intermediate_size"] = c.MoEIntermediateSize
		m["mlp_layer_types"] = c.mlpLayerTypes()
	}
	ours := map[string]any{
		"router_z_loss_coef":              c.RouterZLossCoef,
		"capacity_factor":                 c.CapacityFactor,
		"shared_expert_intermediate_size": c.SharedExpertSize,
		"router_bias":                     c.RouterBias,
	}
	for name, v := range ours {
		if v != 0 && v != 0.0 && v != false {
			m[name] = v
		}
	}
}

// real is a number that has a decimal point in JSON even if it is whole:
// transformers takes no integers for such fields.
type real float64

// MarshalJSON writes the shortest form.
func (x real) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(float64(x))
	if err == nil && !bytes.ContainsAny(data, ".e") {
		data = append(data, ".0"...)
	}
	return data, err
}

// unless returns nil, JSON's null, if absent and v otherwise.
func unless(absent bool, v any) any {
	if absent {
		return nil
	}
	return v
}
