"""The same examination by lm-evaluation-harness, item by item and by the clock.

    python eval_harness.py check MODEL RUN DATA
    python eval_harness.py speed MODEL RUN DATA [--shots 0,5] [--batch 16]
    python eval_harness.py make DIR TOKENIZER [--experts 16]

MODEL is a directory that transformers opens, RUN the directory that
`polymath eval MODEL --suite arc_easy,piqa,lambada,boolq,blimp --data DATA
--out RUN` left, DATA the directory with the data sets. The harness runs its own
configurations of these tasks; only where the rows come from is changed.

check looks up each of our prompts among the harness's: one that it does not have
is a fault. Then it compares which choice is taken, plain and by bytes (LAMBADA:
whether the greedy text is the word). The harness runs in fp32 and in bf16. What
the two differ by is what bf16 costs: s, the root mean square of the difference of
a continuation's log-probability, for each square root of its tokens. A margin of
less than 4 s sqrt(n + m) between choices of n and m tokens is a near-tie, in which
bf16 decides. That does not see a router that is undecided between two experts, of
which a rounding takes the one or the other. So where the margin is larger, the fp32
model reads the item again 64 times, with what leaves each of its modules off by at
most half a unit of bf16 at random; if the choice changes in one of them, the item is
a near-tie too. Other disagreements are faults; all are listed. The exit status is 1
where there is one.

speed prints items per second of the harness on RUN's items of arc_easy in bf16
and fp32, for each number of shots, one JSON object each; bench/peers/eval.sh runs
polymath by turns with it. make writes a model of random weights to measure with:
218M parameters in 16 experts, or 116M without. Where the harness is not installed
the exit status is 77.
"""

import argparse
import contextlib
import glob
import json
import math
import os
import shutil
import sys
import tempfile
import time

try:
    import datasets
    import lm_eval
    import torch
    import transformers
    from lm_eval.models.huggingface import HFLM
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml
except ImportError as e:
    print(f"eval_harness.py: {e}: pip install lm_eval torch transformers", file=sys.stderr)
    sys.exit(77)

datasets.disable_progress_bars()


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def arc(data):
    for r in rows(f"{data}/eval_foundry/world_knowledge/arc_easy.jsonl"):
        labels = [chr(ord("A") + i) for i in range(len(r["choices"]))]
        yield {
            "question": r["query"].removeprefix("Question: "),
            "choices": {"text": r["choices"], "label": labels},
            "answerKey": labels[r["gold"]],
        }


def piqa(data):
    for r in rows(f"{data}/eval_foundry/commonsense_reasoning/piqa.jsonl"):
        goal = r["query"].removeprefix("Question: ").removesuffix("\n")
        yield {"goal": goal, "sol1": r["choices"][0], "sol2": r["choices"][1], "label": r["gold"]}


def boolq(data):
    for r in rows(f"{data}/eval_foundry/reading_comprehension/boolq.jsonl"):
        passage, question = r["query"].removeprefix("Passage: ").rsplit("\nQuestion: ", 1)
        yield {"passage": passage, "question": question.removesuffix("?"), "label": r["gold"]}


def lambada(data):
    for r in rows(f"{data}/eval_foundry/language_understanding/lambada_openai.jsonl"):
        yield {"text": r["context"] + " " + r["continuation"]}


def blimp(data):
    for path in sorted(glob.glob(f"{data}/eval_blimp/data/*.jsonl")):
        for r in rows(path):
            yield {"sentence_good": r["sentence_good"], "sentence_bad": r["sentence_bad"]}


# our name: the harness's, its file below lm_eval/tasks, and the rows in its fields
TASKS = {
    "arc_easy": ("arc_easy", "arc/arc_easy.yaml", arc),
    "piqa": ("piqa", "piqa/piqa.yaml", piqa),
    "lambada": ("lambada_openai", "lambada/lambada_openai.yaml", lambada),
    "boolq": ("boolq", "super_glue/boolq/default.yaml", boolq),
    "blimp": ("blimp", "blimp/_template_yaml", blimp),
}


def harness_task(ours, data, work, shots=0):
    """The harness's own task over local rows."""
    name, config_path, make = TASKS[ours]
    root = os.path.join(os.path.dirname(lm_eval.__file__), "tasks")
    config = load_yaml(os.path.join(root, config_path), resolve_func=False)
    path = os.path.join(work, ours + ".jsonl")
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as f:
            for r in make(data):
                f.write(json.dumps(r, ensure_ascii=False) + "\n")
    for split in ("training_split", "validation_split", "test_split"):
        config.pop(split, None)
    for key in ("dataset_name", "tag", "group"):
        config.pop(key, None)
    config |= {
        "task": "local_" + name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": path}},
        "test_split": "test",
        "num_fewshot": shots,
    }
    if shots:  # the first rows for every item, as ours
        config["fewshot_split"] = "test"
        config["fewshot_config"] = {"sampler": "first_n", "split": "test"}
    return ConfigurableTask(config=config)


class Subject(HFLM):
    """The harness's model, which begins every text with the model's own token."""

    def tok_encode(self, string, add_special_tokens=None, **kwargs):
        ids = super().tok_encode(string, add_special_tokens=False, **kwargs)
        if add_special_tokens is False or self.begin is None:
            return ids
        return [self.begin] + ids


def load(path, dtype, batch=16):
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=dtype)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    begin = model.config.bos_token_id
    Subject.begin = begin
    tokenizer.pad_token_id = 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
        return Subject(
            pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=batch, prefix_token_id=begin,
            max_length=model.config.max_position_embeddings, softmax_dtype="float32",
        )


def key(prompt, choices):
    return (prompt, *choices)


def ours_of(run):
    found = {}
    for r in rows(os.path.join(run, "records.jsonl")):
        if "task" in r and r["task"] in TASKS:
            found.setdefault(r["task"], []).append(r)
    return found


def fold(record):
    """Prompt and continuations of one of our records."""
    choices = [c["text"] for c in record.get("choices") or []] or [record["gold"]]
    if record["task"] != "blimp":  # whose two texts are whole
        choices = [" " + c for c in choices]
    return record["prompt"], choices


def requests_of(task, doc):
    """The harness's own (context, continuation) pairs of a row."""
    ctx = task.fewshot_context(doc, num_fewshot=0)
    made = task.construct_requests(doc=doc, ctx=ctx, metadata=("", 0, 1))
    made = made if isinstance(made, list) else [made]
    return [i.args for i in made]


@contextlib.contextmanager
def rounding(model, seed):
    """What leaves a module is off by up to half a unit of bf16, as it may be there."""
    random = torch.Generator().manual_seed(seed)

    def shake(_module, _args, out):
        x = out[0] if isinstance(out, tuple) else out
        if not torch.is_tensor(x) or not x.is_floating_point():
            return out
        x = x * (1 + (torch.rand(x.shape, generator=random) * 2 - 1) * 2.0**-9)
        return (x, *out[1:]) if isinstance(out, tuple) else x

    # What the router gives out are a few numbers in fp32, in ours and in theirs.
    hooks = [m.register_forward_hook(shake) for n, m in model.named_modules() if n and not n.endswith(("gate", "rotary_emb"))]
    try:
        yield
    finally:
        for h in hooks:
            h.remove()


def undecided(subject, pairs, choose):
    """Whether the choice changes with the roundings."""
    requests = [Instance(p) for p in pairs]
    found = set()
    for seed in range(64):
        with rounding(subject.model, seed):
            found.add(choose(subject.loglikelihood(requests, disable_tqdm=True)))
        if len(found) > 1:
            return True
    return False


class Instance:
    def __init__(self, args):
        self.args = args


def gap_of_greedy(subject, context, continuation):
    """How far the nearest other token is from being, or not being, the top one."""
    if context:
        head, tail = subject._encode_pair(context, continuation)
    else:
        head, tail = [subject.begin], subject.tok_encode(continuation, add_special_tokens=False)
    ids = (head + tail)[-(subject.max_length + 1):]
    with torch.no_grad():
        logits = subject.model(torch.tensor([ids[:-1]])).logits[0, -len(tail):].float()
    gaps = []
    for row, token in zip(logits, tail):
        own = row[token].item()
        row[token] = -math.inf
        gaps.append(own - row.max().item())
    lost = [g for g in gaps if g < 0]
    return -max(lost) if lost else min(gaps)


def check(args):
    torch.set_num_threads(os.cpu_count())
    exact, rounded = load(args.model, torch.float32), load(args.model, torch.bfloat16)
    ours = ours_of(args.run)
    missing = [t for t in TASKS if t not in ours]
    if missing:
        sys.exit(f"{args.run} has no records of {', '.join(missing)}")
    faults = 0
    with tempfile.TemporaryDirectory() as work:
        for name, records in ours.items():
            faults += check_task(name, records, harness_task(name, args.data, work), exact, rounded)
    sys.exit(1 if faults else 0)


def check_task(name, records, task, exact, rounded):
    known = {}
    for doc in task.test_docs():
        pairs = requests_of(task, doc)
        known[key(pairs[0][0], [c for _, c in pairs])] = pairs
    found, faults = [], 0
    for r in records:
        prompt, choices = fold(r)
        pairs = known.get(key(prompt, choices))
        if pairs is None:
            faults += 1
            if faults <= 3:
                print(f"{name} {r['item']}: the harness has no such prompt: {prompt[-200:]!r} {choices}")
            continue
        found.append((r, pairs))
    flat = [Instance(p) for _, pairs in found for p in pairs]
    fp32 = exact.loglikelihood(flat, disable_tqdm=True)
    bf16 = rounded.loglikelihood(flat, disable_tqdm=True)
    tokens = [max(1, len(exact._encode_pair(*i.args)[1]) if i.args[0] else len(exact.tok_encode(i.args[1], add_special_tokens=False))) for i in flat]
    s = math.sqrt(sum((a[0] - b[0]) ** 2 for a, b in zip(fp32, bf16)) / sum(tokens))
    at, equal, ties, difference, right = 0, 0, [], 0.0, [0, 0]
    for r, pairs in found:
        scores, n = fp32[at : at + len(pairs)], tokens[at : at + len(pairs)]
        at += len(pairs)
        if len(pairs) == 1:
            mine, theirs = r["verdict"]["right"], scores[0][1]
            margin = 0 if mine == theirs else gap_of_greedy(exact, *pairs[0])
            doubt = lambda: undecided(exact, pairs, lambda got: got[0][1])
            bad = compare(name, r, "greedy", mine, theirs, margin, 4 * s * math.sqrt(2), ties, doubt)
        else:
            logprobs = [c["logprob"] for c in r["choices"]]
            difference = max(difference, max(abs(a - b[0]) / math.sqrt(k) for a, b, k in zip(logprobs, scores, n)))
            bad = False
            sizes = [len(c["text"].encode()) for c in r["choices"]]
            for norm, weights in (("plain", [1] * len(n)), ("bytes", sizes)):
                if name == "blimp" and norm == "bytes":
                    continue
                a = [x / w for x, w in zip(logprobs, weights)]
                b = [x[0] / w for x, w in zip(scores, weights)]
                mine, theirs = a.index(max(a)), b.index(max(b))
                margin = abs(b[mine] - b[theirs])
                bound = 4 * s * math.sqrt(n[mine] / weights[mine] ** 2 + n[theirs] / weights[theirs] ** 2)
                choose = lambda got: max(range(len(weights)), key=lambda i: got[i][0] / weights[i])
                doubt = lambda: undecided(exact, pairs, choose)
                bad = compare(name, r, norm, mine, theirs, margin, bound, ties, doubt) or bad
        faults += bad
        equal += not bad
    print(json.dumps({
        "task": name, "items": len(records), "same": equal - len({t[0] for t in ties}), "near_ties": len({t[0] for t in ties}),
        "faults": faults, "bf16_error": round(s, 6), "our_largest_error": round(difference, 6),
        "harness": lm_eval.__version__, "transformers": transformers.__version__, "torch": torch.__version__,
    }), flush=True)
    return faults


def compare(name, record, what, mine, theirs, margin, bound, ties, doubt):
    if mine == theirs:
        return False
    tie, word = margin < bound, "near-tie"
    if not tie:
        tie, word = doubt(), "near-tie by roundings"
    if tie:
        ties.append((record["item"], what))
    else:
        word = "FAULT"
    print(f"{name} {record['item']} {what}: ours {mine}, the harness {theirs}, margin {margin:.5f}, bound {bound:.5f}: {word}")
    return not tie


def speed(args):
    torch.set_num_threads(args.threads)
    wanted = {key(*fold(r)) for r in ours_of(args.run)["arc_easy"]}
    for dtype in (torch.bfloat16, torch.float32):
        subject = load(args.model, dtype, args.batch)
        with tempfile.TemporaryDirectory() as work:
            for shots in (int(s) for s in args.shots.split(",")):
                task = harness_task("arc_easy", args.data, work, shots)
                docs = []
                for i, doc in enumerate(task.test_docs()):
                    pairs = requests_of(task, doc)
                    if key(pairs[0][0], [c for _, c in pairs]) in wanted:
                        docs.append(i)
                start = time.perf_counter()
                lm_eval.evaluate(lm=subject, task_dict={task.config.task: task}, samples={task.config.task: docs}, bootstrap_iters=0)
                took = time.perf_counter() - start
                print(json.dumps({
                    "name": f"arc_easy, {shots} shots", "value": len(docs) / took, "unit": "items/s", "items": len(docs),
                    "threads": args.threads, "batch": args.batch, "dtype": str(dtype).removeprefix("torch."),
                    "harness": lm_eval.__version__, "torch": torch.__version__,
                }), flush=True)


def make(args):
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.tokenizer)
    torch.manual_seed(1)
    config = transformers.Qwen3MoeConfig if args.experts else transformers.Qwen3Config
    more = dict(num_experts=args.experts, num_experts_per_tok=2, moe_intermediate_size=1024, norm_topk_prob=True) if args.experts else {}
    model = transformers.AutoModelForCausalLM.from_config(config(
        vocab_size=16384, hidden_size=512 if args.experts else 768, num_hidden_layers=8 if args.experts else 12,
        num_attention_heads=8 if args.experts else 12, num_key_value_heads=8 if args.experts else 4, head_dim=64,
        intermediate_size=3072, max_position_embeddings=2048, tie_word_embeddings=True,
        bos_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"), eos_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"), **more,
    )).to(torch.bfloat16)
    model.save_pretrained(args.dir)
    shutil.copy(os.path.join(args.tokenizer, "tokenizer.json"), args.dir)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.0f}M parameters in {args.dir}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    c = commands.add_parser("check")
    for name in ("model", "run", "data"):
        c.add_argument(name)
    c.set_defaults(do=check)
    s = commands.add_parser("speed")
    for name in ("model", "run", "data"):
        s.add_argument(name)
    s.add_argument("--shots", default="0,5")
    s.add_argument("--batch", type=int, default=16)
    s.add_argument("--threads", type=int, default=2)
    s.set_defaults(do=speed)
    m = commands.add_parser("make")
    for name in ("dir", "tokenizer"):
        m.add_argument(name)
    m.add_argument("--experts", type=int, default=16)
    m.set_defaults(do=make)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
