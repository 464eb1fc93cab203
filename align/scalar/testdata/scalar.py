"""Models for sequence classification with one label, by transformers.

    python scalar.py make DIR [--seed 1] [--types llama,qwen3,qwen3_moe]
    python scalar.py read DIR...

make saves a random model of each type in DIR/TYPE and writes DIR/values.json:
for some token sequences the value that transformers computes in fp32, and how
far those in bf16 are. The golden files of TestTheirs are

    python scalar.py make testdata/theirs

read opens directories with AutoModelForSequenceClassification, each with its
sequences in sequences.json, and prints the same for them.

Each sequence is read by itself and in one batch that is padded on the right.
Sequences count with which rounding to bf16 turns no choice of experts: each
choice is clearer than twice what rounding does to the router's logits.
"""

import argparse
import json
import pathlib
import random
import sys

import torch
import transformers

CLEAR = 6  # sequences to a model


def configuration(rng, kind):
    heads_kv, group = rng.choice([1, 2]), rng.choice([1, 2])
    c = {
        "vocab_size": rng.randint(50, 90), "num_hidden_layers": 2, "intermediate_size": rng.randint(20, 40), "hidden_size": 4 * rng.randint(6, 10),
        "num_attention_heads": heads_kv * group, "num_key_value_heads": heads_kv, "head_dim": 12, "max_position_embeddings": 128,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": rng.random() < 0.5, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        "num_labels": 1,
    }
    if kind == "qwen3_moe":
        c |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 20, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": []}
    if kind == "mixtral":
        c |= {"num_local_experts": 4, "num_experts_per_tok": 2}
    return c


def sequences(rng, vocab, kind):
    count, most = (64, 14) if kind in ("qwen3_moe", "mixtral") else (CLEAR, 40)
    return [[rng.randrange(3, vocab) for _ in range(rng.randint(1, most))] + [2] for _ in range(count)]


def clear(exact, rounded):
    """Whether rounding is far from turning a choice of experts."""
    for (top, a), (_, b) in zip(exact, rounded):
        order = a.sort(-1, descending=True).values
        if (order[:, top - 1] - order[:, top]).min() < 2 * (a - b).abs().max():
            return False
    return True


def run(folder, dtype, tokens):
    """Yields the value of each sequence and what the routers said."""
    model, info = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", experts_implementation="eager", output_loading_info=True)
    for kind, names in info.items():
        if names:
            sys.exit(f"{folder}: {kind}: {names}")
    if model.config.num_labels != 1:
        sys.exit(f"{folder}: {model.config.num_labels} labels")
    routers, out = [], []
    for module in model.modules():
        if type(module).__name__.endswith("TopKRouter"):
            module.register_forward_hook(lambda m, _, o: routers.append((m.top_k, o[0].float())))
    with torch.no_grad():
        for ids in tokens:
            routers.clear()
            out.append((model(torch.tensor([ids])).logits[0, 0].float().item(), list(routers)))
        if dtype == torch.float32:
            width = max(map(len, tokens))
            padded = torch.tensor([ids + [model.config.pad_token_id] * (width - len(ids)) for ids in tokens])
            mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in tokens])
            together = model(padded, attention_mask=mask).logits[:, 0].tolist()
            for (alone, _), other in zip(out, together):
                if abs(alone - other) > 1e-4 * max(1, abs(alone)):
                    sys.exit(f"{folder}: {alone} alone, {other} with padding")
    return out


def measure(folder, tokens):
    kept, squares = [], 0.0
    for ids, (exact, a), (rounded, b) in zip(tokens, run(folder, torch.float32, tokens), run(folder, torch.bfloat16, tokens)):
        if clear(a, b) and len(kept) < CLEAR:
            kept.append((ids, exact))
            squares += (rounded - exact) ** 2
    return {"sequences": [k[0] for k in kept], "values": [k[1] for k in kept], "bf16": squares**0.5}


def make(folder, seed, types):
    found = {"transformers": transformers.__version__, "torch": torch.__version__, "cases": {}}
    for i, kind in enumerate(types):
        rng = random.Random(seed * 1000003 + i)
        torch.manual_seed(seed * 1000003 + i)
        config = transformers.AutoConfig.for_model(kind, **configuration(rng, kind))
        model = transformers.AutoModelForSequenceClassification.from_config(config, dtype=torch.bfloat16)
        with torch.no_grad():
            for name, p in model.named_parameters():
                p.normal_(std=0.2)
                if name.endswith("norm.weight"):
                    p.add_(1)
        model.save_pretrained(folder / kind)
        found["cases"][kind] = measure(folder / kind, sequences(rng, config.vocab_size, kind))
    (folder / "values.json").write_text(json.dumps(found, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("do", choices=["make", "read"])
    parser.add_argument("dirs", nargs="+", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--types", default="llama,qwen3,qwen3_moe")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    if args.do == "make":
        make(args.dirs[0], args.seed, args.types.split(","))
        return
    found = {d.name: measure(d, json.loads((d / "sequences.json").read_text())) for d in args.dirs}
    print(json.dumps({"cases": found}))


if __name__ == "__main__":
    main()
