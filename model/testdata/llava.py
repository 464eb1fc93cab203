"""Writes the golden file of TestLlavaParity: python llava.py OUT.safetensors [SEED]

With a seed the shape is drawn too; TestLlavaNow does so.

A model that sees is transformers' LlavaForConditionalGeneration, in fp32, over
several documents with several pictures each: logits, loss, and the gradients of
all weights by autograd. Beside it the same model is put together from the
decoder of parity.py and the tower of ../vision/testdata/parity.py, which are
written from their definitions. In fp32 it must agree with transformers. A second
run rounds to bf16 wherever the Go model stores bf16, in both directions; its
distance from the fp32 run, over several draws of pixels that differ a little,
says how large errors of bf16 are for each tensor, which is what the Go test
measures its own errors by. Every expert works on every token, so that there is
no choice that rounding could turn.

    python llava.py OUT.safetensors --open DIR IN.safetensors

opens a directory with transformers, and with PEFT the adapter in DIR/adapter if
there is one, and computes the logits of the documents in IN, for TestLlavaOpens.
"""

import importlib.util
import json
import math
import pathlib
import random
import sys
import tempfile

import torch
import torch.nn.functional as F
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
OPEN = len(sys.argv) > 2 and sys.argv[2] == "--open"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 and not OPEN else 0


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    arguments, sys.argv = sys.argv, sys.argv[:1]
    spec.loader.exec_module(loaded)
    sys.argv = arguments
    return loaded


decoder = module("decoder", HERE / "parity.py")
tower = module("tower", HERE.parent / "vision" / "testdata" / "parity.py")

decoder.CONFIG.update(num_experts=4, num_experts_per_tok=4, router_aux_loss_coef=0.0, router_z_loss_coef=0.0, z_loss_coef=0.0)
tower.VISION.update(image_size=24, num_hidden_layers=2)
LAYER, IMAGE = -1, 7  # the layer that the projector looks at, and the image token
DOCUMENTS = [[3, -1, 5, -2, 12], [40], [-1, 30, -1, 9], [-1], [6, -1, 20], [2, -1, 25], [-2, 30], [10, -1, 15, -1, 10]]  # runs of text, and pictures of so many views

if SEED:
    pick = random.Random(SEED)
    heads = pick.randint(1, 4)
    decoder.CONFIG.update(
        vocab_size=pick.randint(60, 110), hidden_size=pick.randint(24, 60), num_key_value_heads=heads,
        num_attention_heads=heads * pick.randint(1, 3), head_dim=2 * pick.randint(3, 10), moe_intermediate_size=pick.randint(16, 40),
    )
    heads, side = pick.randint(1, 4), pick.choice([2, 4, 7])
    tower.VISION.update(
        image_size=side * pick.randint(2, 5), patch_size=side, num_attention_heads=heads, hidden_size=heads * pick.randint(8, 24),
        intermediate_size=pick.randint(16, 90), num_hidden_layers=pick.randint(1, 3),
    )
    LAYER = -pick.randint(1, tower.VISION["num_hidden_layers"])
    IMAGE = pick.randrange(decoder.CONFIG["vocab_size"])
    DOCUMENTS = [[pick.choice([-1, 1]) * pick.randint(1, 2) if pick.random() < 0.5 else pick.randint(1, 12) for _ in range(pick.randint(1, 4))]
                 for _ in range(pick.randint(7, 10))] + [[5, -1, 4]]

for name, field in {"V": "vocab_size", "D": "hidden_size", "L": "num_hidden_layers", "H": "num_attention_heads", "KV": "num_key_value_heads",
                    "HD": "head_dim", "E": "num_experts", "K": "num_experts_per_tok", "FF": "moe_intermediate_size"}.items():
    setattr(decoder, name, decoder.CONFIG[field])
for name, field in {"D": "hidden_size", "F_": "intermediate_size", "L": "num_hidden_layers", "H": "num_attention_heads", "SIDE": "patch_size"}.items():
    setattr(tower, name, tower.VISION[field])
tower.P, tower.WIDTH = (tower.VISION["image_size"] // tower.SIDE) ** 2, decoder.D
P, V = tower.P, decoder.V
DRAWS, JITTER = 8, 0.003


class Seeing(decoder.Model):
    def __init__(self, weights, rounded, pixels):
        super().__init__(weights, rounded)
        self.features = tower.Tower(weights, rounded).features(pixels, LAYER)

    def embed(self, tokens):
        images = (tokens == IMAGE)[:, None].expand(-1, decoder.D)
        return super().embed(tokens).masked_scatter(images, self.features)


def documents(gen):
    """Tokens by document, and the views of each."""
    texts, views = [], []
    for runs in DOCUMENTS:
        tokens = []
        for n in runs:
            if n < 0:
                tokens += [IMAGE] * (-n * P)
                continue
            for id_ in torch.randint(0, V, (n,), generator=gen).tolist():
                tokens.append((id_ + 1) % V if id_ == IMAGE else id_)
        texts.append(tokens)
        views.append(sum(-n for n in runs if n < 0))
    return texts, views


def targets_of(tokens):
    """What follows each token: -1 where nothing does, or a picture."""
    return [-1 if t == IMAGE else t for t in tokens[1:]] + [-1]


def ours(name):
    """The name that Go has for a parameter of transformers'."""
    name = name.removeprefix("model.")
    if name.startswith("language_model."):
        return "model." + name.removeprefix("language_model.")
    return name.replace("vision_tower.vision_model.", "vision_tower.").replace("vision_tower.", tower.TOWER)


def parts(name, x):
    """A parameter of transformers' by the names of the file, where experts are apart."""
    if ".mlp.experts." not in name:
        return {ours(name): x}
    prefix, out = ours(name).rsplit(".", 1)[0], {}
    for e in range(decoder.E):
        if name.endswith("down_proj"):
            out[f"{prefix}.{e}.down_proj.weight"] = x[e]
        else:
            out[f"{prefix}.{e}.gate_proj.weight"], out[f"{prefix}.{e}.up_proj.weight"] = x[e].chunk(2)
    return out


def theirs(start):
    c = decoder.CONFIG
    text = transformers.Qwen3MoeConfig(**{k: v for k, v in c.items() if not k.endswith("z_loss_coef") and k not in ("model_type", "rope_theta")},
                                       rope_parameters={"rope_type": "default", "rope_theta": c["rope_theta"]})
    config = transformers.LlavaConfig(
        vision_config=transformers.SiglipVisionConfig(**tower.VISION), text_config=text, vision_feature_layer=LAYER,
        vision_feature_select_strategy="full", projector_hidden_act="gelu_pytorch_tanh", image_token_index=IMAGE, image_seq_length=P,
        attn_implementation="eager", experts_implementation="eager",
    )
    model = transformers.LlavaForConditionalGeneration(config).float().eval()
    seen = set()
    for name, p in model.named_parameters():
        for part, view in parts(name, p.data).items():
            view.copy_(start[part].float())
            seen.add(part)
    if seen != start.keys():
        sys.exit(f"transformers has other tensors: {seen ^ start.keys()}")
    return model


def logits_of(model, texts, views, pixels):
    out, at = [], 0
    for tokens, n in zip(texts, views):
        own, at = pixels[at : at + n], at + n
        out.append(model(input_ids=torch.tensor([tokens]), pixel_values=own if n else None, use_cache=False).logits[0])
    return torch.cat(out)


def loss_of(logits, targets):
    counted = targets >= 0
    return F.cross_entropy(logits[counted], targets[counted])


def by_transformers(start, texts, views, pixels, targets):
    model = theirs(start)
    logits = logits_of(model, texts, views, pixels)
    loss = loss_of(logits, targets)
    loss.backward()
    out = {"logits": logits.detach(), "loss": loss.detach().reshape(1)}
    for name, p in model.named_parameters():
        grad = torch.zeros_like(p) if p.grad is None else p.grad.clone()
        out.update({"grad." + n: g for n, g in parts(name, grad).items()})
    with tempfile.TemporaryDirectory() as folder:
        model.bfloat16().save_pretrained(folder)
        config = (pathlib.Path(folder) / "config.json").read_text()
        with safe_open(pathlib.Path(folder) / "model.safetensors", "pt") as file:
            saved = list(file.keys())
    return out, config, saved


def by_definition(start, rounded, tokens, positions, mask, pixels, targets):
    p = {n: w.float().requires_grad_() for n, w in start.items()}
    logits, _ = Seeing(p, rounded, pixels).forward(tokens, positions, mask)
    loss = loss_of(logits, targets)
    loss.backward()
    out = {"logits": logits.detach(), "loss": loss.detach().reshape(1)}
    out.update({"grad." + n: torch.zeros_like(w) if w.grad is None else w.grad for n, w in p.items()})
    return out


def golden(path):
    for seed in range(SEED, SEED + 20000, 1000):
        if attempt(path, seed):
            return
    sys.exit("no weights have gradients that bf16 leaves as they are")


def attempt(path, seed):
    gen = torch.Generator().manual_seed(11 + seed)
    start = decoder.initial(5 + seed) | tower.initial(gen)
    texts, views = documents(gen)
    size = tower.VISION["image_size"]
    bytes_ = torch.randint(0, 256, (sum(views), size, size, 3), generator=gen)
    pixels = ((bytes_.float() / 255 - 0.5) / 0.5).bfloat16().float().permute(0, 3, 1, 2)
    tokens = torch.tensor(sum(texts, []))
    targets = torch.tensor(sum((targets_of(t) for t in texts), []))
    positions = torch.tensor([i for t in texts for i in range(len(t))])
    document = torch.tensor([i for i, t in enumerate(texts) for _ in t])
    order = torch.arange(len(tokens))
    mask = (document[:, None] == document[None, :]) & (order[:, None] >= order[None, :])
    exact, config, saved = by_transformers(start, texts, views, pixels, targets)
    squares = dict.fromkeys(exact, 0.0)
    for draw in range(DRAWS):
        near = (pixels + JITTER * torch.randn(pixels.shape, generator=gen)).bfloat16().float() if draw else pixels
        fp32 = by_definition(start, False, tokens, positions, mask, near, targets)
        bf16 = by_definition(start, True, tokens, positions, mask, near, targets)
        for n in squares:
            squares[n] += tower.distance(fp32[n], bf16[n]) ** 2 / DRAWS
            if draw == 0:
                off, norm = tower.distance(fp32[n], exact[n]), torch.linalg.vector_norm(exact[n]).item()
                # The gradient of the keys' bias is 0 but for rounding: softmax does not see it.
                if off > 1e-4 * norm and not n.endswith("k_proj.bias"):
                    sys.exit(f"{n} differs from transformers' by {off:g} of {norm:g}")
    for n, v in squares.items():
        norm = torch.linalg.vector_norm(exact[n]).item()
        if math.sqrt(v) > 0.045 * norm and not n.endswith("k_proj.bias"):  # a bound that would say little
            return False
    tensors = {n: x.contiguous() for n, x in exact.items()}
    tensors.update({"start." + n: w for n, w in start.items()})
    tensors |= {"tokens": tokens.int(), "targets": targets.int(), "bytes": bytes_.bfloat16()}
    save_file(tensors, path, metadata={
        "torch": torch.__version__, "transformers": transformers.__version__, "config": config, "saved": json.dumps(saved),
        "documents": json.dumps([len(t) for t in texts]), "errors": json.dumps({n: math.sqrt(v) for n, v in squares.items()}),
    })
    return True


def opened(path, folder, given):
    model, info = transformers.AutoModelForImageTextToText.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager", output_loading_info=True)
    for kind, names in info.items():
        if names:
            sys.exit(f"{folder}: {kind}: {names}")
    if (adapter := pathlib.Path(folder) / "adapter").exists():
        import peft

        model = peft.PeftModel.from_pretrained(model, adapter).eval()
    tensors = load_file(given)
    with safe_open(given, "pt") as file:
        lengths, views = json.loads(file.metadata()["documents"]), json.loads(file.metadata()["views"])
    texts = [t.tolist() for t in tensors["tokens"].split(lengths)]
    side, size = model.config.vision_config.patch_size, model.config.vision_config.image_size
    patches = tensors["patches"].float().reshape(sum(views), -1, 3 * side * side)
    pixels = F.fold(patches.transpose(1, 2), size, side, stride=side)
    with torch.no_grad():
        logits = logits_of(model, texts, views, pixels)
    save_file({"logits": logits.contiguous()}, path)


def main():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if OPEN:
        opened(sys.argv[1], sys.argv[3], sys.argv[4])
    else:
        golden(sys.argv[1])


if __name__ == "__main__":
    main()
