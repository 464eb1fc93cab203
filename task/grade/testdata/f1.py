"""Writes f1.jsonl: F1 and exact match of pairs of texts by the published
definitions of SQuAD 2.0 and DROP, written again from their descriptions (Rajpurkar et
al. 2018 and Dua et al. 2019) with Python's own str and re, numpy 2 and scipy 1 for
the assignment.

    python f1.py > f1.jsonl          (Python 3.13)
"""

import collections
import itertools
import json
import random
import re
import string

import numpy as np
from scipy.optimize import linear_sum_assignment

ARTICLE = re.compile(r"\b(a|an|the)\b", re.UNICODE)
PUNCTUATION = set(string.punctuation)


def squeeze(text):
    return " ".join(text.split())


def bare(text):
    return "".join(c for c in text if c not in PUNCTUATION)


def squad_words(text):
    return squeeze(ARTICLE.sub(" ", bare(text.lower()))).split()


def squad(answer, gold):
    a, g = squad_words(answer), squad_words(gold)
    exact = a == g
    if not a or not g:
        return float(exact), exact
    same = sum((collections.Counter(a) & collections.Counter(g)).values())
    if same == 0:
        return 0.0, exact
    p, r = same / len(a), same / len(g)
    return 2 * p * r / (p + r), exact


def number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def drop_normal(text):
    parts = []
    for part in re.split(" |-", text):
        part = part.lower()
        if not number(part):
            part = bare(part)
        if number(part):
            part = str(float(part))
        part = squeeze(ARTICLE.sub(" ", part))
        if part.strip():
            parts.append(part)
    return " ".join(parts).strip()


def drop_pair(a, g):
    numbers = {w for w in g if number(w)}
    if numbers and not numbers & a:
        return 0.0
    same = len(a & g)
    p = same / len(a) if a else 1.0
    r = same / len(g) if g else 1.0
    return 2 * p * r / (p + r) if p or r else 0.0


def drop(answer, gold):
    at, gt = [drop_normal(s) for s in answer], [drop_normal(s) for s in gold]
    ab, gb = [set(t.split()) for t in at], [set(t.split()) for t in gt]
    exact = set(at) == set(gt) and len(at) == len(gt)
    scores = np.array([[drop_pair(a, g) for a in ab] for g in gb])
    rows, columns = linear_sum_assignment(-scores)
    best = np.zeros(max(len(ab), len(gb)))
    for r, c in zip(rows, columns):
        best[r] = max(best[r], scores[r, c])
    return round(float(np.mean(best)), 2), exact


WORDS = """the a an The cat Dog dog's "quoted" well-known 5 5.0 1,000 1000 1e3 $5 5% .5 inf nan 1_000 0x10 -7 --
ΣΑΣ İstanbul straße É é naïve a_b the_end o'clock U.S. 3rd twenty 12345678901234567890 0.00001 1e16 1e22 ½ ２ x² ... ! a\u0301n \u00a0the \x1cdog
New York yards 12-yard""".split(" ")
WORDS = [w for part in WORDS for w in part.split("\n")] + ["", "\u2003", "a\tb"]

random.seed(7)


def text():
    return " ".join(random.choice(WORDS) for _ in range(random.randint(0, 5)))


for _ in range(600):
    answer = text()
    gold = answer if random.random() < 0.1 else " ".join(random.sample(answer.split(" "), k=max(1, len(answer.split(" ")) - 1)) + [random.choice(WORDS)]) if random.random() < 0.7 else text()
    f1, exact = squad(answer, gold)
    spans = [text() for _ in range(random.randint(0, 3))]
    a = [answer] + spans[: random.randint(0, 3)]
    g = random.sample(spans + [gold], k=random.randint(1, len(spans) + 1))
    df1, dexact = drop(a, g)
    print(json.dumps({"answer": a, "gold": g, "squad_answer": answer, "squad_gold": gold, "squad_f1": f1, "squad_exact": exact, "drop_f1": df1, "drop_exact": dexact}))
