"""Fits L(C) = a C^b + c and L(N, D) with scipy; writes golden.json beside this file.

Made with scipy 1.16.3 and numpy: python golden.py
"""
import itertools, json, pathlib
import numpy as np
import scipy
from scipy.optimize import minimize

DELTA = 1e-3
rng = np.random.default_rng(3)

def huber(r):
    u = np.abs(r) / DELTA
    return np.where(u > 1, u - 0.5, u * u / 2).sum()

def best(objective, starts):
    found = None
    for s in starts:
        r = minimize(objective, s, method="BFGS")
        r = minimize(objective, r.x, method="Nelder-Mead", options=dict(xatol=1e-10, fatol=1e-10, maxiter=20000, maxfev=20000))
        if found is None or r.fun < found.fun:
            found = r
    return found

cases = []
for k, (n, noise, outlier) in enumerate([(6, 0.002, 0), (8, 0.004, 0), (9, 0.001, 0.06)]):
    c = 1e13 * 10 ** (np.arange(n) * 1.5 / (n - 1))
    loss = (1.5 + 3 * (c / 1e13) ** -0.12) * np.exp(noise * rng.standard_normal(n))
    loss[2] *= 1 + outlier
    x = np.log(c) - np.log(c).mean()
    y = np.log(loss)
    f = lambda p: huber(np.logaddexp(p[0] - np.exp(p[1]) * x, p[2]) - y)
    starts = [[np.log(loss.mean() - s * loss.min()), np.log(b), np.log(s * loss.min())] for b in (0.03, 0.1, 0.3) for s in (0.1, 0.5, 0.9)]
    r = best(f, starts)
    far = np.log(5e15) - np.log(c).mean()
    cases.append(dict(flops=c.tolist(), loss=loss.tolist(), objective=r.fun, b=-float(np.exp(r.x[1])), c=float(np.exp(r.x[2])),
                      far=float(np.exp(np.logaddexp(r.x[0] - np.exp(r.x[1]) * far, r.x[2])))))
sizes = []
n, d = np.array(list(itertools.product([1e5, 3e5, 1e6], [2e6, 1e7, 5e7]))).T
loss = (1.7 + 400 / n ** 0.34 + 410 / d ** 0.28) * np.exp(0.002 * rng.standard_normal(len(n)))
xn, xd, y = np.log(n) - np.log(n).mean(), np.log(d) - np.log(d).mean(), np.log(loss)
model = lambda p, a, b: np.logaddexp(np.logaddexp(p[0], p[1] - np.exp(p[2]) * a), p[3] - np.exp(p[4]) * b)
f = lambda p: huber(model(p, xn, xd) - y)
starts = [[np.log(1.5), np.log(s), np.log(a), np.log(s), np.log(b)] for s in (1, 4) for a in (0.2, 0.5) for b in (0.2, 0.5)]
r = best(f, starts)
far = (np.log(1e7) - np.log(n).mean(), np.log(1e9) - np.log(d).mean())
size = dict(n=n.tolist(), d=d.tolist(), loss=loss.tolist(), objective=r.fun, far=float(np.exp(model(r.x, *far))))
text = json.dumps(dict(made="scipy " + scipy.__version__ + ", numpy " + np.__version__, compute=cases, size=size), indent=1)
pathlib.Path(__file__).with_name("golden.json").write_text(text + "\n")
