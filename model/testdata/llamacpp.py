"""Writes the golden file of TestLlamaCpp: GGUF files that llama.cpp made.

    python llamacpp.py OUT.safetensors LIB SOURCE [TEXT]

LIB is the folder of its libraries (see bench/peers/llamalib.py), SOURCE has the
sources of the same release, whose converter and gguf-py are used; npm's
node-llama-cpp brings both. With TEXT, only cases whose name has it.

Each case is a model that transformers saved, that llama.cpp's own converter
turned to GGUF, and its own llama_model_quantize to the format. Then all weights
are replaced by a formula, codes and scales, so that the golden file need hold
no more than the file's beginning and its hash. The logits are llama.cpp's, of
the same file decoded to F32 by itself, computed in fp32. With them are two
distances from these: that of transformers in bf16, with the weights rounded to
bf16, and that of llama.cpp on the file as it is, which rounds activations to
8 bits.
"""

import base64
import hashlib
import json
import pathlib
import random
import sys
import tempfile

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HERE, SOURCE = pathlib.Path(__file__).resolve().parent, pathlib.Path(sys.argv[3])
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "bench" / "peers"), str(SOURCE / "gguf-py"), str(SOURCE)]
import conversion  # noqa: E402
import gguf  # noqa: E402
import llamalib  # noqa: E402
import theirs  # noqa: E402

KINDS = gguf.GGMLQuantizationType
V = 280

# Of each format: bytes of a block, and where its scales are with the values
# that the formula gives them: fp16, of which ten bits vary, or a power of two.
BLOCKS = {
    KINDS.Q8_0: (34, [(0, 0x1800)]),
    KINDS.Q4_0: (18, [(0, 0x2800)]),
    KINDS.Q4_K: (144, [(0, 0x1000), (2, 0x1C00)]),
    KINDS.Q5_K: (176, [(0, 0x0800), (2, 0x1800)]),
    KINDS.Q6_K: (210, [(208, 0x0400)]),
    KINDS.MXFP4: (17, []),
}
PLAIN = {KINDS.F32: torch.float32, KINDS.F16: torch.float16, KINDS.BF16: torch.bfloat16}


def mix(name, count):
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"))
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return x ^ (x >> np.uint32(16))


def content(name, kind, size):
    """The bytes of a tensor."""
    if kind in PLAIN:
        dtype = PLAIN[kind]
        return theirs.values(name, size // dtype.itemsize).to(dtype).view(torch.uint8).numpy().tobytes()
    block, scales = BLOCKS[kind]
    x = mix(name, size)
    out = (x >> np.uint32(24)).astype(np.uint8).reshape(-1, block)
    low = x.reshape(-1, block)
    for at, base in scales:
        d = (base + (low[:, at] & np.uint32(0x3FF))).astype("<u2")
        out[:, at : at + 2] = d.view(np.uint8).reshape(-1, 2)
    if kind == KINDS.MXFP4:
        out[:, 0] = 122 + low[:, 0] % np.uint32(3)
    return out.tobytes()


def fill(path):
    """Puts the formula into the file; returns what Go needs to do the same."""
    data, tensors, start = bytearray(path.read_bytes()), [], None
    for t in gguf.GGUFReader(path).tensors:
        at, size = int(t.data_offset), int(t.n_bytes)
        start = at if start is None else min(start, at)
        if t.name == "rope_freqs.weight":
            tensors.append([t.name, "", at, base64.b64encode(bytes(data[at : at + size])).decode()])
            continue
        data[at : at + size] = content(t.name, t.tensor_type, size)
        tensors.append([t.name, t.tensor_type.name, at, size])
    path.write_bytes(data)
    return {
        "head": base64.b64encode(bytes(data[:start])).decode(), "size": len(data), "tensors": tensors,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def tokenizer(folder):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(alphabet)}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("e", "r"), ("a", "n"), ("o", "n")]
    for a, b in merges:
        vocab[a + b] = len(vocab)
    t = Tokenizer(models.BPE(vocab, merges))
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    t.add_special_tokens(["<s>", "</s>"])
    transformers.PreTrainedTokenizerFast(tokenizer_object=t, bos_token="<s>", eos_token="</s>").save_pretrained(folder)


def configuration(rng, kind, scaling, ftype):
    wide = "K" in ftype
    size = 64 if wide else 16
    hidden, inner = (256, 256) if wide else (64, 96) if ftype.startswith(("Q", "MX")) else (44, 36)
    c = {
        "vocab_size": V, "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": 1 if wide else 2,
        "num_attention_heads": 4, "num_key_value_heads": rng.choice([1, 2]), "head_dim": size,
        "rms_norm_eps": 1e-5, "max_position_embeddings": 256, "bos_token_id": 263, "eos_token_id": 264, "pad_token_id": None,
        "tie_word_embeddings": rng.random() < 0.3,
        "rope_parameters": (theirs.rope(rng, scaling) or {"rope_type": "default"}) | {"rope_theta": rng.choice([100.0, 10000.0])},
    }
    if kind in ("olmoe", "qwen2"):  # llama.cpp reads no other size of heads
        c |= {"hidden_size": 4 * size, "num_key_value_heads": 4 if kind == "olmoe" else 2}
        del c["head_dim"]
    if kind == "olmoe":  # of which llama.cpp reads no tied embeddings
        c["tie_word_embeddings"] = False
    if kind in theirs.MIXTURES:
        c |= {"num_experts_per_tok": 2, "num_local_experts" if kind == "mixtral" else "num_experts": 4}
    if kind == "qwen3_moe":
        c |= {"moe_intermediate_size": inner, "norm_topk_prob": True}
    if kind == "mistral":
        c["sliding_window"] = None
    return c


def convert(folder, out, ftype):
    """llama.cpp's converter, told the pre-tokenizer, which it knows by hash."""
    conversion.TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
    types = {"F16": gguf.LlamaFileType.MOSTLY_F16, "BF16": gguf.LlamaFileType.MOSTLY_BF16}
    with torch.inference_mode():
        hparams = conversion.ModelBase.load_hparams(folder, False)
        model = conversion.get_model_class(conversion.get_model_architecture(hparams, conversion.ModelType.TEXT))
        model(folder, types.get(ftype, gguf.LlamaFileType.ALL_F32), out).write()


NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "ffn_gate_inp": "mlp.gate",
}


def back(kind, config, path):
    """The weights of an F32 file under transformers' names."""
    out = {}
    for t in gguf.GGUFReader(path).tensors:
        parts = t.name.split(".")
        data = torch.from_numpy(np.array(t.data, np.float32).reshape([int(n) for n in reversed(t.shape)]))
        if parts[0] == "rope_freqs":
            continue
        if parts[0] != "blk":
            out[f"{NAMES[parts[0]]}.{parts[1]}"] = data
            continue
        layer, base, last = f"model.layers.{parts[1]}.", parts[2], parts[3]
        mlp = "block_sparse_moe" if kind == "mixtral" else "mlp"
        if base.endswith("_exps"):
            short = {"gate": "w1", "up": "w3", "down": "w2"} if kind == "mixtral" else {n: n + "_proj" for n in ("gate", "up", "down")}
            for e, expert in enumerate(data):
                out[f"{layer}{mlp}.experts.{e}.{short[base.split('_')[1]]}.{last}"] = expert
            continue
        if kind in ("llama", "mistral", "mixtral") and base in ("attn_q", "attn_k"):
            heads = config["num_attention_heads"] if base == "attn_q" else config["num_key_value_heads"]
            data = data.reshape(heads, -1, 2, *data.shape[1:]).swapaxes(1, 2).reshape(data.shape)
        name = NAMES[base] if base != "ffn_gate_inp" else mlp + ".gate"
        out[f"{layer}{name}.{last}"] = data
    return out


def case(library, rng, kind, scaling, ftype):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        directory, plain, file, decoded = folder / "hf", folder / "plain.gguf", folder / "model.gguf", folder / "decoded.gguf"
        c = configuration(rng, kind, scaling, ftype)
        config = transformers.AutoConfig.for_model(kind, **c)
        transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(directory)
        tokenizer(directory)
        convert(directory, plain, ftype)
        if ftype in ("F32", "F16", "BF16"):
            plain.rename(file)
        else:
            library.quantize(plain, file, ftype, threads=1)
        golden = fill(file)
        library.quantize(file, decoded, "F32", threads=1)
        save_file({n: t.contiguous() for n, t in back(kind, c, decoded).items()}, directory / "model.safetensors", metadata={"format": "pt"})
        found = None
        while not found:
            found = theirs.choose(directory, rng, V, True)
        tokens, fp32, bf16 = found
        exact = llamalib.Model(library, decoded, 1, 64, type_k=0, type_v=0, flash_attn_type=0)
        logits = torch.from_numpy(exact.logits(tokens))
        exact.close()
        model = llamalib.Model(library, file, 1, 64)
        rounded = torch.from_numpy(model.logits(tokens))
        model.close()
        apart, norm = (logits - fp32).norm().item(), fp32.norm().item()
        golden |= {"kind": kind, "tokens": tokens, "bf16": bf16, "int8": (rounded - logits).norm().item()}
        print(f"{kind}, {scaling}, {ftype}: norm {norm:.4g}, transformers {apart:.2g}, bf16 {bf16:.3g}, as it is {golden['int8']:.3g}", flush=True)
        if apart > 1e-3 * norm:
            sys.exit("llama.cpp and transformers disagree in fp32")
        return logits, golden


CASES = [
    ("llama", "none", "Q4_K_M"), ("llama", "llama3", "F16"), ("llama", "yarn", "Q8_0"), ("llama", "linear", "Q5_K_M"),
    ("mistral", "none", "Q4_0"), ("mistral", "none", "Q6_K"), ("mixtral", "none", "Q4_K_M"), ("mixtral", "none", "MXFP4_MOE"), ("mixtral", "none", "BF16"),
    ("qwen2", "none", "Q8_0"), ("qwen2", "yarn", "F32"), ("qwen2", "none", "Q5_K_M"), ("qwen3", "none", "Q4_K_M"), ("qwen3", "yarn", "BF16"),
    ("qwen3", "linear", "Q4_0"), ("qwen3_moe", "none", "Q4_K_M"), ("qwen3_moe", "yarn", "Q8_0"), ("qwen3_moe", "none", "MXFP4_MOE"), ("qwen3_moe", "none", "F16"),
    ("olmoe", "none", "Q6_K"), ("olmoe", "none", "Q4_0"), ("olmoe", "none", "F32"),
]


def main():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    library = llamalib.Library(sys.argv[2])
    logits, cases = {}, {}
    for i, (kind, scaling, ftype) in enumerate(CASES):
        name = f"{i:02d} {kind}, rope {scaling}, {ftype}"
        if "".join(sys.argv[4:]) in name:
            logits[name], golden = case(library, random.Random(i), kind, scaling, ftype)
            cases[name] = json.dumps(golden)
    versions = {"llama.cpp": library.version, "transformers": transformers.__version__, "torch": torch.__version__}
    save_file(logits, sys.argv[1], metadata=cases | versions)


if __name__ == "__main__":
    main()
