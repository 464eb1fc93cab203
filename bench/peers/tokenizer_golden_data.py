"""Hashes of the ids that tiktoken and Hugging Face tokenizers give to files.

Usage: tokenizer_golden_data.py DATA [FOLDER...] > tokenizer/testdata/data_golden.tsv

DATA holds the unpacked data archives, io_tiktoken among them. One line for
each folder of DATA and each encoding: folder, encoding, files, bytes of text,
tokens, SHA-256 of all ids as little-endian 32-bit numbers, files in the order
of their paths. A file that is not UTF-8 is read as Latin-1. Each tokenizer.json
in DATA that is named below is applied to a few of the folders. The folder
"fuzz" stands for texts of random characters, which the test makes itself.
"""

import base64
import hashlib
import importlib.metadata
import os
import sys

import numpy
import tiktoken
from tiktoken_ext import openai_public
from tokenizers import Tokenizer

FILES = ("io_tokenizers/gpt2", "io_tokenizers/llama", "io_tokenizers/mptt", "io_torchtune")
EXACT = ("io_tokenizers/gpt2", "io_tokenizers/llama", "io_torchtune")  # without Unicode normalization
FOLDERS = ("eval_agieval", "eval_mxeval", "io_minbpe", "pt_wikitext2_5k")


def rank_loader(directory):
    def load(url, expected_hash=None):
        with open(os.path.join(directory, url.rsplit("/", 1)[1]), "rb") as f:
            data = f.read()
        if expected_hash and hashlib.sha256(data).hexdigest() != expected_hash:
            sys.exit(f"{url}: not the published file")
        return {base64.b64decode(t): int(r) for t, r in (line.split() for line in data.splitlines() if line)}

    return load


def from_file(root, name):
    tok = Tokenizer.from_file(os.path.join(root, name, "tokenizer.json"))
    tok.encode_special_tokens = True
    return lambda text: numpy.array(tok.encode(text, add_special_tokens=False).ids, "<u4")


PIECES = ["'s", "'T", "'re", "'VE", "'ll", "'M", "'D", "'\u017f", " the", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "123", "=="]


def fuzzed(count):
    state = 1

    def draw(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % n

    for _ in range(count):
        text = ""
        for _ in range(draw(200)):
            kind = draw(8)
            if kind < 2:
                text += PIECES[draw(len(PIECES))]
            elif kind == 2:
                text += chr(draw(0xD800))
            elif kind == 3:
                text += chr(0xE000 + draw(0x110000 - 0xE000))
            elif kind == 4:
                text += chr(draw(0x250))
            else:
                text += chr(32 + draw(95))
        yield text


def hash_fuzz(encodings):
    texts = list(fuzzed(20000))
    for name, encode in encodings:
        digest, count = hashlib.sha256(), 0
        for text in texts:
            ids = encode(text)
            count += len(ids)
            digest.update(ids.astype("<u4").tobytes())
        size = sum(len(t.encode("utf-8")) for t in texts)
        print("fuzz", name, len(texts), size, count, digest.hexdigest(), sep="\t", flush=True)


def main(root):
    openai_public.load_tiktoken_bpe = rank_loader(os.path.join(root, "io_tiktoken", "assets"))
    ranks, files = [], []
    for name in ("cl100k", "p50k", "r50k"):
        enc = tiktoken.Encoding(**getattr(openai_public, name + "_base")())
        ranks.append((enc.name, lambda text, enc=enc: enc.encode_to_numpy(text, disallowed_special=())))
    for name in FILES:
        files.append((name, from_file(root, name)))
    print("# tiktoken", importlib.metadata.version("tiktoken"), "tokenizers", importlib.metadata.version("tokenizers"))
    hash_fuzz(ranks + [f for f in files if f[0] in EXACT])
    for folder in sorted(sys.argv[2:] or os.listdir(root)):
        paths = sorted(os.path.join(d, f) for d, _, names in os.walk(os.path.join(root, folder)) for f in names)
        encodings = ranks + (files if folder in FOLDERS else [])
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
            for (_, encode), s in zip(encodings, sums):
                ids = encode(text)
                s[0] += len(ids)
                s[1].update(ids.astype("<u4").tobytes())
        for (name, _), (count, digest) in zip(encodings, sums):
            print(folder, name, len(paths), size, count, digest.hexdigest(), sep="\t", flush=True)


main(sys.argv[1])
