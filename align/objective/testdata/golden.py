"""Writes golden.json: what TRL computes on recorded cases, in float64.

    pip download --no-deps trl==0.11.4 && unzip trl-0.11.4-*.whl -d OLD
    pip download --no-deps trl==1.16.0 && unzip trl-1.16.0-*.whl -d NEW
    python golden.py OLD NEW > golden.json

TRL's own functions run, taken from its sources by name, on float64 tensors:
0.11.4 for what later versions removed or inlined (PPOTrainer.compute_rewards,
compute_advantages and loss, masked_whiten, AdaptiveKLController,
DPOTrainer.dpo_loss), 1.16.0 for GRPOTrainer._compute_loss and
RewardTrainer.compute_loss. Three things are references written here, because TRL
has no function for them: GRPO's advantages (four lines inside of
_generate_and_score_completions), Plackett-Luce rankings (TRL has none) and the
derivatives, which are autograd's.
"""

import ast
import collections
import contextlib
import json
import math
import pathlib
import sys
import textwrap
import types

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
old, new = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
rng = np.random.default_rng(8)


def take(path, name, cls=None, **scope):
    """The function or class called name of a source file, without its imports."""
    text = path.read_text()
    body = ast.parse(text).body
    if cls:
        body = next(n for n in body if getattr(n, "name", "") == cls).body
    node = next(n for n in body if getattr(n, "name", "") == name)
    source = textwrap.dedent(ast.get_source_segment(text, node, padded=True))
    env = {"torch": torch, "nn": nn, "F": F, "np": np, "math": math, **scope}
    exec("from __future__ import annotations\n" + source, env)
    return env[name]


core = old / "trl/core.py"
masked_mean = take(core, "masked_mean")
masked_var = take(core, "masked_var", masked_mean=masked_mean)
masked_whiten = take(core, "masked_whiten", masked_mean=masked_mean, masked_var=masked_var)
ppo = dict(
    masked_mean=masked_mean, masked_var=masked_var, masked_whiten=masked_whiten,
    clip_by_value=take(core, "clip_by_value"), entropy_from_logits=take(core, "entropy_from_logits"),
    flatten_dict=lambda d: d,
)
ppo_file = old / "trl/trainer/ppo_trainer.py"
PPO = {n: take(ppo_file, n, "PPOTrainer", **ppo) for n in ("compute_rewards", "_kl_penalty", "compute_advantages", "loss")}
AdaptiveKL = take(old / "trl/trainer/utils.py", "AdaptiveKLController")


def lists(**kw):
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in kw.items()}


def randn(*shape, scale=1.0):
    return torch.tensor(rng.standard_normal(shape) * scale)


def lengths_mask(n, t):
    lengths = [t] + [int(rng.integers(1, t + 1)) for _ in range(n - 1)]
    return lengths, torch.tensor([[1.0 if j < l else 0.0 for j in range(t)] for l in lengths])


def ppo_case(n, t, gamma, lam, whiten, cliprange, cliprange_value, coef):
    lengths, mask = lengths_mask(n, t)
    if whiten:  # TRL whitens padding too, which then is no longer 0 and enters the advantages before it
        lengths, mask = [t] * n, torch.ones(n, t)
    config = types.SimpleNamespace(
        gamma=gamma, lam=lam, whiten_rewards=whiten, cliprange=cliprange, cliprange_value=cliprange_value,
        vf_coef=1.0, ratio_threshold=1e9, kl_penalty="kl",
    )
    self = types.SimpleNamespace(config=config, kl_ctl=types.SimpleNamespace(value=coef))
    self._kl_penalty = types.MethodType(PPO["_kl_penalty"], self)
    scores, logp_old, ref, values = randn(n), -randn(n, t).abs(), -randn(n, t).abs(), randn(n, t)
    rewards, _, _ = PPO["compute_rewards"](self, scores, logp_old, ref, mask)
    with torch.no_grad():
        _, advantages, returns = PPO["compute_advantages"](self, values, rewards, mask)
    logp = (logp_old + randn(n, t, scale=0.3)).requires_grad_()
    vpred = (values + randn(n, t, scale=0.5)).requires_grad_()
    policy, value, stats = PPO["loss"](self, logp_old, values, randn(n, t, 3), vpred, logp, mask, advantages, returns)
    (policy + value).backward()
    return lists(
        lengths=lengths, gamma=gamma, lam=lam, whiten_rewards=whiten, clip=cliprange, clip_value=cliprange_value,
        coef=coef, scores=scores, old=logp_old, ref=ref, values=values, rewards=rewards * mask, advantages=advantages * mask,
        returns=returns * mask, logp=logp.detach(), vpred=vpred.detach(), policy=policy.item(), value=value.item(),
        clip_fraction=stats["policy"]["clipfrac"].item(), value_clip_fraction=stats["val"]["clipfrac"].item(),
        d_logp=logp.grad, d_vpred=vpred.grad,
    )


def adaptive_case(coef, target, horizon):
    c, steps = AdaptiveKL(coef, target, horizon), []
    for kl in (rng.random(12) * 3 * target).tolist():
        n = int(rng.integers(1, 65))
        c.update(kl, n)
        steps.append({"kl": kl, "n": n, "coef": float(c.value)})
    return {"coef": coef, "target": target, "horizon": horizon, "steps": steps}


class Any:
    def __getattr__(self, name):
        return types.SimpleNamespace(value=name)


dpo_loss = take(
    old / "trl/trainer/dpo_trainer.py", "dpo_loss", "DPOTrainer",
    FDivergenceType=Any(), FDivergenceConstants=Any(), cap_exp=None,
)


def dpo_case(loss_type, beta, smoothing, scale):
    self = types.SimpleNamespace(
        accelerator=types.SimpleNamespace(device="cpu"), reference_free=False, f_divergence_type="reverse_kl",
        loss_type=loss_type, beta=beta, label_smoothing=smoothing,
    )
    chosen, rejected = (-randn(6, scale=scale).abs()).requires_grad_(), (-randn(6, scale=scale).abs()).requires_grad_()
    ref_chosen, ref_rejected = -randn(6, scale=scale).abs(), -randn(6, scale=scale).abs()
    losses, _, _ = dpo_loss(self, chosen, rejected, ref_chosen, ref_rejected)
    losses.sum().backward()
    return lists(
        loss_type=loss_type, beta=beta, smoothing=smoothing, chosen=chosen.detach(), rejected=rejected.detach(),
        ref_chosen=ref_chosen, ref_rejected=ref_rejected, loss=losses.detach(), d_chosen=chosen.grad, d_rejected=rejected.grad,
    )


accelerator = types.SimpleNamespace(
    gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, reduction: x, num_processes=1, sync_gradients=True
)
reward_loss = take(new / "trl/trainer/reward_trainer.py", "compute_loss", "RewardTrainer")


def reward_case(n, margin):
    logits = randn(2 * n, 1, scale=3).requires_grad_()

    class M:
        training = False

        def __call__(self, **kw):
            return types.SimpleNamespace(logits=logits)

    model = M()
    self = types.SimpleNamespace(
        model=model, args=types.SimpleNamespace(center_rewards_coefficient=None), accelerator=accelerator, _total_train_tokens=0,
        _metrics={"eval": collections.defaultdict(list)},
    )
    margins = torch.tensor(rng.random(n)) if margin else torch.zeros(n)
    loss = reward_loss(self, model, {"margin": margins} if margin else {})
    loss.backward()
    g = logits.grad.squeeze(-1)
    return lists(better=logits.detach()[:n, 0], worse=logits.detach()[n:, 0], margin=margins, loss=loss.item(), d_better=g[:n], d_worse=g[n:])


grpo_loss = take(
    new / "trl/trainer/grpo_trainer.py", "_compute_loss", "GRPOTrainer", nanmin=torch.min, nanmax=torch.max,
)


def grpo_case(loss_type, beta, low, high, scale_by_std):
    groups, size, t = 2, 4, 7
    n = groups * size
    lengths, mask = lengths_mask(n, t)
    rewards = torch.tensor(rng.integers(0, 3, n).astype(float))
    rewards[:size] = rewards[0] if beta else rewards[:size]  # a group whose answers are equally good
    grouped = rewards.view(groups, size)
    advantages = grouped - grouped.mean(1, keepdim=True)  # the reference: TRL has it inline
    if scale_by_std:
        advantages = advantages / (grouped.std(1, keepdim=True) + 1e-4)
    advantages = advantages.reshape(n)
    logp_old, ref = -randn(n, t).abs(), -randn(n, t).abs()
    logp = (logp_old + randn(n, t, scale=0.3)).requires_grad_()
    self = types.SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (logp, torch.zeros(n, t), None), aux_loss_enabled=False,
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, importance_sampling_level="token", beta=beta,
        args=types.SimpleNamespace(use_bias_correction_kl=False, delta=None, steps_per_generation=1), loss_type=loss_type,
        epsilon_low=low, epsilon_high=high, use_vllm=False, vllm_importance_sampling_correction=False,
        model=types.SimpleNamespace(training=True), current_gradient_accumulation_steps=1, max_completion_length=t + 2,
        accelerator=accelerator, _entropy_bonus_enabled=False, _metrics={"train": collections.defaultdict(list)},
    )
    ids = torch.zeros(n, t, dtype=torch.long)
    loss = grpo_loss(self, None, {
        "prompt_ids": ids, "prompt_mask": ids, "completion_ids": ids, "completion_mask": mask, "advantages": advantages,
        "old_per_token_logps": logp_old, "ref_per_token_logps": ref, "num_items_in_batch": mask.sum(),
    })
    loss.backward()
    return lists(
        loss_type=loss_type, beta=beta, low=low, high=high, scale_by_std=scale_by_std, group=size, max_length=t + 2,
        lengths=lengths, rewards=rewards, advantages=advantages, old=logp_old, ref=ref, logp=logp.detach(), loss=loss.item(),
        d_logp=logp.grad,
    )


def ranking_case(n):  # a reference: TRL has no rankings
    s = randn(n, scale=2).requires_grad_()
    loss = sum(torch.logsumexp(s[i:], 0) - s[i] for i in range(n - 1))
    loss.backward()
    return lists(scores=s.detach(), loss=loss.item(), d=s.grad)


with contextlib.redirect_stdout(sys.stderr):
    golden = {
        "made_by": f"golden.py with TRL 0.11.4 and 1.16.0, torch {torch.__version__}, float64",
        "ppo": [
            ppo_case(4, 9, 1.0, 0.95, False, 0.2, 0.2, 0.05),
            ppo_case(3, 6, 0.9, 0.5, True, 0.1, 0.3, 0.2),
            ppo_case(1, 5, 1.0, 1.0, False, 0.2, 0.2, 0.0),
        ],
        "adaptive_kl": [adaptive_case(0.2, 6.0, 10000), adaptive_case(0.05, 0.1, 100)],
        "dpo": [
            dpo_case("sigmoid", 0.1, 0.0, 20), dpo_case("sigmoid", 0.5, 0.1, 20), dpo_case("sigmoid", 0.1, 0.3, 200),
            dpo_case("ipo", 0.1, 0.0, 3),
        ],
        "reward": [reward_case(5, False), reward_case(5, True)],
        "grpo": [
            grpo_case("grpo", 0.04, 0.2, 0.2, True), grpo_case("grpo", 0.0, 0.2, 0.28, True),
            grpo_case("dr_grpo", 0.0, 0.2, 0.2, False), grpo_case("dapo", 0.04, 0.2, 0.28, True),
        ],
        "ranking": [ranking_case(2), ranking_case(5)],
    }
json.dump(golden, sys.stdout, indent=None, separators=(",", ":"))
print()
