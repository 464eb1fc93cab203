#!/usr/bin/env python3
"""Runs datatrove's filters on documents, to compare decisions and speed.

    corpus_datatrove.py decide TEXTS.jsonl            one JSON object a document on stdout
    corpus_datatrove.py words TEXTS.jsonl             the words of each document
    corpus_datatrove.py bench TEXTS.jsonl [HTML DIR]  one JSON object a measurement

A text is {"id", "text"}. decide prints {"id", "FILTER": "RULE", ...} with the rule
by which each filter drops the document, in the names that datatrove gives them, "" if it stays,
and with "c4_text" the SHA-256 of what C4's filter leaves. bench prints {"name", "value", "unit"}.

Needs Python and: pip install "datatrove[processing]==0.10.1" spacy==3.8.18 lxml_html_clean
Times are those of this process on one core; without a package it says which and exits with 77.
"""

import hashlib
import json
import sys
import time

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )
    from datatrove.utils import text as dt_text
except ImportError as e:
    print(f"skipped: {e}; pip install 'datatrove[processing]==0.10.1' spacy==3.8.18", file=sys.stderr)
    sys.exit(77)


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def filters():
    return {
        "gopher_quality": GopherQualityFilter(),
        "gopher_repetition": GopherRepetitionFilter(),
        "fineweb": FineWebQualityFilter(),
        "c4": C4QualityFilter(),
    }


def rule(f, doc):
    """The rule by which the filter drops the document, or ""."""
    try:
        kept = f.filter(doc)
    except ZeroDivisionError:
        return "error: division by zero"
    if isinstance(kept, tuple):
        return "" if kept[0] else kept[1]
    return "" if kept else "dropped"


def decide(path):
    steps = filters()
    for d in read(path):
        out = {"id": d["id"]}
        for name, f in steps.items():
            doc = Document(text=d["text"], id=d["id"])
            out[name] = rule(f, doc)
            if name == "c4" and not out[name]:
                out["c4_text"] = hashlib.sha256(doc.text.encode()).hexdigest()
        print(json.dumps(out))


def words(path):
    for d in read(path):
        print(json.dumps(dt_text.split_into_words(d["text"])))


def report(name, nbytes, seconds):
    print(json.dumps({"name": name, "value": nbytes / 1e6 / seconds, "unit": "MB/s"}), flush=True)


def timed(name, docs, work):
    """Times work on fresh documents by the time of this process."""
    dt_text.split_into_parts.cache_clear()
    fresh = [Document(text=d["text"], id=d["id"], metadata={}) for d in docs]
    start = time.process_time()
    for d in fresh:
        work(d)
    seconds = time.process_time() - start
    report(name, sum(len(d["text"].encode()) for d in docs), seconds)
    return seconds


def bench(path, html):
    docs = read(path)
    steps = filters()
    warm = Document(text="A sentence to load what is loaded late.", id="warm")
    for f in steps.values():
        rule(f, warm)
    timed("words", docs, lambda d: dt_text.split_into_words(d.text))
    for name, f in steps.items():
        timed(name, docs, lambda d, f=f: rule(f, d))

    def together(d):
        for f in steps.values():
            if rule(f, d):
                return

    def every(d):
        for f in steps.values():
            rule(f, d)

    timed("filters together, until one drops", docs, together)
    filtering = timed("filters together, all", docs, every)
    near = minhash(docs)
    nbytes = sum(len(d["text"].encode()) for d in docs)
    report("filters and minhash", nbytes, filtering + near)
    if html:
        extraction(html)


def minhash(docs):
    """MinHash with datatrove's default: 5-grams, 14 buckets of 8 hashes."""
    import tempfile

    from loguru import logger

    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    logger.remove()
    nbytes = sum(len(d["text"].encode()) for d in docs)
    total = 0.0
    with tempfile.TemporaryDirectory() as tmp:
        config = MinhashConfig()
        fresh = [Document(text=d["text"], id=str(d["id"]), metadata={}) for d in docs]
        stages = [
            ("minhash signatures", lambda: MinhashDedupSignature(tmp + "/sig", config=config).run(iter(fresh), 0, 1)),
            *[
                (
                    "minhash buckets",
                    lambda b=b: MinhashDedupBuckets(tmp + "/sig", tmp + "/buckets", config=config).run(
                        None, b, config.num_buckets
                    ),
                )
                for b in range(config.num_buckets)
            ],
            ("minhash cluster", lambda: MinhashDedupCluster(tmp + "/buckets", tmp + "/remove", config=config).run(None, 0, 1)),
        ]
        spent = {}
        dt_text.split_into_parts.cache_clear()
        for name, work in stages:
            start = time.process_time()
            result = work()
            if result is not None:
                for _ in result:
                    pass
            seconds = time.process_time() - start
            spent[name] = spent.get(name, 0) + seconds
            total += seconds
        for name, seconds in spent.items():
            report(name, nbytes, seconds)
        report("minhash", nbytes, total)
    return total


def extraction(directory):
    """datatrove's extractor of HTML, trafilatura, on all pages below a directory."""
    import gzip
    import pathlib

    try:
        from datatrove.pipeline.extractors import Trafilatura

        extractor = Trafilatura()
        extractor.extract("<html><body><p>A page to load what is loaded late.</p></body></html>")
    except ImportError as e:
        print(f"skipped: {e}; pip install trafilatura==1.11.0 lxml_html_clean", file=sys.stderr)
        return
    pages = []
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if path.name.endswith((".html", ".html.gz")):
            raw = path.read_bytes()
            pages.append(gzip.decompress(raw) if path.name.endswith(".gz") else raw)
    if not pages:
        print(f"skipped: no *.html or *.html.gz below {directory}", file=sys.stderr)
        return
    texts = [p.decode("utf-8", "replace") for p in pages]
    start = time.process_time()
    for t in texts:
        try:
            extractor.extract(t)
        except Exception:  # a page that it cannot read
            pass
    report("extraction (trafilatura)", sum(map(len, pages)), time.process_time() - start)


def main():
    match sys.argv[1:]:
        case ["decide", path]:
            decide(path)
        case ["words", path]:
            words(path)
        case ["bench", path]:
            bench(path, None)
        case ["bench", path, html]:
            bench(path, html)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
