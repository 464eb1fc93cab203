"""Steps of GRPO by TRL on a model's directory, by the clock.

    python align.py MODEL [--prompts 4] [--answers 8] [--tokens 64] [--steps 3]
                    [--threads 2] [--variants fp32,bf16]

MODEL is a directory that transformers opens (eval_harness.py make writes one). The
prompts, the reward and the constants are those of `polymath bench align MODEL`:
answers of --tokens tokens, rewarded by their beginning, with a reference and one
update a step. The first step warms up. Prints one JSON object for each variant:
seconds of a step, by the clock and of all processors, and the rollout's share. fp32
are plain weights; bf16 is autocast over fp32 masters, and answers drawn from it.
Where TRL is not installed the exit status is 77.
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import sys
import tempfile
import time

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

WORDS = "river stone light paper garden window number letter morning winter bridge copper".split()


def prompts(n):
    """The prompts of the benchmark: 24 words each, by the same rule, as ChatML."""
    words = (" ".join(WORDS[(5 * i + j * (j + 1) // 2) % len(WORDS)] for j in range(24)) for i in range(n))
    return [f"<|im_start|>user\n{w}<|im_end|>\n<|im_start|>assistant\n" for w in words]


def early(completions, **_):
    """1 for an answer with an e among its first nine characters: about one in two."""
    return [float(re.match(".{0,8}e", c) is not None) for c in completions]


class Clock(transformers.TrainerCallback):
    def __init__(self):
        self.began, self.used, self.steps, self.cpu = None, None, [], []

    def on_step_begin(self, *_, **__):
        self.began, self.used = time.perf_counter(), time.process_time()

    def on_step_end(self, *_, **__):
        self.steps.append(time.perf_counter() - self.began)
        self.cpu.append(time.process_time() - self.used)


def no_recomputing():
    """Activations are kept, which is faster: the option has had two names."""
    fields = trl.GRPOConfig.__dataclass_fields__
    return {"activation_checkpointing" if "activation_checkpointing" in fields else "gradient_checkpointing": False}


def measure(args, variant):
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    rows = prompts(args.prompts * (args.steps + 1))
    answers = args.prompts * args.answers
    with tempfile.TemporaryDirectory() as out:
        config = trl.GRPOConfig(
            output_dir=out, use_cpu=True, bf16=variant == "bf16", report_to=[], save_strategy="no", disable_tqdm=True,
            logging_strategy="no", max_steps=args.steps + 1, per_device_train_batch_size=args.micro or answers,
            gradient_accumulation_steps=answers // (args.micro or answers), **no_recomputing(),
            num_generations=args.answers, max_completion_length=args.tokens, temperature=1.0, top_k=0,
            generation_kwargs={"min_new_tokens": args.tokens}, beta=0.04, learning_rate=1e-6,
            lr_scheduler_type="constant", seed=1,
        )
        trainer = trl.GRPOTrainer(
            model=model, reward_funcs=early, args=config, processing_class=tokenizer,
            train_dataset=datasets.Dataset.from_dict({"prompt": rows}),
        )
        clock, rollouts = Clock(), []
        trainer.add_callback(clock)
        draw = trainer._generate

        def timed(*a, **k):
            began = time.perf_counter()
            result = draw(*a, **k)
            rollouts.append(time.perf_counter() - began)
            return result

        trainer._generate = timed
        with contextlib.redirect_stdout(sys.stderr):
            trainer.train()
    step, rollout = statistics.median(clock.steps[1:]), statistics.median(rollouts[1:])
    return {
        "name": "align grpo", "variant": variant, "value": 1 / step, "unit": "steps/s", "seconds": step,
        "seconds of the processors": statistics.median(clock.cpu[1:]), "threads": args.threads,
        "rollout, share": rollout / step, "rollout tokens per second": answers * args.tokens / rollout,
        "prompt tokens": len(tokenizer(rows[0])["input_ids"]), "prompts": args.prompts, "answers": args.answers, "tokens": args.tokens,
        "repeats": len(clock.steps) - 1, "trl": trl.__version__, "torch": torch.__version__,
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("--prompts", type=int, default=4)
    p.add_argument("--answers", type=int, default=8)
    p.add_argument("--tokens", type=int, default=64)
    p.add_argument("--steps", type=int, default=3)
    p.add_argument("--micro", type=int, default=0, help="answers of a forward and backward pass; 0: all")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--variants", default="fp32,bf16")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    for variant in args.variants.split(","):
        print(json.dumps(measure(args, variant)), flush=True)


if __name__ == "__main__":
    main()
