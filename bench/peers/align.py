"""Steps of GRPO and PPO by TRL on a model's directory, by the clock.

    python align.py MODEL [--methods grpo,ppo] [--answers 32] [--tokens 64]
                    [--steps 3] [--threads 2] [--variants fp32,bf16]

MODEL is a directory that transformers opens (eval_harness.py make writes one). The
prompts, the reward and the constants are those of `polymath bench align MODEL`:
answers of --tokens tokens, rewarded by their beginning, with a reference; in GRPO
eight to a prompt and one update a step, in PPO one, a value model as large as the
policy, and four updates of both. The first step warms up. Prints one JSON object for
each method and variant: seconds of a step, by the clock and of all processors, and
the rollout's share. fp32 are plain weights; bf16 is autocast over fp32 masters, and
answers drawn from it. Where TRL is not installed the exit status is 77; where it no longer
has PPO (1.12 was the last that had), only GRPO is measured.
"""

import argparse
import contextlib
import copy
import importlib.util
import json
import os
import re
import statistics
import sys
import tempfile
import time
import types

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

try:
    import datasets
    import torch
    import transformers
    import trl
except ImportError as error:
    print(f"align.py: {error}", file=sys.stderr)
    sys.exit(77)

GROUP = 8  # answers to a prompt in GRPO
WORDS = "river stone light paper garden window number letter morning winter bridge copper".split()


def prompts(n):
    """The prompts of the benchmark: 24 words each, by the same rule, as ChatML."""
    words = (" ".join(WORDS[(5 * i + j * (j + 1) // 2) % len(WORDS)] for j in range(24)) for i in range(n))
    return [f"<|im_start|>user\n{w}<|im_end|>\n<|im_start|>assistant\n" for w in words]


def early(completions, **_):
    """1 for an answer with an e among its first nine characters: about one in two."""
    return [float(re.match(".{0,8}e", c) is not None) for c in completions]


class Clock(transformers.TrainerCallback):
    """The time of each step. PPO does not say when one begins: where the last ended."""

    def __init__(self):
        self.began, self.used, self.steps, self.cpu = None, None, [], []

    def on_train_begin(self, *_, **__):
        self.began, self.used = time.perf_counter(), time.process_time()

    on_step_begin = on_train_begin

    def on_step_end(self, *_, **__):
        self.steps.append(time.perf_counter() - self.began)
        self.cpu.append(time.process_time() - self.used)
        self.on_train_begin()


def no_recomputing():
    """Activations are kept, which is faster: the option has had two names."""
    fields = trl.GRPOConfig.__dataclass_fields__
    return {"activation_checkpointing" if "activation_checkpointing" in fields else "gradient_checkpointing": False}


class Early(torch.nn.Module):
    """The same reward where TRL asks for a model: it reads the tokens and costs next to
    nothing. Its states are the reward at every place."""

    base_model_prefix = "model"

    def __init__(self, tokenizer):
        super().__init__()
        self.tokenizer = tokenizer

    def model(self, input_ids, **_):
        texts = self.tokenizer.batch_decode(input_ids)
        rewards = early([t.rsplit("assistant\n", 1)[-1] for t in texts])
        states = torch.tensor(rewards)[:, None, None].expand(-1, input_ids.shape[1], 1)
        return types.SimpleNamespace(hidden_states=[states])

    def score(self, states):
        return states


def common(args, variant, out):
    micro = args.micro or args.answers
    return dict(
        output_dir=out, use_cpu=True, bf16=variant == "bf16", report_to=[], save_strategy="no", disable_tqdm=True,
        logging_strategy="no", per_device_train_batch_size=micro, gradient_accumulation_steps=args.answers // micro,
        learning_rate=1e-6, lr_scheduler_type="constant", seed=1, temperature=1.0, **no_recomputing(),
    )


def grpo(args, variant, out, model, tokenizer, clock):
    """A trainer, and where it draws answers."""
    config = trl.GRPOConfig(
        max_steps=args.steps + 1, num_generations=GROUP, max_completion_length=args.tokens, top_k=0,
        generation_kwargs={"min_new_tokens": args.tokens}, beta=0.04, **common(args, variant, out),
    )
    trainer = trl.GRPOTrainer(
        model=model, reward_funcs=early, args=config, processing_class=tokenizer, callbacks=[clock],
        train_dataset=datasets.Dataset.from_dict({"prompt": prompts(args.answers // GROUP * (args.steps + 1))}),
    )
    return trainer, trainer, "_generate"


def ppo(args, variant, out, model, tokenizer, clock):
    """A trainer, and where it draws answers."""
    from trl.experimental import ppo as trl_ppo
    from trl.experimental.ppo import ppo_trainer

    config = trl_ppo.PPOConfig(
        total_episodes=args.answers * (args.steps + 1), response_length=args.tokens, num_ppo_epochs=4, num_mini_batches=1,
        local_rollout_forward_batch_size=args.answers, kl_coef=0.05, num_sample_generations=0, **common(args, variant, out),
    )
    value = transformers.AutoModelForSequenceClassification.from_pretrained(args.model, num_labels=1, dtype=torch.float32)
    rows = datasets.Dataset.from_dict({"input_ids": [tokenizer(p)["input_ids"] for p in prompts(args.answers)]})
    trainer = trl_ppo.PPOTrainer(
        args=config, processing_class=tokenizer, model=model, ref_model=copy.deepcopy(model), reward_model=Early(tokenizer),
        value_model=value, train_dataset=rows, eval_dataset=rows, callbacks=[clock],
    )
    return trainer, ppo_trainer, "batch_generation"


def measure(args, method, variant):
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    clock, rollouts = Clock(), []
    with tempfile.TemporaryDirectory() as out:
        trainer, owner, name = {"grpo": grpo, "ppo": ppo}[method](args, variant, out, model, tokenizer, clock)
        draw = getattr(owner, name)

        def timed(*a, **k):
            began = time.perf_counter()
            result = draw(*a, **k)
            rollouts.append(time.perf_counter() - began)
            return result

        setattr(owner, name, timed)
        with contextlib.redirect_stdout(sys.stderr):
            trainer.train()
        setattr(owner, name, draw)
    step, rollout = statistics.median(clock.steps[1:]), statistics.median(rollouts[1:])
    return {
        "name": f"align {method}", "variant": variant, "value": 1 / step, "unit": "steps/s", "seconds": step,
        "seconds of the processors": statistics.median(clock.cpu[1:]), "threads": args.threads,
        "rollout, share": rollout / step, "rollout tokens per second": args.answers * args.tokens / rollout,
        "prompt tokens": len(tokenizer(prompts(1)[0])["input_ids"]), "answers": args.answers, "tokens": args.tokens,
        "repeats": len(clock.steps) - 1, "trl": trl.__version__, "torch": torch.__version__,
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("--methods", default="grpo,ppo")
    p.add_argument("--answers", type=int, default=32, help="of all prompts of a step together")
    p.add_argument("--tokens", type=int, default=64)
    p.add_argument("--steps", type=int, default=3)
    p.add_argument("--micro", type=int, default=0, help="answers of a forward and backward pass; 0: all")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--variants", default="fp32,bf16")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    for method in args.methods.split(","):
        if method == "ppo" and importlib.util.find_spec("trl.experimental.ppo") is None:
            print(f"align.py: TRL {trl.__version__} has no PPO: install trl==1.12.0", file=sys.stderr)
            continue
        for variant in args.variants.split(","):
            print(json.dumps(measure(args, method, variant)), flush=True)


if __name__ == "__main__":
    main()
