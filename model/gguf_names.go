package model

import (
	"fmt"
	"strings"
)

// The architectures of GGUF that the decoder covers. llama holds Mistral and
// Mixtral as well.
const (
	archLlama    = "llama"
	archQwen2    = "qwen2"
	archQwen3    = "qwen3"
	archQwen3MoE = "qwen3moe"
	archOLMoE    = "olmoe"
	archMellum   = "mellum"
)

var architecturesGGUF = []string{archLlama, archQwen2, archQwen3, archQwen3MoE, archOLMoE, archMellum}

// archOf returns the architecture that a model type has in GGUF.
func archOf(modelType string) string {
	switch modelType {
	case Llama, Mistral, Mixtral:
		return archLlama
	case Qwen3MoE:
		return archQwen3MoE
	}
	return modelType
}

// place is where a GGUF file keeps a tensor of ours.
type place struct {
	name   string
	expert int    // >= 0: which of the matrices that name stacks
	alone  string // of an expert: its name in files from before they were stacked
	heads  int    // > 0: the halves of each of so many heads are interleaved
}

// The parts of names that differ; llama.cpp's gguf-py/gguf/constants.py.
var (
	ggufOutside = map[string]string{embedName: "token_embd.weight", normName: "output_norm.weight", headName: ggufHead}
	ggufInLayer = map[string]string{
		"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
		"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
		"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
		"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
		"mlp.gate": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp",
	}
	ggufInExpert = map[string]string{
		"gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
		"w1": "ffn_gate", "w3": "ffn_up", "w2": "ffn_down",
	}
)

const (
	ggufHead      = "output.weight"
	ggufRopeFreqs = "rope_freqs.weight"
)

// ggufPlace returns where a file keeps the tensor of that name, which must be
// one of a Config that CheckGGUF accepts.
func ggufPlace(cfg *Config, t TensorInfo) place {
	if name := ggufOutside[t.Name]; name != "" {
		return place{name: name, expert: -1}
	}
	rest := strings.TrimPrefix(t.Name, fmt.Sprintf("model.layers.%d.", t.Layer))
	dot := strings.LastIndexByte(rest, '.')
	kind := rest[dot:] // .weight or .bias
	prefix := fmt.Sprintf("blk.%d.", t.Layer)
	if t.Role == RoleExpert {
		var expert int
		fields := strings.Split(rest[:dot], ".") // mlp experts E gate_proj
		if _, err := fmt.Sscanf(fields[2], "%d", &expert); err != nil {
			panic(fmt.Sprintf("model: expert of %s: %v", t.Name, err)) // the names are ours
		}
		base := ggufInExpert[fields[3]]
		return place{
			name: prefix + base + "_exps" + kind, expert: expert,
			alone: fmt.Sprintf("%s%s.%d%s", prefix, base, expert, kind),
		}
	}
	base := ggufInLayer[rest[:dot]]
	if base == "" {
		panic("model: GGUF has no name for " + t.Name) // CheckGGUF lets none through
	}
	p := place{name: prefix + base + kind, expert: -1}
	if archOf(cfg.ModelType) == archLlama {
		switch base {
		case "attn_q":
			p.heads = cfg.NumHeads
		case "attn_k":
			p.heads = cfg.NumKVHeads
		}
	}
	return p
}
