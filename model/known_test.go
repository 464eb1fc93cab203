package model

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// known are the fields of config.json of well-known models, as they are
// published. Llama's are the base of those that say little else.
var known = map[string]string{
	"Llama-2-7b": `{"_name_or_path": "meta-llama/Llama-2-7b-hf", "architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2,
		"hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 4096,
		"model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "pretraining_tp": 1,
		"rms_norm_eps": 1e-05, "rope_scaling": null, "tie_word_embeddings": false, "torch_dtype": "float16",
		"transformers_version": "4.31.0.dev0", "use_cache": true, "vocab_size": 32000}`,
	"Llama-3.1-8B-Instruct": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000,
		"eos_token_id": [128001, 128008, 128009], "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
		"max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32,
		"num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0,
		"high_freq_factor": 4.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 500000.0,
		"tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.42.3", "use_cache": true, "vocab_size": 128256}`,
	"Llama-3.2-1B": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000,
		"eos_token_id": 128001, "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192,
		"max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
		"num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0,
		"low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 500000.0,
		"tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.45.0.dev0", "use_cache": true, "vocab_size": 128256}`,
	"TinyLlama-1.1B-Chat": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
		"hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 5632, "max_position_embeddings": 2048, "model_type": "llama",
		"num_attention_heads": 32, "num_hidden_layers": 22, "num_key_value_heads": 4, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
		"rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
		"transformers_version": "4.35.0", "use_cache": true, "vocab_size": 32000}`,
	"SmolLM2-1.7B-Instruct": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2,
		"hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192, "max_position_embeddings": 8192,
		"mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 24, "num_key_value_heads": 32, "pad_token_id": 2,
		"pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 130000, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
		"transformers_version": "4.42.3", "transformers.js_config": {"dtype": "q4", "kv_cache_dtype": {"q4f16": "float16", "fp16": "float16"},
		"use_external_data_format": {"model.onnx": true, "model_fp16.onnx": true}}, "use_cache": true, "vocab_size": 49152}`,
	"SmolLM2-135M": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 0,
		"hidden_act": "silu", "hidden_size": 576, "initializer_range": 0.041666666666666664, "intermediate_size": 1536, "is_llama_config": true,
		"max_position_embeddings": 8192, "model_type": "llama", "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3,
		"pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000,
		"tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": true, "vocab_size": 49152}`,
	"Mistral-7B-v0.1": `{"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096,
		"initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral", "num_attention_heads": 32,
		"num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
		"tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.34.0.dev0", "use_cache": true, "vocab_size": 32000}`,
	"Mistral-7B-v0.3": `{"architectures": ["MistralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
		"hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
		"num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
		"sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.42.0.dev0",
		"use_cache": true, "vocab_size": 32768, "head_dim": null}`,
	"Mixtral-8x7B-v0.1": `{"architectures": ["MixtralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
		"hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mixtral",
		"num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
		"output_router_logits": false, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "router_aux_loss_coef": 0.02, "sliding_window": null,
		"tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.36.0.dev0", "use_cache": true, "vocab_size": 32000}`,
	"Qwen2-7B-Instruct": `{"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151645,
		"hidden_act": "silu", "hidden_size": 3584, "initializer_range": 0.02, "intermediate_size": 18944, "max_position_embeddings": 32768,
		"max_window_layers": 28, "model_type": "qwen2", "num_attention_heads": 28, "num_hidden_layers": 28, "num_key_value_heads": 4,
		"rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
		"transformers_version": "4.41.2", "use_cache": true, "use_sliding_window": false, "vocab_size": 152064}`,
	"Qwen2.5-0.5B": `{"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151643,
		"hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02, "intermediate_size": 4864, "max_position_embeddings": 32768,
		"max_window_layers": 24, "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
		"rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
		"transformers_version": "4.40.1", "use_cache": true, "use_mrope": false, "use_sliding_window": false, "vocab_size": 151936}`,
	"Qwen3-0.6B": `{"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 151643,
		"eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 3072,
		"max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28,
		"num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null,
		"tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": true,
		"use_sliding_window": false, "vocab_size": 151936}`,
	"Qwen3-30B-A3B": `{"architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 151643,
		"decoder_sparse_step": 1, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
		"intermediate_size": 6144, "max_position_embeddings": 40960, "max_window_layers": 48, "mlp_only_layers": [], "model_type": "qwen3_moe",
		"moe_intermediate_size": 768, "norm_topk_prob": true, "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8,
		"num_hidden_layers": 48, "num_key_value_heads": 4, "output_router_logits": false, "rms_norm_eps": 1e-06, "rope_scaling": null,
		"rope_theta": 1000000.0, "router_aux_loss_coef": 0.001, "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
		"transformers_version": "4.51.0", "use_cache": true, "use_sliding_window": false, "vocab_size": 151936}`,
	"OLMoE-1B-7B-0924": `{"architectures": ["OlmoeForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "clip_qkv": null,
		"eos_token_id": 50279, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 1024,
		"max_position_embeddings": 4096, "model_type": "olmoe", "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 64,
		"num_experts_per_tok": 8, "num_hidden_layers": 16, "num_key_value_heads": 16, "output_router_logits": false, "pad_token_id": 1,
		"rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "router_aux_loss_coef": 0.01, "tie_word_embeddings": false,
		"torch_dtype": "bfloat16", "transformers_version": "4.43.0.dev0", "use_cache": true, "vocab_size": 50304}`,
}

// TestKnownModels: well-known models' configurations are understood, with as
// many parameters as their names say (millions, as their publishers count).
func TestKnownModels(t *testing.T) {
	millions := map[string]int64{
		"Llama-2-7b": 6738, "Llama-3.1-8B-Instruct": 8030, "Llama-3.2-1B": 1235, "TinyLlama-1.1B-Chat": 1100,
		"SmolLM2-1.7B-Instruct": 1711, "SmolLM2-135M": 134, "Mistral-7B-v0.1": 7241, "Mistral-7B-v0.3": 7248, "Mixtral-8x7B-v0.1": 46702,
		"Qwen2-7B-Instruct": 7615, "Qwen2.5-0.5B": 494, "Qwen3-0.6B": 596, "Qwen3-30B-A3B": 30532, "OLMoE-1B-7B-0924": 6919,
	}
	for name, text := range known {
		c, err := ParseConfig([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if total, _ := c.Params(); total/1e6 != millions[name] {
			t.Errorf("%s: %d million parameters, want %d", name, total/1e6, millions[name])
		}
		err = CheckGGUF(c)
		if windowed := name == "Mistral-7B-v0.1"; (err != nil) != windowed {
			t.Errorf("%s as GGUF: %v", name, err)
		}
		// With all that older programs wrote down as well, it is the same.
		full := map[string]any{}
		if err := json.Unmarshal([]byte(text), &full); err != nil {
			t.Fatal(err)
		}
		maps.Copy(full, map[string]any{
			"bad_words_ids": nil, "do_sample": false, "max_length": 20, "num_beams": 1, "temperature": 1.0, "top_k": 50, "top_p": 1.0,
			"return_dict": true, "pruned_heads": map[string]any{}, "tokenizer_class": nil, "torchscript": false, "is_decoder": false,
			"partial_rotary_factor": 1.0, "quantization_config": nil,
		})
		data, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseConfig(data); err != nil || !sameJSON(t, again, c) {
			t.Errorf("%s with harmless fields: %v", name, err)
		}
	}
}

func sameJSON(t *testing.T, a, b *Config) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// TestKnownRefused: near relatives are refused by what makes them different.
func TestKnownRefused(t *testing.T) {
	for _, tt := range []struct{ base, change, want string }{
		{"Qwen2-7B-Instruct", `"model_type": "qwen2_moe", "shared_expert_intermediate_size": 5632`, "qwen2_moe: this decoder does not do its shared expert with a gate"},
		{"Qwen2-7B-Instruct", `"dual_chunk_attention_config": {"chunk_size": 262144}`, "dual_chunk_attention_config"},
		{"Qwen2-7B-Instruct", `"use_sliding_window": true, "sliding_window": null`, "sliding_window is missing"},
		{"Qwen2-7B-Instruct", `"use_mrope": true`, "use_mrope"},
		{"Llama-2-7b", `"quantization_config": {"bits": 4, "quant_method": "gptq"}`, "packed by gptq"},
		{"Llama-2-7b", `"quantization_config": {"bits": 4}`, "quantization_config: the weights are packed"},
		{"Llama-2-7b", `"quantization_config": 3`, "quantization_config: 3 is no value"},
		{"Llama-2-7b", `"rope_interleaved": true`, "rope_interleaved"},
		{"Llama-2-7b", `"partial_rotary_factor": 0.5`, "partial_rotary_factor"},
		{"Llama-2-7b", `"attention_multiplier": 0.5`, "attention_multiplier"},
		{"Llama-3.1-8B-Instruct", `"mlp_bias": true`, "mlp_bias"},
		{"Llama-3.1-8B-Instruct", `"use_qk_norm": true`, "use_qk_norm"},
		{"OLMoE-1B-7B-0924", `"clip_qkv": 8.0`, "clip_qkv"},
		{"Qwen3-0.6B", `"attention_bias": true`, "attention_bias"},
	} {
		full := map[string]json.RawMessage{}
		for _, text := range []string{known[tt.base], "{" + tt.change + "}"} {
			if err := json.Unmarshal([]byte(text), &full); err != nil {
				t.Fatal(err)
			}
		}
		data, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseConfig(data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %s: error %v does not say %q", tt.base, tt.change, err, tt.want)
		}
	}
	// A window that begins above the last layer is none.
	c, err := ParseConfig([]byte(strings.Replace(known["Qwen2-7B-Instruct"], `"use_sliding_window": false`, `"use_sliding_window": true`, 1)))
	if err != nil || c.SlidingWindow != 0 {
		t.Errorf("a window from layer 28 of 28 on: %+v, %v", c, err)
	}
	// One that begins before it is of the layers from there on.
	c, err = ParseConfig([]byte(strings.NewReplacer(`"use_sliding_window": false`, `"use_sliding_window": true`,
		`"max_window_layers": 28`, `"max_window_layers": 21`).Replace(known["Qwen2-7B-Instruct"])))
	if err != nil || c.SlidingWindow != 131072 || c.Window(20) != 0 || c.Window(21) != 131072 {
		t.Errorf("a window from layer 21 of 28 on: %+v, %v", c, err)
	}
}
