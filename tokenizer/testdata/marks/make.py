"""Writes marks.json: what Hugging Face tokenizers make of many combining marks in a row.

    python make.py ../golden/qwen.json marks.json
"""
import json
import random
import sys

import tokenizers
from tokenizers import Tokenizer, normalizers

ACUTE, DOT, CGJ = "\u0301", "\u0323", "\u034f"
MARKS = [ACUTE, DOT, "\u0302", "\u0308", "\u0338", "\u0344", "\u05b0", "\u064b", "\u093c", "\u0f71", "\u3099", CGJ]
BASES = list("aeoAZ=\u00e9\u1ea1\u0928\u1100\u1161\u11a8\uac00\uac01\u304b\u09c7\u09be\ufb01\u0f40 \n")


def texts():
    r = random.Random(1)
    yield "a" + ACUTE * 30
    yield "a" + ACUTE * 31
    yield "e" + (ACUTE + DOT) * 40 + " end"
    yield "\u00e9" + DOT * 35 + ACUTE
    yield ACUTE * 64 + "a"
    yield "\u1100\u1161" + ACUTE * 40 + "\u11a8\u1100\u1161\u11a8"
    yield "\u0344" * 20 + "x\u0344\u0344"
    yield "\ufb01" + DOT * 33 + "\ufdfa" + ACUTE * 31
    yield "a" + CGJ + ACUTE * 15 + CGJ + DOT * 31
    yield "\u0f40" + "\u0f71\u0f74\u0f80" * 20
    for _ in range(30):
        text = ""
        for _ in range(r.randrange(1, 6)):
            text += r.choice(BASES)
            text += "".join(r.choice(MARKS) for _ in range(r.choice([0, 1, 3, 10, 29, 31, 32, 70])))
        yield text


def main(qwen, out):
    forms = {name: getattr(normalizers, name)() for name in ("NFC", "NFD", "NFKC", "NFKD")}
    tok = Tokenizer.from_file(qwen)
    cases = []
    for text in texts():
        case = {"text": text, "ids": tok.encode(text, add_special_tokens=False).ids}
        case.update({name: form.normalize_str(text) for name, form in forms.items()})
        cases.append(case)
    with open(out, "w") as f:
        f.write('{"tools":["tokenizers %s"],\n"cases":[\n' % tokenizers.__version__)
        f.write(",\n".join(json.dumps(c) for c in cases) + "\n]}\n")


main(*sys.argv[1:])
