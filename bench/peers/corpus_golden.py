#!/usr/bin/env python3
"""Writes what datatrove makes of texts of our own, for tests without Python:

    corpus/words/testdata/words.jsonl       {"text", "words", "sentences"}
    corpus/filter/testdata/decisions.jsonl  {"text"} and what corpus_datatrove.py decide prints

Run from the root of the repository, with datatrove 0.10.1 and spacy 3.8.18.
"""

import hashlib
import json
import random

import corpus_datatrove as peer
from datatrove.data import Document
from datatrove.utils import text as dt_text

SENTENCES = """The river rose in the night and carried the old bridge away.
Nobody had seen the letter, and nobody would have believed it!
Is it true that she can't come to the meeting with us?
"We'll see," he said, "whether it's worth £5.50 (or more)."
Mr. Hill lives at 10 St. John's Rd., near the U.S. embassy; call him at 10a.m. or e.g. at noon.
They've got a well-known, state-of-the-art machine that makes 3km of cable a day.
Read http://example.org/a/b?c=d and write to someone@example.org about it.
I'd've gone, but y'all weren't ready; gonna be late, cannot wait :)
Prices rose by 3.5% from $1,000 to US$1,035 between 1999-2001.
Café owners in Zürich and Kraków naïvely trusted the façade—until it fell.
“Curly quotes aren’t rare,” she wrote, ‘but they’re odd…’
Temperatures of -5°C. were measured at 6pm., i.e. before dark...
A list/of/paths, a=b, x:y, 2*3, 4^5, C++ and and/or w/o spaces.
Δοκιμή и проверка text in other letters, всё же.
Wait... what?! No!! Really??? Yes.
She ate (all of) it... And then [sic] left -- for good --- she said.""".splitlines()

ODD = ["<3", "xD", "o_O", "(^_^)", "'tis", "rock'n'roll", "foo.Bar", "end.the", "a,b", "1,2", "U.S.A.", "Ph.D.", "x.", "McD.", "im.",
       "don't.", "(don't)", "'s", "dogs'", "dog's", "DOG'S", "it's", "10km", "5kg.", "$5", "5$", "US$5", "+1", "+x", "5+", "2-3", "a-b", "a--b",
       "a---b", "-a", "a-", "~a~b", "...", "....a", "a..b", "…", "……", "a…b", "#tag", "@user", "100%", "%", "§5", "=x=", "a<b>c",
       "8.8.8.8", "8.8.8.8/x", "10.0.0.1/x", "ftp://x.yz", "a@b.cd", "x.yz:80", "x.yz:8", "x_y.zz", "_x_", "*x*", "`x`", "``x''", "🙂", "a🙂b",
       "½", "x²", "km²", "5km²", "№5", "ﬁne", "Straße", "İstanbul", "ΑΣ", "é", "e\u0301a", "a\u00a0b", "a\u2028b", "a\x1cb", "\u200b", "ab\u200bcd",
       "o'clock", "O'Brien", "l'eau", "C'mon", "how'd'y", "12am", "13am", "°C.", "5°C", "a.m.", "(a.m.)", "x/a.m.", "foo:)", ":-)", ">.<", "e.g.,"]

POLICY = ["Please read our Privacy Policy.", "This site uses cookies.", "You accept the terms of use here.", "Enable JavaScript to go on.",
          "We do not use Cookies at all.", "A cookie policy[3] is a fine thing.", "The terms[1] of use apply here.", "Lorem Ipsum dolor sit amet."]


def word(r):
    if r.random() < 0.25:
        return r.choice(ODD)
    w = r.choice(" ".join(SENTENCES).split())
    return r.choice([w, w, w, w.upper(), w.lower(), w.title(), w + r.choice(".,;:!?)\"'…"), r.choice("(\"'“[#-") + w])


def words(r):
    return r.choice([" ", " ", " ", "  ", "\n", "\t", " \n"]).join(word(r) for _ in range(r.randint(1, 30)))


def line(r):
    k = r.random()
    s = r.choice(SENTENCES)
    if k < 0.70:
        return s
    if k < 0.74:
        return "- " + s
    if k < 0.77:
        return "  • " + s.rstrip(".")
    if k < 0.80:
        return s.rstrip(".!?") + r.choice(["...", "…", "... "])
    if k < 0.83:
        return r.choice(POLICY)
    if k < 0.86:
        return s.replace(" ", r.choice(["[1] ", " [edit]", " [citation needed] ", " [12][], "]), 2)
    if k < 0.88:
        return "[7] " + s
    if k < 0.90:
        return r.choice(["Home", "Contact us", "Next page >", "12/3/2004", "|", "#", "* * *"])
    if k < 0.91:
        return "x" * r.choice([999, 1000, 1001]) + " is a long word."
    if k < 0.92:
        return "if (x) { return; }"
    if k < 0.93:
        return "#" * r.randint(1, 60)
    if k < 0.94:
        return " ".join(str(r.randint(0, 9999)) for _ in range(40))
    if k < 0.95:
        return ""
    return words(r)


def document(r):
    kind = r.random()
    if kind < 0.05:
        return words(r)
    if kind < 0.08:
        return " ".join(r.choice("abcdefg") for _ in range(200)) + "."
    if kind < 0.11:
        return " ".join("Extraordinarily internationalization of uncharacteristically" for _ in range(r.randint(10, 40))) + "."
    if kind < 0.13:
        return ("\n" * r.randint(1, 9)).join(r.sample(SENTENCES, r.randint(3, 12)))
    n = r.choice([3, 5, 8, 20, 60, 200])
    pool = [line(r) for _ in range(r.choice([1, 2, 3, 5, n, n, n, 4 * n]))]
    if kind < 0.2:
        pool = ["- " + p for p in pool]
    if kind < 0.3:
        pool = [p.rstrip(".") + "..." if r.random() < 0.4 else p for p in pool]
    ends = r.choice([["\n"], ["\n"], ["\n\n"], ["\n", "\n\n"], ["\n", "\r\n", "\n\n\n"], [" ", "\n"], [" "], ["\n", "\u2028", "\x0b", "\u0085"]])
    out = ""
    for _ in range(n):
        out += r.choice(pool) + r.choice(ends)
    if r.random() < 0.4:
        out = out.strip()
    if r.random() < 0.05:
        out = r.choice(["", "\n", "\n\n", "  \n \n"]) + out
    return out


def write(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def main():
    r = random.Random(7)
    rows = []
    for text in SENTENCES + ODD + [words(r) for _ in range(300)]:
        sentences = len(dt_text.split_into_sentences(text.strip()))
        rows.append({"text": text, "words": dt_text.split_into_words(text), "sentences": sentences})
    write("corpus/words/testdata/words.jsonl", rows)

    steps = peer.filters()
    rows, seen = [], {}
    for i in range(2500):
        text = document(r)
        row = {"id": str(i), "text": text}
        for name, f in steps.items():
            doc = Document(text=text, id=row["id"])
            row[name] = peer.rule(f, doc)
            if name == "c4" and not row[name]:
                row["c4_text"] = hashlib.sha256(doc.text.encode()).hexdigest()
        kind = tuple(row[name] for name in steps)
        if any("error" in k for k in kind):
            continue
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= 2 and len(text) < 6000:  # enough of each kind
            rows.append(row)
    write("corpus/filter/testdata/decisions.jsonl", rows)


if __name__ == "__main__":
    main()
