"""Writes adamw_torch.json: ten steps of torch.optim.AdamW in float32.

Run as: python adamw_torch.py > adamw_torch.json
"""

import json

import torch

torch.manual_seed(1)
n, lr, betas, eps, decay, clip = 40, 3e-3, (0.9, 0.95), 1e-8, 0.1, 0.25
w = torch.nn.Parameter(torch.randn(n))
start = w.tolist()
# Not fused and not foreach: the plain formula, one operation at a time.
optimizer = torch.optim.AdamW([w], lr=lr, betas=betas, eps=eps, weight_decay=decay, foreach=False, fused=False)
steps = []
for t in range(10):
    g = torch.randn(n) * 10 ** torch.randint(-4, 2, (n,)).float()
    w.grad = g * clip
    optimizer.step()
    state = optimizer.state[w]
    steps.append({"g": g.tolist(), "w": w.tolist(), "m": state["exp_avg"].tolist(), "v": state["exp_avg_sq"].tolist()})
print(json.dumps({
    "tool": "torch " + torch.__version__, "lr": lr, "beta1": betas[0], "beta2": betas[1],
    "eps": eps, "decay": decay, "clip": clip, "w": start, "steps": steps,
}))
