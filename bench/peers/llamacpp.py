"""Speed of llama.cpp on the files that `polymath bench weights` measures.

    python llamacpp.py --lib DIR FILE.gguf...  [--threads 2] [--repeat 3]

DIR is the folder of the prebuilt libraries (see llamalib.py); weights_gguf.py
makes the files. Prefill is one prompt of 512 tokens; decode is 64 tokens, one
at a time, behind a prompt of 16. Both call llama_decode with nothing sampled,
and flash attention as it is by default. One JSON object for each measurement,
the best of the repetitions; a round before them is to warm up.
"""

import argparse
import json
import os
import random
import time
from pathlib import Path

import llamalib


def prefill(model, tokens):
    model.clear()
    start = time.perf_counter()
    model.decode(tokens, 0)
    return len(tokens) / (time.perf_counter() - start)


def decode(model, tokens, prompt):
    model.clear()
    model.decode(tokens[:prompt], 0)
    start = time.perf_counter()
    for i, token in enumerate(tokens[prompt:]):
        model.decode([token], prompt + i)
    return (len(tokens) - prompt) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--lib", default=os.environ.get("POLYMATH_LLAMA"), help="folder of libllama (default: $POLYMATH_LLAMA)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--prompt", type=int, default=16)
    args = parser.parse_args()
    if not args.lib:
        parser.error("--lib DIR or POLYMATH_LLAMA must say where llama.cpp's libraries are")
    library = llamalib.Library(args.lib)
    about = {"threads": args.threads, "version": library.version, "backends": library.backends()}
    for path in args.files:
        model = llamalib.Model(library, path, args.threads)
        draw = random.Random(1)
        tokens = [draw.randrange(model.size - 2) for _ in range(max(args.prefill, args.prompt + args.decode))]
        work = {
            "prefill": lambda: prefill(model, tokens[: args.prefill]),
            "decode": lambda: decode(model, tokens[: args.prompt + args.decode], args.prompt),
        }
        for name, run in work.items():
            values = [run() for _ in range(args.repeat + 1)][1:]
            result = {"name": f"weights.llamacpp.{path.stem}.{name}", "value": max(values), "unit": "tokens/s", "values": values}
            print(json.dumps(result | about), flush=True)
        model.close()


main()
