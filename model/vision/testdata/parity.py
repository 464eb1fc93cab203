"""Writes the golden files of TestParity: python parity.py FILE [SEED [ACTIVATION]]

With a seed the shape is drawn too, and the projector's activation if it is not
given; TestParityNow does so. parity.safetensors has neither, parity_erf.safetensors
has the seed 22 and "gelu".

The tower is transformers' SiglipVisionModel and the projector is that of its
LlavaForConditionalGeneration, in fp32: features for three choices of the layer,
and for the last one the gradients of all weights by autograd. Beside them the
same network is written here from its definition. In fp32 it must agree with
transformers. A second run rounds to bf16 wherever the Go tower stores bf16, in
both directions; its distance from the fp32 run says how large errors of bf16 are
for each tensor, which is what the Go test measures its own errors by. What all
patches have in common, such as a key that many attend to, makes some tensors'
errors vary from one draw of the roundings to the next; so there are several, of
pixels that differ a little, and the root of the mean square counts.
"""

import json
import math
import random
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

# layer_norm_eps is so large that it shows.
VISION = {
    "image_size": 54, "patch_size": 6, "hidden_size": 48, "intermediate_size": 72,
    "num_hidden_layers": 3, "num_attention_heads": 4, "layer_norm_eps": 0.3,
    "hidden_act": "gelu_pytorch_tanh", "num_channels": 3, "vision_use_head": False,
}
WIDTH, VIEWS, ACT = 40, 3, "gelu_pytorch_tanh"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 0
if SEED:
    pick = random.Random(SEED)
    HEADS, SIDE, ROWS = pick.randint(1, 6), pick.choice([1, 2, 4, 7, 14, 16]), pick.randint(2, 12)
    VISION.update(
        image_size=SIDE * ROWS, patch_size=SIDE, num_attention_heads=HEADS, hidden_size=HEADS * pick.randint(4, 40),
        intermediate_size=pick.randint(16, 200), num_hidden_layers=pick.randint(1, 4), layer_norm_eps=pick.choice([1e-6, 1e-5]),
    )
    WIDTH, VIEWS = 2 * pick.randint(8, 60), pick.randint(1, 4)
    ACT = sys.argv[3] if len(sys.argv) > 3 else pick.choice(["gelu", "gelu_pytorch_tanh"])
TOWER, PROJECTOR = "vision_tower.vision_model.", "multi_modal_projector."

D, F_, L, H = (VISION[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"))
SIDE, P = VISION["patch_size"], (VISION["image_size"] // VISION["patch_size"]) ** 2
LAYERS = range(-1, -1 - L, -1)
DRAWS, JITTER = 8, 0.003


class Round(torch.autograd.Function):
    """Rounds a value, and the gradient that comes back, to bf16."""

    @staticmethod
    def forward(ctx, x):
        return x.bfloat16().float()

    @staticmethod
    def backward(ctx, g):
        return g.bfloat16().float()


class Attend(torch.autograd.Function):
    """softmax(q·k) v that rounds where FlashAttention-2 does (arXiv:2307.08691, algorithm 2).

    Its backward pass takes from the rounded output what is common to the gradients
    of a query's scores, so that they add up to 0 only but for that rounding. The
    gradient of the bias of keys, which is 0, is nothing but what is left of it.
    """

    @staticmethod
    def forward(ctx, q, k, v, scale):
        w = torch.softmax(torch.einsum("vqhd,vkhd->vhqk", q, k) * scale, -1)
        o = torch.einsum("vhqk,vkhd->vqhd", w.bfloat16().float(), v).bfloat16().float()
        ctx.save_for_backward(q, k, v, w, o)
        ctx.scale = scale
        return o

    @staticmethod
    def backward(ctx, do):
        q, k, v, w, o = ctx.saved_tensors
        do = do.bfloat16().float()
        delta = (do * o).sum(-1).transpose(1, 2).unsqueeze(-1)
        ds = (w * (torch.einsum("vqhd,vkhd->vhqk", do, v) - delta) * ctx.scale).bfloat16().float()
        dv = torch.einsum("vhqk,vqhd->vkhd", w.bfloat16().float(), do)
        return torch.einsum("vhqk,vkhd->vqhd", ds, k), torch.einsum("vhqk,vqhd->vkhd", ds, q), dv, None


class Tower:
    def __init__(self, weights, rounded):
        self.p, self.rounded = weights, rounded
        self.round = Round.apply if rounded else (lambda x: x)

    def linear(self, x, name):
        return self.round(self.round(x @ self.p[name + ".weight"].flatten(1).T) + self.p[name + ".bias"])

    def norm(self, x, name):
        return self.round(F.layer_norm(x, (D,), self.p[name + ".weight"], self.p[name + ".bias"], VISION["layer_norm_eps"]))

    def mlp(self, x, up, down, act="gelu_pytorch_tanh"):
        approximate = {"gelu": "none", "gelu_pytorch_tanh": "tanh"}[act]
        return self.linear(self.round(F.gelu(self.linear(x, up), approximate=approximate)), down)

    def attention(self, x, name):
        q, k, v = (self.linear(x, name + n).view(-1, P, H, D // H) for n in ("q_proj", "k_proj", "v_proj"))
        if self.rounded:
            o = Attend.apply(q, k, v, 1 / math.sqrt(D // H))
        else:
            p = torch.softmax(torch.einsum("vqhd,vkhd->vhqk", q, k) / math.sqrt(D // H), -1)
            o = torch.einsum("vhqk,vkhd->vqhd", p, v)
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
        return self.mlp(x, PROJECTOR + "linear_1", PROJECTOR + "linear_2", ACT)


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
        vision_feature_layer=layer, vision_feature_select_strategy="full", projector_hidden_act=ACT,
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


def run(start, pixels, slope, rounded):
    """Returns the features of each layer, and the gradients of those of the last."""
    out = {}
    for layer in LAYERS:
        p = {n: w.float().requires_grad_() for n, w in start.items()}
        features = Tower(p, rounded).features(pixels, layer)
        out[f"features{layer}"] = features.detach()
        if layer == -1:
            (features * slope.float()).sum().backward()
            out.update({"grad." + n: w.grad for n, w in p.items() if w.grad is not None})
    return out


def distance(a, b):
    return torch.linalg.vector_norm((a - b).double()).item()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    gen = torch.Generator().manual_seed(7 + SEED)
    start = initial(gen)
    size = VISION["image_size"]
    bytes_ = torch.randint(0, 256, (VIEWS, size, size, 3), generator=gen)
    pixels = ((bytes_.float() / 255 - 0.5) / 0.5).bfloat16().float().permute(0, 3, 1, 2)
    slope = torch.randn(VIEWS * P, WIDTH, generator=gen).bfloat16()
    exact, defined = {}, run(start, pixels, slope, False)
    for layer in LAYERS:
        model, params = theirs(start, layer)
        features = torch.cat(list(model.model.get_image_features(pixels).pooler_output)).reshape(VIEWS * P, WIDTH)
        exact[f"features{layer}"] = features.detach()
        if layer == -1:
            (features * slope.float()).sum().backward()
            exact.update({"grad." + n: p.grad for n, p in params.items() if p.grad is not None})
    if defined.keys() != exact.keys():
        sys.exit(f"other gradients: {defined.keys() ^ exact.keys()}")
    for n, x in exact.items():
        off = distance(defined[n], x) / torch.linalg.vector_norm(x).item()
        # The gradient of the keys' bias is 0 but for rounding: softmax does not see it.
        if off > 1e-5 and not n.endswith("k_proj.bias"):
            sys.exit(f"{n} differs from transformers' by {off:g}")
    squares = dict.fromkeys(exact, 0.0)
    for draw in range(DRAWS):
        near = (pixels + JITTER * torch.randn(pixels.shape, generator=gen)).bfloat16().float() if draw else pixels
        fp32, bf16 = run(start, near, slope, False), run(start, near, slope, True)
        for n in squares:
            squares[n] += distance(fp32[n], bf16[n]) ** 2 / DRAWS
    errors = {n: math.sqrt(v) for n, v in squares.items()}
    tensors = {n: x.contiguous() for n, x in exact.items()}
    tensors.update({"start." + n: w for n, w in start.items()})
    tensors["bytes"], tensors["slope"] = bytes_.bfloat16(), slope
    save_file(tensors, sys.argv[1], metadata={
        "torch": torch.__version__, "transformers": transformers.__version__, "vision": json.dumps(VISION),
        "width": str(WIDTH), "activation": ACT, "errors": json.dumps(errors),
    })


if __name__ == "__main__":
    main()
