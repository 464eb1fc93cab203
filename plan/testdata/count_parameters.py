"""Makes parameters.json: configurations of many model types, small ones at
random and those of published models, and how many parameters transformers
gives them, on the meta device; of some also how many operations torch counts in
a forward pass.

Made with transformers 5.24.0 and torch 2.15.0:
    python plan/testdata/count_parameters.py > plan/testdata/parameters.json
"""
import json, random, sys
import torch, transformers
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM

KEEP = ("e_score_correction_bias",)  # numbers of checkpoints that are buffers here


def count(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    seen, total = set(), 0
    for p in model.parameters():
        if id(p) not in seen:
            seen.add(id(p))
            total += p.numel()
    for name, b in model.named_buffers():
        if name.endswith(KEEP):
            total += b.numel()
    return total


def operations(config, tokens):
    """Floating-point operations of a forward pass over one text, every token of
    which is multiplied with every other, as the eager attention does it."""
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", experts_implementation="eager").eval()
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(input_ids=torch.arange(tokens)[None], use_cache=False)
    return counter.get_total_flops()


def sizes(rng):
    kv = rng.choice([1, 2, 4])
    heads = kv * rng.choice([1, 2, 3])
    hd = rng.choice([8, 16, 24])
    return dict(vocab_size=rng.randint(50, 900), hidden_size=heads * hd, num_hidden_layers=rng.randint(1, 7),
                num_attention_heads=heads, num_key_value_heads=kv, intermediate_size=8 * rng.randint(2, 40),
                max_position_embeddings=rng.choice([128, 512]), tie_word_embeddings=rng.random() < 0.5)


def moe(rng, name="num_experts", **more):
    e = rng.choice([4, 8])
    return {name: e, "num_experts_per_tok": 2, "moe_intermediate_size": 8 * rng.randint(1, 9), **more}


def latent(rng):
    return dict(q_lora_rank=rng.choice([None, 24]), kv_lora_rank=16, qk_rope_head_dim=8, qk_nope_head_dim=16, v_head_dim=16,
                first_k_dense_replace=rng.randint(0, 2), n_group=1, topk_group=1, n_shared_experts=rng.randint(1, 2))


def old(rng, **names):
    s = sizes(rng)
    return {new: s[was] for was, new in names.items()} | {"vocab_size": s["vocab_size"]}


def without(fields, *names):
    return {k: v for k, v in fields.items() if k not in names}


def llama(d, layers, heads, kv, hidden, vocab=32000):
    return dict(hidden_size=d, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv, intermediate_size=hidden, vocab_size=vocab)


def qwen3(d, layers, heads, kv, hidden, tied):
    return llama(d, layers, heads, kv, hidden, 151936) | dict(head_dim=128, tie_word_embeddings=tied)


# Published models: what their config.json says where transformers' defaults are
# not theirs already.
PUBLISHED = {
    "gpt-2-xl": ("gpt2", dict(n_embd=1600, n_layer=48, n_head=25)),
    "opt-175b": ("opt", dict(hidden_size=12288, num_hidden_layers=96, num_attention_heads=96, ffn_dim=49152, word_embed_proj_dim=12288)),
    "bloom": ("bloom", dict(hidden_size=14336, n_layer=70, n_head=112)),
    "llama-65b": ("llama", llama(8192, 80, 64, 64, 22016)),
    "llama-2-7b": ("llama", {}),
    "llama-2-13b": ("llama", llama(5120, 40, 40, 40, 13824)),
    "llama-2-70b": ("llama", llama(8192, 80, 64, 8, 28672)),
    "llama-3-8b": ("llama", llama(4096, 32, 32, 8, 14336, 128256)),
    "llama-3-70b": ("llama", llama(8192, 80, 64, 8, 28672, 128256)),
    "llama-3-405b": ("llama", llama(16384, 126, 128, 8, 53248, 128256)),
    "mistral-7b": ("mistral", {}),
    "mixtral-8x7b": ("mixtral", {}),
    "mixtral-8x22b": ("mixtral", llama(6144, 56, 48, 8, 16384)),
    "deepseek-v2": ("deepseek_v2", dict(vocab_size=102400, hidden_size=5120, num_hidden_layers=60, num_attention_heads=128, num_key_value_heads=128, intermediate_size=12288,
        n_routed_experts=160, num_experts_per_tok=6, moe_intermediate_size=1536, n_shared_experts=2, first_k_dense_replace=1, q_lora_rank=1536)),
    "deepseek-v2-lite": ("deepseek_v2", dict(vocab_size=102400, hidden_size=2048, num_hidden_layers=27, num_attention_heads=16, num_key_value_heads=16, intermediate_size=10944,
        n_routed_experts=64, num_experts_per_tok=6, moe_intermediate_size=1408, n_shared_experts=2, first_k_dense_replace=1, q_lora_rank=None)),
    "deepseek-v3": ("deepseek_v3", {}),
    "olmoe": ("olmoe", dict(intermediate_size=1024)),
    "olmo-7b": ("olmo", {}),
    "olmo-2-7b": ("olmo2", llama(4096, 32, 32, 32, 11008, 100352)),
    "olmo-2-13b": ("olmo2", llama(5120, 40, 40, 40, 13824, 100352)),
    "olmo-2-32b": ("olmo2", llama(5120, 64, 40, 8, 27648, 100352)),
    "qwen3-0.6b": ("qwen3", qwen3(1024, 28, 16, 8, 3072, True)),
    "qwen3-1.7b": ("qwen3", qwen3(2048, 28, 16, 8, 6144, True)),
    "qwen3-4b": ("qwen3", qwen3(2560, 36, 32, 8, 9728, True)),
    "qwen3-8b": ("qwen3", qwen3(4096, 36, 32, 8, 12288, False)),
    "qwen3-14b": ("qwen3", qwen3(5120, 40, 40, 8, 17408, False)),
    "qwen3-32b": ("qwen3", qwen3(5120, 64, 64, 8, 25600, False)),
    "qwen3-30b-a3b": ("qwen3_moe", qwen3(2048, 48, 32, 4, 6144, False) | dict(num_experts=128, num_experts_per_tok=8, moe_intermediate_size=768)),
    "qwen3-235b-a22b": ("qwen3_moe", qwen3(4096, 94, 64, 4, 12288, False) | dict(num_experts=128, num_experts_per_tok=8, moe_intermediate_size=1536)),
    "gpt-oss-120b": ("gpt_oss", {}),
    "gpt-oss-20b": ("gpt_oss", dict(num_hidden_layers=24, num_local_experts=32)),
    "gemma-2-9b": ("gemma2", dict(hidden_size=3584, num_hidden_layers=42, num_attention_heads=16, num_key_value_heads=8, head_dim=256, intermediate_size=14336, vocab_size=256128)),
    "gemma-2-27b": ("gemma2", dict(hidden_size=4608, num_hidden_layers=46, num_attention_heads=32, num_key_value_heads=16, head_dim=128, intermediate_size=36864, vocab_size=256128)),
    "gemma-3-27b": ("gemma3_text", dict(hidden_size=5376, num_hidden_layers=62, num_attention_heads=32, num_key_value_heads=16, head_dim=128, intermediate_size=21504, vocab_size=262208, sliding_window=1024)),
}

WIDE = llama(512, 3, 8, 2, 1024, 600) | dict(max_position_embeddings=512)
FULL = without(WIDE, "num_key_value_heads")
# Models whose operations are counted: sizes beside which norms and biases are
# small.
COUNTED = {
    "llama": WIDE, "mistral": WIDE, "qwen2": WIDE, "qwen3": WIDE, "olmo2": WIDE, "gemma2": WIDE | dict(head_dim=64), "gemma3_text": WIDE | dict(head_dim=96),
    "gpt2": dict(n_embd=512, n_layer=3, n_head=8, vocab_size=600, n_positions=512), "bloom": dict(hidden_size=512, n_layer=3, n_head=8, vocab_size=600),
    "gpt_neox": FULL, "phi": WIDE, "starcoder2": WIDE, "cohere": WIDE, "nemotron": WIDE, "phi3": WIDE | dict(pad_token_id=0), "glm4": WIDE | dict(head_dim=64, pad_token_id=0),
    "opt": dict(hidden_size=512, num_hidden_layers=3, num_attention_heads=8, ffn_dim=1024, vocab_size=600, max_position_embeddings=512, word_embed_proj_dim=512),
    "mixtral": WIDE | dict(num_local_experts=4, num_experts_per_tok=2),
    "qwen3_moe": WIDE | dict(num_experts=8, num_experts_per_tok=3, moe_intermediate_size=256),
    "gpt_oss": WIDE | dict(num_local_experts=4, num_experts_per_tok=2, head_dim=64, sliding_window=512),
    "deepseek_v3": FULL | dict(num_key_value_heads=8, n_routed_experts=8, num_experts_per_tok=2, moe_intermediate_size=256, n_group=1, topk_group=1, q_lora_rank=96, kv_lora_rank=64, qk_rope_head_dim=32, qk_nope_head_dim=64, v_head_dim=48, first_k_dense_replace=1),
    "deepseek_v2": FULL | dict(num_key_value_heads=8, n_routed_experts=8, num_experts_per_tok=2, moe_intermediate_size=256, n_group=1, topk_group=1, q_lora_rank=None, kv_lora_rank=64, qk_rope_head_dim=32, qk_nope_head_dim=64, v_head_dim=48, first_k_dense_replace=1),
}

MAKE = {
    "llama": lambda r: sizes(r) | dict(attention_bias=r.random() < 0.5, mlp_bias=r.random() < 0.5, head_dim=r.choice([None, 16])),
    "mistral": sizes, "mixtral": lambda r: sizes(r) | dict(num_local_experts=4),
    "qwen2": sizes, "qwen3": lambda r: sizes(r) | dict(attention_bias=r.random() < 0.5), "qwen3_moe": lambda r: sizes(r) | moe(r, decoder_sparse_step=r.choice([1, 2]), head_dim=16),
    "qwen2_moe": lambda r: sizes(r) | moe(r, shared_expert_intermediate_size=40, decoder_sparse_step=r.choice([1, 2])),
    "olmo": sizes, "olmo2": sizes, "olmo3": sizes, "olmoe": lambda r: sizes(r) | dict(num_experts=4, num_experts_per_tok=2),
    "smollm3": lambda r: sizes(r) | dict(pad_token_id=0), "granite": lambda r: sizes(r) | dict(attention_bias=r.random() < 0.5),
    "granitemoe": lambda r: sizes(r) | dict(num_local_experts=4), "phi3": lambda r: sizes(r) | dict(pad_token_id=0),
    "seed_oss": lambda r: sizes(r) | dict(head_dim=16), "glm4": lambda r: sizes(r) | dict(attention_bias=r.random() < 0.5, head_dim=16, pad_token_id=0),
    "glm4_moe": lambda r: sizes(r) | moe(r, "n_routed_experts", n_shared_experts=1, first_k_dense_replace=1, use_qk_norm=r.random() < 0.5, attention_bias=r.random() < 0.5, head_dim=16, n_group=1, topk_group=1),
    "dots1": lambda r: sizes(r) | moe(r, "n_routed_experts", n_shared_experts=1, first_k_dense_replace=1, n_group=1, topk_group=1),
    "minimax_m2": lambda r: sizes(r) | dict(num_local_experts=4, num_experts_per_tok=2, head_dim=16),
    "gemma": sizes, "gemma2": lambda r: sizes(r) | dict(head_dim=16), "gemma3_text": lambda r: sizes(r) | dict(head_dim=16),
    "gpt_oss": lambda r: sizes(r) | dict(num_local_experts=4, num_experts_per_tok=2, head_dim=16),
    "deepseek_v2": lambda r: sizes(r) | moe(r, "n_routed_experts") | latent(r),
    "deepseek_v3": lambda r: sizes(r) | moe(r, "n_routed_experts") | latent(r),
    "gpt2": lambda r: old(r, hidden_size="n_embd", num_hidden_layers="n_layer", num_attention_heads="n_head", intermediate_size="n_inner", max_position_embeddings="n_positions"),
    "gpt_bigcode": lambda r: old(r, hidden_size="n_embd", num_hidden_layers="n_layer", num_attention_heads="n_head", intermediate_size="n_inner", max_position_embeddings="n_positions") | dict(multi_query=r.random() < 0.5),
    "gpt_neox": lambda r: without(sizes(r), "num_key_value_heads") | dict(attention_bias=r.random() < 0.5),
    "gptj": lambda r: old(r, hidden_size="n_embd", num_hidden_layers="n_layer", num_attention_heads="n_head", max_position_embeddings="n_positions") | dict(rotary_dim=4),
    "opt": lambda r: old(r, hidden_size="hidden_size", num_hidden_layers="num_hidden_layers", num_attention_heads="num_attention_heads", intermediate_size="ffn_dim", max_position_embeddings="max_position_embeddings") | dict(word_embed_proj_dim=None),
    "bloom": lambda r: old(r, hidden_size="hidden_size", num_hidden_layers="n_layer", num_attention_heads="n_head"),
    "phi": sizes, "starcoder2": lambda r: sizes(r) | dict(use_bias=r.random() < 0.5),
    "stablelm": lambda r: sizes(r) | dict(use_qkv_bias=r.random() < 0.5, use_parallel_residual=r.random() < 0.5, qk_layernorm=r.random() < 0.5),
    "cohere": lambda r: sizes(r) | dict(pad_token_id=0), "cohere2": lambda r: sizes(r) | dict(pad_token_id=0), "nemotron": sizes,
    "falcon": lambda r: without(sizes(r), "num_key_value_heads", "intermediate_size") | dict(multi_query=r.random() < 0.5, new_decoder_architecture=r.random() < 0.4, parallel_attn=r.random() < 0.7, bias=r.random() < 0.5, num_kv_heads=1),
    "phimoe": lambda r: sizes(r) | dict(num_local_experts=4, num_experts_per_tok=2, attention_bias=r.random() < 0.5, lm_head_bias=r.random() < 0.5),
    "mellum": lambda r: sizes(r) | moe(r, head_dim=16),
}


def cases():
    for kind, make in MAKE.items():
        for seed in range(4):
            rng = random.Random(f"{kind} {seed}")
            fields = make(rng)
            fields = {k: v for k, v in fields.items() if not (k == "word_embed_proj_dim" and v is None)}
            if kind == "opt":
                fields["word_embed_proj_dim"] = fields["hidden_size"]
            yield "", kind, fields
    for name, (kind, fields) in PUBLISHED.items():
        yield name, kind, fields
    for kind, fields in COUNTED.items():
        yield "", kind, fields


out = []
for name, kind, fields in cases():
    try:
        config = AutoConfig.for_model(kind, **fields)
        config.eos_token_id = config.bos_token_id = config.pad_token_id = 0
        n = count(config)
        counted = {"tokens": 256, "operations": operations(config, 256)} if fields is COUNTED.get(kind) else {}
    except Exception as e:
        print(kind, fields, repr(e)[:300], file=sys.stderr)
        continue
    short = {"model_type": kind} | config.to_diff_dict()
    for drop in ("dtype", "transformers_version", "initializer_range", "hidden_act", "attention_dropout", "id2label", "label2id", "eos_token_id", "bos_token_id", "pad_token_id"):
        short.pop(drop, None)
    out.append({"config": short, "parameters": n} | counted | ({"name": name} if name else {}))
print("[")
print(",\n".join(json.dumps(c, sort_keys=True) for c in out))
print("]")
