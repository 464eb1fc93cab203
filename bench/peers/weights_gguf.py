"""Makes the GGUF files that `polymath bench weights` and llamacpp.py measure.

    python weights_gguf.py DIR     (needs gguf and numpy)

The weights are random codes with scales that keep activations in bounds; a
speed does not depend on what they say.

    dense_q8_0.gguf  dense_q4_0.gguf   llama: width 2048, 22 layers, hidden 5632,
                                       32 heads over 4, vocabulary 32,000: 1.1B
    moe_q8_0.gguf                      qwen3moe: width 1024, 12 layers, 16 heads
                                       over 4, 16 experts of 2048, 2 for a token
"""

import sys
from pathlib import Path

import gguf
import numpy as np

V = 32000
SCALE = 0.02  # standard deviation of a weight


def blocks(rng, kind, *shape):
    """Random blocks of 32 weights: an fp16 scale, then the codes."""
    codes, deviation = (32, 73.3) if kind == gguf.GGMLQuantizationType.Q8_0 else (16, 4.61)
    n = int(np.prod(shape)) // 32
    out = np.empty((n, 2 + codes), np.uint8)
    out[:, 2:] = np.frombuffer(rng.bytes(n * codes), np.uint8).reshape(n, codes)
    scale = (SCALE / deviation * rng.uniform(0.9, 1.1, n)).astype(np.float16)
    out[:, :2] = scale.view(np.uint8).reshape(n, 2)
    return out.reshape(*shape[:-1], -1)


def vocabulary(w):
    """Byte-level BPE: the bytes, pairs of letters, pairs of those, two marks."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars, extra = [], 0
    for b in range(256):
        if b in printable:
            chars.append(chr(b))
        else:
            chars.append(chr(256 + extra))
            extra += 1
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    pairs = [a + b for a in letters for b in letters]
    fours = ((a, b) for a in pairs for b in pairs)
    tokens = chars + pairs
    merges = [f"{p[0]} {p[1]}" for p in pairs]
    while len(tokens) < V - 2:
        a, b = next(fours)
        tokens.append(a + b)
        merges.append(f"{a} {b}")
    types = [gguf.TokenType.NORMAL] * len(tokens) + [gguf.TokenType.CONTROL] * 2
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens + ["<s>", "</s>"])
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_bos_token_id(V - 2)
    w.add_eos_token_id(V - 1)
    w.add_add_bos_token(False)


def start(path, arch, width, layers, hidden, heads, kv, kind):
    w = gguf.GGUFWriter(path, arch)
    w.add_name(path.stem)
    w.add_block_count(layers)
    w.add_context_length(4096)
    w.add_embedding_length(width)
    w.add_feed_forward_length(hidden)
    w.add_head_count(heads)
    w.add_head_count_kv(kv)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_vocab_size(V)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if kind == gguf.GGMLQuantizationType.Q8_0 else gguf.LlamaFileType.MOSTLY_Q4_0)
    vocabulary(w)
    return w


def attention(w, rng, kind, b, width, heads, kv, size):
    w.add_tensor(b + "attn_norm.weight", np.ones(width, np.float32))
    for name, rows, columns in (("q", heads * size, width), ("k", kv * size, width), ("v", kv * size, width), ("output", width, heads * size)):
        w.add_tensor(f"{b}attn_{name}.weight", blocks(rng, kind, rows, columns), raw_dtype=kind)
    w.add_tensor(b + "ffn_norm.weight", np.ones(width, np.float32))


def ends(w, rng, kind, width):
    w.add_tensor("token_embd.weight", blocks(rng, kind, V, width), raw_dtype=kind)
    w.add_tensor("output_norm.weight", np.ones(width, np.float32))
    w.add_tensor("output.weight", blocks(rng, kind, V, width), raw_dtype=kind)


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def dense(path, kind, width=2048, layers=22, hidden=5632, heads=32, kv=4):
    rng = np.random.default_rng(1)
    w = start(path, "llama", width, layers, hidden, heads, kv, kind)
    w.add_rope_dimension_count(width // heads)
    ends(w, rng, kind, width)
    for i in range(layers):
        b = f"blk.{i}."
        attention(w, rng, kind, b, width, heads, kv, width // heads)
        for name, rows, columns in (("gate", hidden, width), ("up", hidden, width), ("down", width, hidden)):
            w.add_tensor(f"{b}ffn_{name}.weight", blocks(rng, kind, rows, columns), raw_dtype=kind)
    finish(w)


def mixture(path, kind, width=1024, layers=12, hidden=2048, heads=16, kv=4, experts=16, top=2):
    rng = np.random.default_rng(2)
    size = width // heads
    w = start(path, "qwen3moe", width, layers, hidden, heads, kv, kind)
    w.add_key_length(size)
    w.add_value_length(size)
    w.add_expert_count(experts)
    w.add_expert_used_count(top)
    w.add_expert_feed_forward_length(hidden)
    ends(w, rng, kind, width)
    for i in range(layers):
        b = f"blk.{i}."
        attention(w, rng, kind, b, width, heads, kv, size)
        w.add_tensor(b + "attn_q_norm.weight", np.ones(size, np.float32))
        w.add_tensor(b + "attn_k_norm.weight", np.ones(size, np.float32))
        w.add_tensor(b + "ffn_gate_inp.weight", rng.normal(0, SCALE, (experts, width)).astype(np.float32))
        for name, rows, columns in (("gate", hidden, width), ("up", hidden, width), ("down", width, hidden)):
            w.add_tensor(f"{b}ffn_{name}_exps.weight", blocks(rng, kind, experts, rows, columns), raw_dtype=kind)
    finish(w)


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dense(folder / "dense_q8_0.gguf", gguf.GGMLQuantizationType.Q8_0)
    dense(folder / "dense_q4_0.gguf", gguf.GGMLQuantizationType.Q4_0)
    mixture(folder / "moe_q8_0.gguf", gguf.GGMLQuantizationType.Q8_0)


if __name__ == "__main__":
    main(sys.argv[1])
