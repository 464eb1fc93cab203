"""Makes the small fixtures that the tests of package tokenizer compare with.

Usage: tokenizer_golden.py DIR     (tokenizer/testdata/golden; needs tiktoken
and tokenizers)

DIR/NAME.json are tokenizers of the kinds in use, trained on the text below;
DIR/small.tiktoken is a rank file. DIR/texts.json are texts to encode, and
DIR/ids.json is what the two libraries make of them.
"""

import base64
import importlib.metadata
import json
import os
import random
import sys

import tiktoken
from tiktoken_ext import openai_public
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

TEXT = [
    "The small model reads what we wrote for it, and it isn't much: the same words again and again.",
    "We'll see whether they've been learned; I'd say they're easy. It's what I'm here for, don't you think?",
    "func main() {\n\tfor i := 0; i < 100; i++ {\n\t\tfmt.Println(i, \"the model\")\n\t}\n}\n",
    "    if x == nil {\n        return fmt.Errorf(\"model: %w\", err)\n    }\n\n\n    return nil\n",
    "In 1999 and 2023 there were 365 days, 31536000 seconds; 3.14159 is not 22/7 = 3.142857.",
    "Der große Übermut der Wörter: schöne Grüße aus Köln, Straße, Fußgänger und Äpfel.",
    "Le modèle français élève déjà été où à la forêt, ça va être naïf, garçon.",
    "Маленькая модель читает слова, которые мы для неё написали, снова и снова.",
    "小さなモデルは私たちが書いた言葉を読みます。 我们写的文字,模型读了又读。",
    "작은 모델이 우리가 쓴 글을 읽습니다. النموذج الصغير يقرأ الكلمات. छोटा मॉडल शब्द पढ़ता है।",
    "--- === *** /// ... !!! ??? ((())) [[[]]] {{{}}} <<<>>> \\\\\\ ``` ~~~ @@@ ### $$$ %%% ^^^ &&&",
]

WRITTEN = [
    "",
    " ",
    "  ",
    "\n",
    "a",
    "Hello, world!",
    "The model's words aren't what they're said to be, we've seen. I'LL, I'Ll, DON'T; it'S 'Twas ''s",
    "x'\u017fa and '\u017f",
    "one  two   three    four\t\ttabs\t x",
    "line\n\n\n  indented\n   \n\t\n end  \n  ",
    "a\r\nb\r\n\r\n c\r d \r",
    "trailing \n",
    "\n \n  \n   x",
    "  \n  ",
    "1 12 123 1234 12345 1,234,567.89 \u00b2\u00b3 \u0663\u0664 \u2167 \u56db 3rd x2y",
    "Gr\u00f6\u00dfe na\u00efve caf\u00e9 cafe\u0301 \u212b \ufb01 \u1e9b\u0323",
    "\u5c0f\u3055\u306a\u30e2\u30c7\u30eb\u3002 \u6211\u4eec \uc791\uc740 \u0627\u0644\u0635\u063a\u064a\u0631 \u0936\u092c\u094d\u0926",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2603\ufe0f",
    "\u00a0nbsp\u00a0\u00a0x\u2003em\u3000wide \u3000 y\u2028z\u0085w\x0b\x0c",
    "\u200b zero \ufeff width \u180e",
    "\U00010d4a\U00010d4b Garay, \u088f not yet, \U0001e5d0 \U0002ebf0",
    "tab\tthen 'll and\u2581a mark \u2581\u2581 two",
    "<|endoftext|> <s>the</s> <s> x </s><unk>",
    "the <mask> word, the<mask>word, <mask>  <mask>\n",
    "wordX word X wordwordword word1 word",
    "\x00\x01\x7f\ufffd\uffff\U0010ffff",
    "a" * 100,
    "=" * 70 + "\n\n" + " " * 60 + "the" + "\n" * 30,
    "if (x[0] != y->z && !b) { return *p++; } // the model\n#include <a.h>\n",
    "https://example.org/a_b-c?d=1&e=%20#f user@example.org C:\\dir\\file.txt",
]


def fuzzed(count):
    rng = random.Random(1)
    pieces = (
        list("aeiourstlnABZ'' ''  \t\n\r0123456789.,;:!?-_/\\(){}<>\"")
        + ["'s", "'T", "'re", "'VE", "'ll", "'m", "'D", " the", " model", "  ", "\n\n", "\r\n", " \n", "\n ", "123", "\u2581"]
        + list("\u00e9\u00df\u017f\u0301\u0436\u042f\u05d0\u0627\u0905\u094d\u3042\u6f22\ud55c\u01c5\u02b0\u2160\u00bd\u0661\u00a0\u2003\u3000\u2028\u200d")
        + ["\U0001f600", "\U0001d7d8", "\U00020000", "\U000e0041"]
    )
    return ["".join(rng.choice(pieces) for _ in range(rng.randint(1, 24))) for _ in range(count)]


ORIGINAL = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = ORIGINAL.replace("{1,3}", "")
TAIL = ORIGINAL.replace(r"|\s*[\r\n]+", r"|\s+\z|\s*[\r\n]+")
FOREIGN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ]
)


def byte_level(vocab, pre, normalizer=None, ignore_merges=False):
    tok = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tok.normalizer = normalizer
    tok.pre_tokenizer = pre
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(vocab_size=vocab, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False),
    )
    return tok


def split(pattern, *before):
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([*before, pre_tokenizers.Split(Regex(pattern), "isolated"), level])


def sentencepiece(vocab, byte_fallback=True):
    """A BPE over characters with the vocabulary laid out as SentencePiece does."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.train_from_iterator(TEXT[:6], trainers.BpeTrainer(vocab_size=vocab, show_progress=False))
    model = json.loads(tok.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"]
    if byte_fallback:
        names += [f"<0x{b:02X}>" for b in range(256)]
    names += sorted(model["vocab"], key=model["vocab"].get)
    ids = {name: i for i, name in enumerate(names)}
    merges = [tuple(m) for m in model["merges"]]
    tok = Tokenizer(models.BPE(vocab=ids, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=byte_fallback))
    tok.add_special_tokens([AddedToken(n, special=True, normalized=False) for n in names[:3]])
    return tok


def all_tokenizers():
    gpt2 = byte_level(400, pre_tokenizers.ByteLevel(add_prefix_space=False))
    gpt2.add_special_tokens(["<|endoftext|>"])
    yield "gpt2", gpt2

    llama3 = byte_level(500, split(ORIGINAL), ignore_merges=True)
    llama3.add_special_tokens(["<|endoftext|>", "<s>"])
    llama3.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", llama3.token_to_id("<s>"))]),
        ]
    )
    yield "llama3", llama3

    yield "tail", byte_level(300, split(TAIL))
    yield "foreign", byte_level(300, split(FOREIGN))

    qwen = byte_level(350, split(QWEN), normalizers.NFC())
    qwen.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    qwen.add_tokens([AddedToken("the word", normalized=True)])
    yield "qwen", qwen

    starcoder = byte_level(
        300,
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.Punctuation("contiguous"),
                pre_tokenizers.ByteLevel(add_prefix_space=True),
            ]
        ),
    )
    starcoder.add_tokens(
        [
            AddedToken("<mask>", lstrip=True, rstrip=True, special=True, normalized=False),
            AddedToken("word", single_word=True, normalized=False),
        ]
    )
    yield "starcoder", starcoder

    llama2 = sentencepiece(260)
    llama2.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    llama2.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    llama2.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    yield "llama2", llama2

    gemma = sentencepiece(200)
    gemma.normalizer = normalizers.Replace(" ", "\u2581")
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    gemma.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    yield "gemma", gemma

    meta = sentencepiece(200, byte_fallback=False)
    meta.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    meta.decoder = decoders.Metaspace(prepend_scheme="first")
    yield "metaspace", meta


def encodings(ranks):
    for name in ("cl100k_base", "r50k_base"):
        openai_public.load_tiktoken_bpe = lambda *_, **__: ranks
        made = getattr(openai_public, name)()
        yield name, tiktoken.Encoding(name, pat_str=made["pat_str"], mergeable_ranks=ranks, special_tokens={})


def main(out):
    os.makedirs(out, exist_ok=True)
    texts = WRITTEN + fuzzed(90)
    with open(os.path.join(out, "texts.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(t) for t in texts) + "\n]\n")
    cases = []
    for name, tok in all_tokenizers():
        tok.save(os.path.join(out, name + ".json"), pretty=False)
        plain = Tokenizer.from_str(tok.to_str())
        plain.encode_special_tokens = True
        ids = [plain.encode(t, add_special_tokens=False).ids for t in texts]
        special = {i: s for i, t in enumerate(texts) if (s := tok.encode(t, add_special_tokens=False).ids) != ids[i]}
        decoded = {i: d for i, t in enumerate(texts) if (d := tok.decode(ids[i], skip_special_tokens=False)) != t}
        cases.append({"name": name, "ids": ids, "special": special, "decoded": decoded})
        if name == "llama3":
            vocab = json.loads(tok.to_str())["model"]["vocab"]
            unmap = {c: b for b, c in bytes_to_unicode().items()}
            ranks = {bytes(unmap[c] for c in t): i for t, i in vocab.items()}
    with open(os.path.join(out, "small.tiktoken"), "wb") as f:
        for token, rank in sorted(ranks.items(), key=lambda r: r[1]):
            f.write(base64.b64encode(token) + b" %d\n" % rank)
    for name, enc in encodings(ranks):
        cases.append({"name": name, "ids": [enc.encode_ordinary(t) for t in texts], "special": {}, "decoded": {}})
    tools = [f"{n} {importlib.metadata.version(n)}" for n in ("tokenizers", "tiktoken")]
    with open(os.path.join(out, "ids.json"), "w") as f:
        f.write('{"tools":' + json.dumps(tools) + ',\n"cases":[\n')
        f.write(",\n".join(json.dumps(c, separators=(",", ":")).replace("],[", "],\n[") for c in cases) + "\n]}\n")


def bytes_to_unicode():
    same = [*range(33, 127), *range(161, 173), *range(174, 256)]
    out = {b: chr(b) for b in same}
    for b in range(256):
        if b not in out:
            out[b] = chr(256 + len(out) - len(same))
    return out


main(sys.argv[1])
