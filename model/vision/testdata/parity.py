"""Writes the golden file of TestParity: python parity.py parity.safetensors [SEED]

With a seed the shape is drawn too; TestParityNow does so.

The tower is transformers' SiglipVisionModel and the projector is that of its
LlavaForConditionalGeneration, in fp32: features for three choices of the layer,
and for the last one the gradients of all weights by autograd. Beside them the
same network is written here from its definition. In fp32 it must agree with
transformers. A second run rounds to bf16 wherever the Go tower stores bf16, in
both directions; its distance from the fp32 run says how large errors of bf16 are
for each tensor, which is what the Go test measures its own errors by.
"""

import json
import math
import random
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

VISION = {
    "image_size": 54, "patch_size": 6, "hidden_size": 48, "intermediate_size": 72,
    "num_hidden_layers": 3, "num_attention_heads": 4, "layer_norm_eps": 1e-6,
    "hidden_act": "gelu_pytorch_tanh", "num_channels": 3, "vision_use_head": False,
}
WIDTH, VIEWS = 40, 3
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 0
if SEED:
    pick = random.Random(SEED)
    HEADS, SIDE, ROWS = pick.randint(1, 6), pick.choice([1, 2, 4, 7, 14, 16]), pick.randint(2, 12)
    VISION.update(
        image_size=SIDE * ROWS, patch_size=SIDE, num_attention_heads=HEADS, hidden_size=HEADS * pick.randint(4, 40),
        intermediate_size=pick.randint(16, 200), num_hidden_layers=pick.randint(1, 4), layer_norm_eps=pick.choice([1e-6, 1e-5]),
    )
    WIDTH, VIEWS = 2 * pick.randint(8, 60), pick.randint(1, 4)
TOWER, PROJECTOR = "vision_tower.vision_model.", "multi_modal_projector."

D, F_, L, H = (VISION[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"))
SIDE, P = VISION["patch_size"], (VISION["image_size"] // VISION["patch_size"]) ** 2
LAYERS = range(-1, -1 - L, -1)


class Round(torch.autograd.Function):
    """Rounds a value, and the gradient that comes back, to bf16."""

    @staticmethod
    def forward(ctx, x):
        return x.bfloat16().float()

    @staticmethod
    def backward(ctx, g):
        return g.bfloat16().float()


class Tower:
    def __init__(self, weights, rounded):
        self.p = weights
        self.round = Round.apply if rounded else (lambda x: x)

    def linear(self, x, name):
        return self.round(self.round(x @ self.p[name + ".weight"].flatten(1).T) + self.p[name + ".bias"])

    def norm(self, x, name):
        return self.round(F.layer_norm(x, (D,), self.p[name + ".weight"], self.p[name + ".bias"], VISION["layer_norm_eps"]))

    def mlp(self, x, up, down):
        return self.linear(self.round(F.gelu(self.linear(x, up), approximate="tanh")), down)

    def attention(self, x, name):
        q, k, v = (self.linear(x, name + n).view(-1, P, H, D // H) for n in ("q_proj", "k_proj", "v_proj"))
        scores = torch.einsum("vqhd,vkhd->vhqk", q, k) / math.sqrt(D // H)
        p = self.round(torch.softmax(scores, -1))
        o = self.round(torch.einsum("vhqk,vkhd->vqhd", p, v))
        return self.linear(o.reshape(-1, D), name + "out_proj")

    def features(self, pixels, layer):
        patches = F.unfold(pixels, SIDE, stride=SIDE).transpose(1, 2).reshape(-1, 3 * SIDE * SIDE)
        x = self.linear(patches, TOWER + "embeddings.patch_embedding")
        places = self.p[TOWER + "embeddings.position_embedding.weight"]
        x = self.round(x + places.repeat(len(pixels), 1))
        for l in range(L + layer + 1):
            name = f"{TOWER}encoder.layers.{l}."
            x = self.round(x + self.attention(self.norm(x, name + "layer_norm1"), name + "self_attn."))
            x = self.round(x + self.mlp(self.norm(x, name + "layer_norm2"), name + "mlp.fc1", name + "mlp.fc2"))
        return self.mlp(x, PROJECTOR + "linear_1", PROJECTOR + "linear_2")


def initial(gen):
    def normal(*shape, std, mean=0.0):
        return (mean + std * torch.randn(*shape, generator=gen)).bfloat16()

    w = {}

    def linear(name, out, *inputs):
        w[name + ".weight"] = normal(out, *inputs, std=1.2 / math.sqrt(math.prod(inputs)))
        w[name + ".bias"] = normal(out, std=0.2)

    def norm(name):
        w[name + ".weight"] = normal(D, std=0.2, mean=1.0)
        w[name + ".bias"] = normal(D, std=0.2)

    linear(TOWER + "embeddings.patch_embedding", D, 3, SIDE, SIDE)
    w[TOWER + "embeddings.position_embedding.weight"] = normal(P, D, std=0.7)
    for l in range(L):
        name = f"{TOWER}encoder.layers.{l}."
        norm(name + "layer_norm1")
        norm(name + "layer_norm2")
        for n in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(name + "self_attn." + n, D, D)
        linear(name + "mlp.fc1", F_, D)
        linear(name + "mlp.fc2", D, F_)
    norm(TOWER + "post_layernorm")
    linear(PROJECTOR + "linear_1", WIDTH, D)
    linear(PROJECTOR + "linear_2", WIDTH, WIDTH)
    return w


def theirs(start, layer):
    """Returns transformers' model and its parameters by the names of the file."""
    text = {
        "model_type": "llama", "vocab_size": 16, "hidden_size": WIDTH, "intermediate_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 1, "num_key_value_heads": 1, "pad_token_id": None, "bos_token_id": None, "eos_token_id": None,
    }
    config = transformers.LlavaConfig(
        vision_config=transformers.SiglipVisionConfig(**VISION), text_config=transformers.LlamaConfig(**text),
        vision_feature_layer=layer, vision_feature_select_strategy="full", projector_hidden_act="gelu_pytorch_tanh",
        image_token_index=15, attn_implementation="eager",
    )
    model = transformers.LlavaForConditionalGeneration(config).float().eval()
    params = {}
    for name, p in model.named_parameters():
        name = name.removeprefix("model.").replace("vision_tower.vision_model.", "vision_tower.")
        if not name.startswith("language_model") and not name.startswith("lm_head"):
            params[name.replace("vision_tower.", TOWER)] = p
    if params.keys() != start.keys():
        sys.exit(f"transformers has other tensors: {params.keys() ^ start.keys()}")
    for name, p in params.items():
        p.data.copy_(start[name].float())
    return model, params


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    gen = torch.Generator().manual_seed(7 + SEED)
    start = initial(gen)
    size = VISION["image_size"]
    bytes_ = torch.randint(0, 256, (VIEWS, size, size, 3), generator=gen)
    pixels = ((bytes_.float() / 255 - 0.5) / 0.5).bfloat16().float().permute(0, 3, 1, 2)
    slope = torch.randn(VIEWS * P, WIDTH, generator=gen).bfloat16()
    exact, rounded = {}, {}
    for layer in LAYERS:
        model, params = theirs(start, layer)
        out = model.model.get_image_features(pixels).pooler_output
        features = torch.cat(list(out)).reshape(VIEWS * P, WIDTH)
        exact[f"features{layer}"] = features.detach()
        if layer == -1:
            (features * slope.float()).sum().backward()
            exact.update({"grad." + n: p.grad for n, p in params.items() if p.grad is not None})
        for dst, round_ in (({}, False), (rounded, True)):
            p = {n: w.float().requires_grad_() for n, w in start.items()}
            features = Tower(p, round_).features(pixels, layer)
            dst[f"features{layer}"] = features.detach()
            if layer == -1:
                (features * slope.float()).sum().backward()
                dst.update({"grad." + n: w.grad for n, w in p.items() if w.grad is not None})
            if not round_:
                for n, x in dst.items():
                    off = (torch.linalg.vector_norm(x - exact[n]) / torch.linalg.vector_norm(exact[n])).item()
                    # The gradient of the keys' bias is 0 but for rounding: softmax does not see it.
                    if off > 1e-5 and not n.endswith("k_proj.bias"):
                        sys.exit(f"{n} differs from transformers' by {off:g}")
    if rounded.keys() != exact.keys():
        sys.exit(f"other gradients: {rounded.keys() ^ exact.keys()}")
    errors = {n: torch.linalg.vector_norm((rounded[n] - x).double()).item() for n, x in exact.items()}
    tensors = {n: x.contiguous() for n, x in exact.items()}
    tensors.update({"start." + n: w for n, w in start.items()})
    tensors["bytes"], tensors["slope"] = bytes_.bfloat16(), slope
    save_file(tensors, sys.argv[1], metadata={
        "torch": torch.__version__, "transformers": transformers.__version__, "vision": json.dumps(VISION),
        "width": str(WIDTH), "errors": json.dumps(errors),
    })


main()
