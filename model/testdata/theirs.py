"""Writes the golden file of TestTheirs: models that transformers saved.

    python theirs.py OUT.safetensors [--cases 42] [--seed 1] [--older DIR...] [--layers]

theirs.safetensors is that, and theirs_layers.safetensors of 12 cases with --layers.

Each case is a random configuration. transformers saves it, config.json and
weights, whole or in shards with an index; the older releases of transformers
that lie in the folders DIR (pip install --target DIR transformers==4.51.3)
write config.json in some cases. The weights are then filled with a formula, so
that the golden file need not hold them: it has, for each file, the header that
transformers wrote and the hash of the whole. transformers opens the directory
again, and computes the logits of a few tokens in fp32 and in bf16. With --layers
the models are of the types that have kinds of attention by layer, and mix them.

Tokens are taken with which rounding to bf16 turns no choice of experts: each
choice is clearer than twice what rounding does to the router's logits.
"""

import argparse
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

TYPES = ["llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "olmoe"]
LAYERED = ["mellum", "qwen2", "qwen3"]
MIXTURES = ("mixtral", "qwen3_moe", "olmoe", "mellum")
ROPES = ["none", "linear", "yarn", "yarn attention_factor", "yarn beta", "llama3"]
DTYPES = [torch.bfloat16, torch.float16, torch.float32]


def rope(rng, kind):
    if kind == "none":
        return None
    s = {"rope_type": kind.split()[0], "factor": rng.choice([2.0, 4.0, 8.0])}
    if kind != "linear":
        s["original_max_position_embeddings"] = rng.choice([16, 32, 64])
    if kind == "llama3":
        s |= {"low_freq_factor": 1.0, "high_freq_factor": rng.choice([4.0, 8.0])}
    if kind == "yarn attention_factor":
        s["attention_factor"] = rng.choice([0.8, 1.25])
    if kind == "yarn beta":
        s |= {"beta_fast": rng.choice([4.0, 16.0]), "beta_slow": rng.choice([0.5, 2.0])}
    return s


def sizes(rng, kind):
    heads_kv, group, size = rng.choice([1, 2, 3]), rng.choice([1, 2, 3]), 2 * rng.randint(3, 10)
    c = {
        "vocab_size": rng.randint(50, 130), "num_hidden_layers": rng.randint(1, 3), "intermediate_size": rng.randint(33, 100),
        "num_attention_heads": heads_kv * group, "num_key_value_heads": heads_kv, "hidden_size": rng.randint(24, 72),
        "max_position_embeddings": 256, "rms_norm_eps": rng.choice([1e-6, 1e-5, 1e-3, 1e-2]),
        "tie_word_embeddings": rng.random() < 0.3, "bos_token_id": 1, "eos_token_id": rng.choice([2, [2, 3]]), "pad_token_id": rng.choice([None, 0]),
    }
    if kind == "olmoe" or (kind not in ("qwen3", "mixtral") and rng.random() < 0.3):  # without head_dim
        c["hidden_size"] = heads_kv * group * size
    else:
        c["head_dim"] = size
    if kind == "llama":  # which transformers insists on
        c["hidden_size"] += -c["hidden_size"] % (heads_kv * group)
    return c


def experts(rng, kind, c):
    count = rng.choice([3, 4, 6])
    c["num_experts_per_tok"] = rng.randint(1, min(count, 3))
    c["num_local_experts" if kind == "mixtral" else "num_experts"] = count
    if kind == "mixtral":
        return
    c["norm_topk_prob"] = rng.random() < 0.5
    if kind in ("qwen3_moe", "mellum"):
        c["moe_intermediate_size"] = rng.randint(17, 50)
        c["num_hidden_layers"] = rng.randint(2, 4)
    if kind == "mellum":
        c["mlp_layer_types"] = [rng.choice(["sparse", "sparse", "dense"]) for _ in range(c["num_hidden_layers"])]
    if kind == "qwen3_moe":
        c["decoder_sparse_step"] = rng.choice([1, 1, 2])
        c["mlp_only_layers"] = rng.choice([[], [], [0], [1]])


def window(rng, kind, c):
    width = rng.randint(4, 20) if rng.random() < 0.5 else None
    if kind in ("mistral", "mixtral"):
        c["sliding_window"] = width
    elif kind in ("qwen2", "qwen3", "qwen3_moe") and width:
        c |= {"sliding_window": width, "use_sliding_window": True, "max_window_layers": 0}
    elif kind in ("qwen2", "qwen3"):
        c |= {"sliding_window": 7, "use_sliding_window": False, "max_window_layers": 1}


def layers(rng, kind, c):
    """Kinds of attention by layer, in a list or as the layer from which on the window is."""
    n = c["num_hidden_layers"] = max(c["num_hidden_layers"], 2)
    c["sliding_window"] = rng.randint(3, 9)
    if kind != "mellum":
        c |= {"use_sliding_window": True, "max_window_layers": rng.randint(1, n)}
        if rng.random() < 0.3:
            return
    c["layer_types"] = [rng.choice(["full_attention", "sliding_attention"]) for _ in range(n)]


def ropes(rng, scaling):
    """Mellum's, which has one for each kind of attention."""
    thetas = rng.sample([100.0, 3000.0, 10000.0, 1e6], 2)
    return {
        "full_attention": (scaling or {"rope_type": "default"}) | {"rope_theta": thetas[0]},
        "sliding_attention": {"rope_type": "default", "rope_theta": thetas[1]},
    }


def configuration(rng, kind, scaling, old, layered=False):
    c = sizes(rng, kind)
    if kind in MIXTURES:
        experts(rng, kind, c)
    if layered:
        layers(rng, kind, c)
    else:
        window(rng, kind, c)
    theta = rng.choice([100.0, 10000.0, 1e6])
    scaling = rope(rng, scaling)
    if old:
        c |= {"rope_theta": theta, "rope_scaling": scaling}
        if scaling and rng.random() < 0.5:  # the first spelling
            scaling["type"] = scaling.pop("rope_type")
    elif kind == "mellum":
        c["rope_parameters"] = ropes(rng, scaling)
    else:
        c["rope_parameters"] = (scaling or {"rope_type": "default"}) | {"rope_theta": theta}
    return c


OLDER = """
import json, sys
from transformers import AutoConfig
for line in sys.stdin:
    kind, values, folder = json.loads(line)
    AutoConfig.for_model(kind, **values).save_pretrained(folder)
    print("saved", flush=True)
"""

CLASSES = {"llama": "Llama", "mistral": "Mistral", "mixtral": "Mixtral", "qwen2": "Qwen2", "qwen3": "Qwen3", "qwen3_moe": "Qwen3Moe", "olmoe": "Olmoe"}


class Older:
    """A process with an older release of transformers, which writes config.json."""

    def __init__(self, folder):
        self.name = folder.name
        self.process = subprocess.Popen(
            [sys.executable, "-c", OLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={"PYTHONPATH": str(folder), "TRANSFORMERS_VERBOSITY": "error"})

    def write(self, kind, values, dtype, folder):
        values = values | {"torch_dtype": str(dtype)[6:], "architectures": [CLASSES[kind] + "ForCausalLM"]}
        self.process.stdin.write(json.dumps([kind, values, str(folder)]) + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "saved\n":
            sys.exit(f"{self.name} does not write {kind} {values}")


def values(name, count):
    """The weights: multiples of 1/2048, which fp16 holds and bf16 must round."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"))
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x = x ^ (x >> np.uint32(16))
    if name.endswith("norm.weight"):
        return torch.from_numpy(1 + ((x % np.uint32(1023)).astype(np.float32) - 511) / 1024)
    return torch.from_numpy(((x % np.uint32(2047)).astype(np.float32) - 1023) / 2048)


def fill(path):
    """Puts the formula's values where the header says; returns header and hash."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = data[8 : 8 + size], bytearray(data[8 + size :])
    kinds = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
    for name, t in json.loads(header).items():
        if name != "__metadata__":
            lo, hi = t["data_offsets"]
            flat = values(name, int(np.prod(t["shape"]))).to(kinds[t["dtype"]])
            body[lo:hi] = flat.view(torch.uint8).numpy().tobytes()
    whole = data[: 8 + size] + bytes(body)
    path.write_bytes(whole)
    return {"header": header.decode(), "sha256": hashlib.sha256(whole).hexdigest()}


def run(folder, dtype, tokens):
    """Yields, for each list of tokens, the logits and what the routers said."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager", experts_implementation="eager",
                                                                    output_loading_info=True)
    for kind, names in info.items():
        if names:
            sys.exit(f"{folder}: {kind}: {names}")
    routers = []
    for module in model.modules():
        if type(module).__name__.endswith("TopKRouter"):
            module.register_forward_hook(lambda m, _, out: routers.append((m.top_k, out[0].float())))
    for ids in tokens:
        routers.clear()
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].float()
        yield logits, list(routers)


def clear(exact, rounded):
    """Whether rounding is far from turning a choice of experts."""
    for (top, a), (_, b) in zip(exact, rounded):
        if top < a.shape[1]:
            order = a.sort(-1, descending=True).values
            if (order[:, top - 1] - order[:, top]).min() < 2 * (a - b).abs().max():
                return False
    return True


def choose(folder, rng, vocab, mixture):
    """Tokens, their logits in fp32, and how far those in bf16 are; or None."""
    n = rng.randint(12, 20) if mixture else rng.randint(24, 40)
    tokens = [[rng.randrange(vocab) for _ in range(n)] for _ in range(64 if mixture else 1)]
    for ids, (exact, a), (rounded, b) in zip(tokens, run(folder, torch.float32, tokens), run(folder, torch.bfloat16, tokens)):
        if clear(a, b):
            return ids, exact, torch.linalg.vector_norm((rounded - exact).double()).item()
    return None


def case(rng, i, older, layered):
    types = LAYERED if layered else TYPES
    kind = types[i % len(types)]
    scaling = ROPES[(i // len(types) + i) % len(ROPES)]
    writers = [None] + older
    release, dtype = writers[(i // 2) % len(writers)], DTYPES[i % len(DTYPES)]
    while True:
        c = configuration(rng, kind, scaling, release is not None, layered)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            text = None
            if release:
                release.write(kind, c, dtype, folder)
                text = (folder / "config.json").read_text()
                config = transformers.AutoConfig.from_pretrained(folder)
            else:
                config = transformers.AutoConfig.for_model(kind, **c)
            model = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)
            model.save_pretrained(folder, max_shard_size="20KB" if i % 4 == 1 else "1GB")
            if text:
                (folder / "config.json").write_text(text)
            files = {p.name: fill(p) for p in sorted(folder.glob("*.safetensors"))}
            found = choose(folder, rng, c["vocab_size"], kind in MIXTURES)
            if not found or found[2] > 0.1 * torch.linalg.vector_norm(found[1]).item():  # a bound that would say nothing
                continue
            index = folder / "model.safetensors.index.json"
            writer = release.name if release else "transformers " + transformers.__version__
            name = f"{i:03d} {kind}, rope {scaling}, {writer}, {str(dtype)[6:]}"
            return name, found[1], {
                "config": (folder / "config.json").read_text(), "index": index.read_text() if index.exists() else "",
                "files": files, "tokens": found[0], "bf16": found[2],
            }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--cases", type=int, default=42)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--older", nargs="*", type=pathlib.Path, default=[])
    parser.add_argument("--layers", action="store_true")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    logits, cases, older = {}, {}, [Older(folder) for folder in args.older]
    for i in range(args.cases):
        rng = random.Random(args.seed * 1000003 + i)
        name, exact, found = case(rng, i, older, args.layers)
        logits[name], cases[name] = exact.contiguous(), json.dumps(found)
    versions = {"transformers": transformers.__version__, "torch": torch.__version__, "older": ", ".join(o.name for o in older)}
    save_file(logits, args.out, metadata=cases | versions)


if __name__ == "__main__":
    main()
