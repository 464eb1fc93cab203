"""Hashes of tiktoken's ids for all files below a directory.

Usage: tokenizer_golden_data.py DATA > tokenizer/testdata/data_golden.tsv

DATA holds the unpacked data archives, io_tiktoken among them. One line for
each folder of DATA and each encoding: folder, encoding, files, bytes of text,
tokens, SHA-256 of all ids as little-endian 32-bit numbers, files in the order
of their paths. A file that is not UTF-8 is read as Latin-1.
"""

import base64
import hashlib
import importlib.metadata
import os
import sys

import tiktoken
from tiktoken_ext import openai_public


def rank_loader(directory):
    def load(url, expected_hash=None):
        with open(os.path.join(directory, url.rsplit("/", 1)[1]), "rb") as f:
            data = f.read()
        if expected_hash and hashlib.sha256(data).hexdigest() != expected_hash:
            sys.exit(f"{url}: not the published file")
        return {base64.b64decode(t): int(r) for t, r in (line.split() for line in data.splitlines() if line)}

    return load


def main(root):
    openai_public.load_tiktoken_bpe = rank_loader(os.path.join(root, "io_tiktoken", "assets"))
    encodings = [tiktoken.Encoding(**getattr(openai_public, n + "_base")()) for n in ("cl100k", "p50k", "r50k")]
    print("# tiktoken", importlib.metadata.version("tiktoken"))
    for folder in sorted(os.listdir(root)):
        paths = sorted(os.path.join(d, f) for d, _, names in os.walk(os.path.join(root, folder)) for f in names)
        sums = [[0, hashlib.sha256()] for _ in encodings]
        size = 0
        for path in paths:
            with open(path, "rb") as f:
                data = f.read()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text = data.decode("latin-1")
            size += len(text.encode("utf-8"))
            for enc, s in zip(encodings, sums):
                ids = enc.encode_to_numpy(text, disallowed_special=())
                s[0] += len(ids)
                s[1].update(ids.astype("<u4").tobytes())
        for enc, (count, digest) in zip(encodings, sums):
            print(folder, enc.name, len(paths), size, count, digest.hexdigest(), sep="\t", flush=True)


main(sys.argv[1])
