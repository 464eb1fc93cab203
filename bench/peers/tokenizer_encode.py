"""Times tiktoken's cl100k_base on one thread.

Usage: tokenizer_encode.py RANKS FILE...     (RANKS: cl100k_base.tiktoken)

Prints MB of UTF-8 text per second of wall clock and of processor time, the
best of three rounds over all files, and the number of tokens. A file that is
not UTF-8 is read as Latin-1.
"""

import base64
import importlib.metadata
import sys
import time

import tiktoken
from tiktoken_ext import openai_public


def main(ranks, paths):
    with open(ranks, "rb") as f:
        loaded = {base64.b64decode(t): int(r) for t, r in (line.split() for line in f if line.strip())}
    openai_public.load_tiktoken_bpe = lambda *_, **__: loaded
    enc = tiktoken.Encoding(**openai_public.cl100k_base())
    texts = []
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        try:
            texts.append(data.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append(data.decode("latin-1"))
    size = sum(len(t.encode("utf-8")) for t in texts)
    wall, cpu = [], []
    for _ in range(3):
        start, start_cpu = time.perf_counter(), time.process_time()
        count = sum(len(enc.encode_to_numpy(t, disallowed_special=())) for t in texts)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    version = importlib.metadata.version("tiktoken")
    print(f"tiktoken {version}: {size / min(wall) / 1e6:.1f} MB/s, {size / min(cpu) / 1e6:.1f} MB per cpu second, {count} tokens of {size} bytes")


main(sys.argv[1], sys.argv[2:])
