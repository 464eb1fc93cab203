"""Writes mathverify.jsonl: what math-verify 0.9.0 (with sympy 1.14.0 and
latex2sympy2_extended 1.11.0) says of all pairs of these answers, which are our own.

    python mathverify.py > mathverify.jsonl
"""

import itertools
import json

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

ANSWERS = r"""
1/2
0.5
\frac{1}{2}
\dfrac{2}{4}
-\frac{1}{2}
2^{-1}
\frac{\sqrt{4}}{4}
\sqrt{12}
2\sqrt{3}
\frac{6}{\sqrt{3}}
\sqrt{3}+\sqrt{3}
\sqrt[3]{27}
3
3.0
\log_2 8
x=3
3\pi
\pi \cdot 3
\frac{9\pi}{3}
\pi^3
x^2-1
(x-1)(x+1)
x^2+1
-(1-x^2)
x(x-\frac{1}{x})
(1,2)
\left(1, \frac{4}{2}\right)
(2,1)
[1,2]
(1,2]
\{1,2\}
\{2,1\}
\{1,2,3\}
(3,\infty)
(-\infty,3)
(-\infty,1)\cup(3,\infty)
(3,\infty)\cup(-\infty,1)
\begin{pmatrix}1&2\\3&4\end{pmatrix}
\begin{pmatrix}1&2\\3&\sqrt{16}\end{pmatrix}
\begin{pmatrix}1&3\\2&4\end{pmatrix}
2+3i
3i+2
2-3i
y=2x+1
2x+1
y=2x-1
\frac{a+b}{2}
\frac{a}{2}+\frac{b}{2}
\frac{b-a}{2}
1+\sqrt{2}
\sqrt{2}+1
1-\sqrt{2}
\frac{-1}{1-\sqrt{2}}
e^{2}
e \cdot e
\sin x
\cos x
\tan x \cos x
1000
10^3
5!
120
\frac{7}{3}
-7
|-7|
7
""".split("\n")

CONFIG = [LatexExtractionConfig(), ExprExtractionConfig()]
answers = [a for a in ANSWERS if a]
parsed = [parse(f"${a}$", extraction_config=CONFIG) for a in answers]
for i, j in itertools.combinations(range(len(answers)), 2):
    equal = verify(parsed[i], parsed[j])
    print(json.dumps({"gold": answers[i], "answer": answers[j], "equal": equal}))
