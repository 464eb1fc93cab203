"""Training speed of PyTorch on the model that `polymath bench train` measures.

    python train_torch.py [--threads 2] [--repeat 3] [--variants loop,grouped,compiled]

The model: width 512, 8 layers, 8 heads of 64 with QK-norm, 16 experts of width
1024 of which 2 work on a token, vocabulary 16,384, sequences of 1024: 226M
parameters, 42M of them active. bf16 autocast, fp32 masters, AdamW, balance
loss. A step is 32,768 tokens: the passes of one microbatch are timed, and the
optimizer, and put together. Each variant prints one JSON object, and the
fastest is repeated at the end:

    loop      a product for each expert on the rows that chose it
    grouped   torch's grouped_mm over all experts
    compiled  the loop's model through torch.compile (needs a C++ compiler)
"""

import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

D, L, H, HD, E, K, FF, V, T = 512, 8, 8, 64, 16, 2, 1024, 16384, 1024
STEP_TOKENS = 32768
BALANCE = 0.01


def active_flops():
    """Operations of forward and backward for one token, attention causal."""
    weights = V * D + L * (4 * D * D + E * D + K * 3 * D * FF)
    return 3 * (2 * weights + L * 4 * D * (T + 1) / 2)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), 1e-6)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D, bias=False)
        self.out = nn.Linear(D, D, bias=False)
        self.q_norm, self.k_norm = Norm(HD), Norm(HD)
        inv = 1.0 / 10000.0 ** (torch.arange(0, HD, 2) / HD)
        angle = torch.arange(T)[:, None] * inv[None, :]
        self.register_buffer("cos", angle.cos()[:, None, :].bfloat16())
        self.register_buffer("sin", angle.sin()[:, None, :].bfloat16())

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat([a * self.cos - b * self.sin, b * self.cos + a * self.sin], -1)

    def forward(self, x):
        b = x.shape[0]
        q, k, v = self.qkv(x).view(b, T, 3, H, HD).unbind(2)
        q, k = self.rotate(self.q_norm(q)), self.rotate(self.k_norm(k))
        o = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
        return self.out(o.transpose(1, 2).reshape(b, T, D))


class Experts(nn.Module):
    def __init__(self, grouped):
        super().__init__()
        self.grouped = grouped
        self.router = nn.Linear(D, E, bias=False)
        self.gate_up = nn.Parameter(torch.randn(E, 2 * FF, D) * 0.02)
        self.down = nn.Parameter(torch.randn(E, D, FF) * 0.005)

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, D)
        probs = torch.softmax(self.router(x).float(), -1)
        gates, ids = torch.topk(probs, K, dim=-1)
        gates = gates / gates.sum(-1, keepdim=True)
        order = torch.argsort(ids.flatten(), stable=True)
        load = torch.bincount(ids.flatten(), minlength=E)
        rows = x[order // K]
        if self.grouped:
            y = self.run_grouped(rows, load)
        else:
            y = self.run_loop(rows, load)
        y = y * gates.flatten()[order, None].to(y.dtype)
        out = torch.zeros_like(x).index_add(0, order // K, y)
        balance = E * (load / (x.shape[0] * K) * probs.mean(0)).sum()
        return out.view(shape), balance

    def run_loop(self, rows, load):
        out = []
        for e, part in enumerate(rows.split(load.tolist())):
            gate, up = F.linear(part, self.gate_up[e]).chunk(2, -1)
            out.append(F.linear(F.silu(gate) * up, self.down[e]))
        return torch.cat(out)

    def run_grouped(self, rows, load):
        offsets = load.cumsum(0).int()
        gate_up = self.gate_up.bfloat16().transpose(1, 2)
        gate, up = F.grouped_mm(rows.bfloat16(), gate_up, offs=offsets).chunk(2, -1)
        return F.grouped_mm(F.silu(gate) * up, self.down.bfloat16().transpose(1, 2), offs=offsets)


class Model(nn.Module):
    def __init__(self, grouped):
        super().__init__()
        self.embed, self.head = nn.Embedding(V, D), nn.Linear(D, V, bias=False)
        self.norm = Norm(D)
        self.attention = nn.ModuleList(Attention() for _ in range(L))
        self.experts = nn.ModuleList(Experts(grouped) for _ in range(L))
        self.norms = nn.ModuleList(Norm(D) for _ in range(2 * L))

    def forward(self, tokens, targets):
        x = self.embed(tokens).bfloat16()
        balance = 0.0
        for l in range(L):
            x = x + self.attention[l](self.norms[2 * l](x))
            y, b = self.experts[l](self.norms[2 * l + 1](x))
            x, balance = x + y, balance + b
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten()) + BALANCE * balance


def timed(action, repeat):
    times = []
    for _ in range(repeat + 1):  # the first is to warm up
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def measure(variant, args):
    torch.manual_seed(1)
    model = Model(grouped=variant == "grouped")
    parameters = sum(p.numel() for p in model.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    tokens = torch.randint(0, V, (args.batch, T + 1))
    run = torch.compile(model) if variant == "compiled" else model

    def passes():
        with torch.autocast("cpu", torch.bfloat16):
            loss = run(tokens[:, :-1], tokens[:, 1:])
        loss.backward()

    pass_time = timed(passes, args.repeat)
    step_time = timed(optimizer.step, 2)
    count = args.batch * T
    total = pass_time * STEP_TOKENS / count + step_time
    return {
        "name": "train.pytorch", "variant": variant, "value": STEP_TOKENS / total, "unit": "tokens/s",
        "flops": STEP_TOKENS / total * active_flops(), "pass_s": pass_time, "optimizer_s": step_time,
        "microbatch": count, "parameters": parameters, "threads": args.threads, "torch": torch.__version__,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8, help="sequences of a microbatch")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--variants", default="loop,grouped,compiled")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    results = []
    for variant in args.variants.split(","):
        try:
            results.append(measure(variant, args))
            print(json.dumps(results[-1]), flush=True)
        except Exception as err:  # a form that this build of torch does not have
            print(f"{variant}: {type(err).__name__}: {err}", file=sys.stderr, flush=True)
    if not results:
        sys.exit("no variant ran")
    print(json.dumps(dict(max(results, key=lambda r: r["value"]), fastest=True)))


main()
