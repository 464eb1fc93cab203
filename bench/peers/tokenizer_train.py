"""Times Hugging Face tokenizers training a byte-level BPE vocabulary.

Usage: tokenizer_train.py VOCAB OUT.json FILE...

RAYON_NUM_THREADS sets the threads. Prints the seconds from the first byte to
the trained vocabulary; writes it to OUT.json.
"""

import importlib.metadata
import sys
import time

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def main(vocab, out, paths):
    texts = []
    for path in paths:
        with open(path, "rb") as f:
            texts.append(f.read().decode("utf-8", errors="replace"))
    tok = Tokenizer(models.BPE(ignore_merges=True))
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        min_frequency=2,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    start = time.perf_counter()
    tok.train_from_iterator(texts, trainer)
    seconds = time.perf_counter() - start
    tok.save(out)
    print(f"tokenizers {importlib.metadata.version('tokenizers')}: vocabulary {tok.get_vocab_size()} in {seconds:.2f} s")


main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
