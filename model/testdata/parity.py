"""Writes the golden file of TestParity: python parity.py parity.safetensors

The same model in PyTorch, written from the definition and differentiated by
autograd, in fp32: logits, loss, all gradients, and the parameters after ten
AdamW steps. A second run rounds to bf16 wherever the decoder stores bf16, in
both directions; its distance from the fp32 run says how large errors of bf16
are for each tensor, which is what the Go test measures its own errors by.
"""

import json
import math
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CONFIG = {
    "model_type": "qwen3_moe", "vocab_size": 80, "hidden_size": 40, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "hidden_act": "silu",
    "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "tie_word_embeddings": False, "intermediate_size": 24, "num_experts": 8,
    "num_experts_per_tok": 2, "moe_intermediate_size": 24, "norm_topk_prob": True,
    "router_aux_loss_coef": 0.02, "router_z_loss_coef": 0.01, "z_loss_coef": 0.001,
}
DOCUMENTS = [17, 66, 1, 8]
STEPS = 10
MARGIN = 0.03  # of logits, between the last expert chosen and the next
LR, BETAS, EPS, DECAY = 5e-4, (0.9, 0.95), 1e-8, 0.1

V, D, L = CONFIG["vocab_size"], CONFIG["hidden_size"], CONFIG["num_hidden_layers"]
H, KV, HD = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"], CONFIG["head_dim"]
E, K, FF = CONFIG["num_experts"], CONFIG["num_experts_per_tok"], CONFIG["moe_intermediate_size"]


class Round(torch.autograd.Function):
    """Rounds a value, and the gradient that comes back, to bf16."""

    @staticmethod
    def forward(ctx, x):
        return x.bfloat16().float()

    @staticmethod
    def backward(ctx, g):
        return g.bfloat16().float()


class RoundForward(torch.autograd.Function):
    """Rounds a master weight for the products; its gradient stays fp32."""

    @staticmethod
    def forward(ctx, w):
        return w.bfloat16().float()

    @staticmethod
    def backward(ctx, g):
        return g


class Model:
    def __init__(self, weights, rounded):
        self.p = weights
        self.round = Round.apply if rounded else (lambda x: x)
        self.weight = RoundForward.apply if rounded else (lambda x: x)
        inv = 1.0 / CONFIG["rope_theta"] ** (torch.arange(0, HD, 2, dtype=torch.float64) / HD)
        angle = torch.arange(128, dtype=torch.float64)[:, None] * inv[None, :]
        self.cos, self.sin = angle.cos().float(), angle.sin().float()

    def w(self, name):
        return self.weight(self.p[name])

    def norm(self, x, name):
        rstd = torch.rsqrt((x * x).mean(-1, keepdim=True) + CONFIG["rms_norm_eps"])
        return self.round(x * rstd * self.w(name))

    def rotate(self, x, positions):
        cos, sin = self.cos[positions][:, None, :], self.sin[positions][:, None, :]
        a, b = x[..., : HD // 2], x[..., HD // 2 :]
        return self.round(torch.cat([a * cos - b * sin, b * cos + a * sin], -1))

    def attention(self, x, prefix, positions, mask):
        t = x.shape[0]
        q = self.round(x @ self.w(prefix + "q_proj.weight").T).view(t, H, HD)
        k = self.round(x @ self.w(prefix + "k_proj.weight").T).view(t, KV, HD)
        v = self.round(x @ self.w(prefix + "v_proj.weight").T).view(t, KV, HD)
        q = self.rotate(self.norm(q, prefix + "q_norm.weight"), positions)
        k = self.rotate(self.norm(k, prefix + "k_norm.weight"), positions)
        k, v = k.repeat_interleave(H // KV, 1), v.repeat_interleave(H // KV, 1)
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(HD)
        p = torch.softmax(scores.masked_fill(~mask, -math.inf), -1)
        o = self.round(torch.einsum("hqk,khd->qhd", self.round(p), v))
        return self.round(o.reshape(t, H * HD) @ self.w(prefix + "o_proj.weight").T)

    def experts(self, residual, x, prefix, state):
        logits = x @ self.w(prefix + "gate.weight").T
        if logits.requires_grad:
            logits.register_hook(lambda g: self.round_gradient(g))
        probs = torch.softmax(logits, -1)
        top, ids = torch.topk(probs, K, dim=-1)
        gates = top / top.sum(-1, keepdim=True)
        out = [residual]
        for rank in range(K):
            y = torch.zeros_like(x)
            for e in range(E):
                rows = (ids[:, rank] == e).nonzero()[:, 0]
                if len(rows) == 0:
                    continue
                name = f"{prefix}experts.{e}."
                g = self.round(x[rows] @ self.w(name + "gate_proj.weight").T)
                u = self.round(x[rows] @ self.w(name + "up_proj.weight").T)
                h = self.round(F.silu(g) * u)
                y = y.index_copy(0, rows, self.round(h @ self.w(name + "down_proj.weight").T))
            out.append(gates[:, rank : rank + 1] * y)
        t = x.shape[0]
        load = torch.bincount(ids.flatten(), minlength=E).float()
        lse = torch.logsumexp(logits, -1)
        state["balance"].append(E * (load / (t * K) * probs.mean(0)).sum())
        state["router_z"].append((lse * lse).mean())
        state["ids"].append(ids.sort(-1).values)
        best = logits.detach().sort(-1, descending=True).values
        if K < E:
            state["margin"] = min(state["margin"], (best[:, K - 1] - best[:, K]).min().item())
        return self.round(sum(out))

    def round_gradient(self, g):
        return g.bfloat16().float() if self.weight == RoundForward.apply else g

    def embed(self, tokens):
        return self.round(self.w("model.embed_tokens.weight")[tokens])

    def forward(self, tokens, positions, mask):
        state = {"balance": [], "router_z": [], "ids": [], "margin": math.inf}
        x = self.embed(tokens)
        for l in range(L):
            prefix = f"model.layers.{l}."
            n = self.norm(x, prefix + "input_layernorm.weight")
            x = self.round(x + self.attention(n, prefix + "self_attn.", positions, mask))
            n = self.norm(x, prefix + "post_attention_layernorm.weight")
            x = self.experts(x, n, prefix + "mlp.", state)
        x = self.norm(x, "model.norm.weight")
        logits = x @ self.w("lm_head.weight").T
        if logits.requires_grad:
            logits.register_hook(lambda g: self.round_gradient(g))
        return logits, state

    def loss(self, logits, state, targets):
        counted = targets >= 0
        ce = F.cross_entropy(logits[counted], targets[counted])
        lse = torch.logsumexp(logits[counted], -1)
        return (
            ce
            + CONFIG["z_loss_coef"] * (lse * lse).mean()
            + CONFIG["router_aux_loss_coef"] * sum(state["balance"])
            + CONFIG["router_z_loss_coef"] * sum(state["router_z"])
        ), ce


def initial(seed):
    gen = torch.Generator().manual_seed(seed)

    def normal(*shape, std=0.2, mean=0.0):
        return (mean + std * torch.randn(*shape, generator=gen)).bfloat16()

    w = {"model.embed_tokens.weight": normal(V, D, std=0.5), "lm_head.weight": normal(V, D)}
    w["model.norm.weight"] = normal(D, mean=1.0)
    for l in range(L):
        p = f"model.layers.{l}."
        w[p + "input_layernorm.weight"] = normal(D, mean=1.0)
        w[p + "post_attention_layernorm.weight"] = normal(D, mean=1.0)
        w[p + "self_attn.q_proj.weight"] = normal(H * HD, D)
        w[p + "self_attn.k_proj.weight"] = normal(KV * HD, D)
        w[p + "self_attn.v_proj.weight"] = normal(KV * HD, D)
        w[p + "self_attn.o_proj.weight"] = normal(D, H * HD)
        w[p + "self_attn.q_norm.weight"] = normal(HD, mean=1.0)
        w[p + "self_attn.k_norm.weight"] = normal(HD, mean=1.0)
        w[p + "mlp.gate.weight"] = normal(E, D, std=0.6)
        for e in range(E):
            w[f"{p}mlp.experts.{e}.gate_proj.weight"] = normal(FF, D)
            w[f"{p}mlp.experts.{e}.up_proj.weight"] = normal(FF, D)
            w[f"{p}mlp.experts.{e}.down_proj.weight"] = normal(D, FF, std=0.4)
    return w


def run(start, rounded, tokens, positions, mask, targets):
    """Returns what one run computes, by name."""
    p = {n: w.float().requires_grad_() for n, w in start.items()}
    model = Model(p, rounded)
    decayed = [w for n, w in p.items() if w.dim() > 1]
    plain = [w for n, w in p.items() if w.dim() == 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=BETAS, eps=EPS)
    out = {}
    ids = []
    for w in p.values():  # an expert without tokens has a gradient of zero, and decays
        w.grad = torch.zeros_like(w)
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=False)
        logits, state = model.forward(tokens, positions, mask)
        loss, ce = model.loss(logits, state, targets)
        loss.backward()
        ids.append(torch.stack(state["ids"]))
        if step == 0:
            out["logits"] = logits.detach().clone()
            out["loss"] = ce.detach().reshape(1)
            out["balance"] = (sum(state["balance"]) / L).detach().reshape(1)
            out["router_z"] = (sum(state["router_z"]) / L).detach().reshape(1)
            for n, w in p.items():
                out["grad." + n] = w.grad.clone()
            margin = state["margin"]
        optimizer.step()
    for n, w in p.items():
        out["final." + n] = w.detach().clone()
    return out, torch.stack(ids), margin


@torch.no_grad()
def promising(start, tokens, positions, mask):
    """Whether rounding leaves all choices of experts as they are.

    A choice that rounding turns is a jump, not an error of rounding, so the
    first seed is taken where none turns in the first pass. In later steps some
    do in either run, and what they move is part of the distance.
    """
    ids = []
    for rounded in (False, True):
        p = {n: w.float() for n, w in start.items()}
        _, state = Model(p, rounded).forward(tokens, positions, mask)
        if state["margin"] < MARGIN:
            return False
        ids.append(torch.stack(state["ids"]))
    return torch.equal(*ids)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    total = sum(DOCUMENTS)
    for seed in range(2000):
        gen = torch.Generator().manual_seed(seed)
        tokens = torch.randint(0, V, (total,), generator=gen)
        positions, document = [], []
        for i, n in enumerate(DOCUMENTS):
            positions += range(n)
            document += [i] * n
        positions, document = torch.tensor(positions), torch.tensor(document)
        order = torch.arange(total)
        mask = (document[:, None] == document[None, :]) & (order[:, None] >= order[None, :])
        targets = torch.full((total,), -1)
        same = document[1:] == document[:-1]
        targets[:-1][same] = tokens[1:][same]
        targets[3] = -1  # a token that does not count
        start = initial(seed)
        if not promising(start, tokens, positions, mask):
            continue
        exact, ids, margin = run(start, False, tokens, positions, mask, targets)
        rounded, rounded_ids, _ = run(start, True, tokens, positions, mask, targets)
        if torch.equal(ids[0], rounded_ids[0]):
            break
    else:
        sys.exit("no seed keeps its routes")
    errors = {n: torch.linalg.vector_norm((rounded[n] - x).double()).item() for n, x in exact.items()}
    tensors = {n: x.contiguous() for n, x in exact.items()}
    tensors.update({"start." + n: w for n, w in start.items()})
    tensors["tokens"] = tokens.int()
    tensors["targets"] = targets.int()
    save_file(tensors, sys.argv[1], metadata={
        "torch": torch.__version__, "seed": str(seed), "margin": repr(margin), "config": json.dumps(CONFIG),
        "documents": json.dumps(DOCUMENTS), "errors": json.dumps(errors),
        "adamw": json.dumps({"lr": LR, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "decay": DECAY, "steps": STEPS}),
    })
    turned = (ids != rounded_ids).any(-1).sum().item()
    print(f"seed {seed}, margin {margin:.4g}, loss {exact['loss'].item():.6f}, {turned} choices turned in {STEPS} steps")


if __name__ == "__main__":
    main()
