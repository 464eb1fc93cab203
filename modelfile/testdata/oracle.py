"""Answers what llama.cpp and transformers make of a model, for the tests.

    python oracle.py LIB      (LIB: see bench/peers/llamalib.py)

Reads questions as JSON, one a line, and prints an answer to each in the same
way. Logits go to the file that the question names, as rows of fp32.
"""

import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "bench" / "peers"), str(ROOT / "model" / "testdata")]
import llamalib  # noqa: E402
import transformers  # noqa: E402

transformers.utils.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()

answers_to = sys.stdout
sys.stdout = sys.stderr
library = llamalib.Library(sys.argv[1])
vocabularies = {}


def logits(q):
    exact = {"type_k": 0, "type_v": 0, "flash_attn_type": 0} if q["exact"] else {}
    model = llamalib.Model(library, q["file"], 1, 64, **exact)
    model.logits(q["tokens"]).tofile(q["out"])
    model.close()


def quantize(q):
    library.quantize(q["from"], q["to"], q["type"], threads=1)


def choose(q):
    """Tokens with which rounding turns no choice of experts."""
    import theirs

    found = theirs.choose(pathlib.Path(q["dir"]), random.Random(q["seed"]), q["vocab"], q["mixture"])
    return {"tokens": found[0] if found else None}


def bf16(q):
    import theirs
    import torch

    rounded, _ = next(theirs.run(q["dir"], torch.bfloat16, [q["tokens"]]))
    rounded.numpy().tofile(q["out"])


def tokenize(q):
    if q["file"] not in vocabularies:
        vocabularies[q["file"]] = llamalib.Model(library, q["file"], vocab_only=True)
    return {"ids": [vocabularies[q["file"]].tokenize(text, q["special"]) for text in q["texts"]]}


def encode(q):
    from tokenizers import Tokenizer

    t = Tokenizer.from_file(q["file"])
    return {"ids": [t.encode(text, add_special_tokens=False).ids for text in q["texts"]]}


questions = {"logits": logits, "quantize": quantize, "choose": choose, "bf16": bf16, "tokenize": tokenize, "encode": encode}
for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = questions[question["ask"]](question) or {}
    except Exception as err:  # the test says what it was about
        answer = {"error": f"{type(err).__name__}: {err}"}
    print(json.dumps(answer), file=answers_to, flush=True)
