"""Makes golden.json, with which eval/stat is compared.

Made with Python 3, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1:

    python3 golden.py > golden.json
"""

import json
import sys
from math import comb

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(6)


def cluster_model(sizes, rho):
    """Mean of the sum of squared residual sums, variance of the total, Satterthwaite's df, with matrices."""
    sizes = np.array(sizes, float)
    n = sizes.sum()
    block = np.repeat(np.arange(len(sizes)), sizes.astype(int))
    V = np.where(block[:, None] == block[None, :], rho, 0.0) + (1 - rho) * np.eye(len(block))
    residual = np.eye(len(block)) - 1 / n
    pick = (block[None, :] == np.arange(len(sizes))[:, None]).astype(float)
    A = residual.T @ pick.T @ pick @ residual
    AV = A @ V
    return [np.trace(AV), V.sum(), np.trace(AV) ** 2 / np.trace(AV @ AV)]


def tango(more, less, n):
    """The score interval, with the restricted maximum of the likelihood found numerically."""

    def score(delta):
        lo, hi = max(0, -delta), (1 - delta) / 2  # share of less, more is delta + that
        lo, hi = lo + 1e-15, hi - 1e-15

        def minus_log(q):
            rest = 1 - 2 * q - delta
            out = 0.0
            for count, p in ((more, q + delta), (less, q), (n - more - less, rest)):
                if count:
                    out -= count * np.log(max(p, 1e-300))
            return out

        q = optimize.minimize_scalar(minus_log, bounds=(lo, hi), method="bounded", options={"xatol": 1e-14}).x
        return (more - less - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))

    z = stats.norm.ppf(0.975)
    value = (more - less) / n
    return [
        optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, value - 1e-9),
        optimize.brentq(lambda d: score(d) + z, value + 1e-9, 1 - 1e-9),
    ]


golden = {
    "tools": {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "scikit-learn": sklearn.__version__,
    },
    "t_quantile": [[p, df, stats.t.ppf(p, df)] for p in (0.6, 0.8, 0.975, 0.999) for df in (1, 1.5, 2, 7.3, 30, 999, 1e6)],
    "t_tails": [[t, df, 2 * stats.t.sf(abs(t), df)] for t in (0, 0.3, -1.7, 2.5, 8, 40) for df in (1, 3.7, 20, 5000)],
    "binomial": [[k, n, stats.binom.cdf(k, n, 0.5)] for k, n in ((0, 5), (3, 10), (40, 100), (480, 1000), (3, 70))],
    "wilson": [[k, n, *proportion_confint(k, n, 0.05, "wilson")] for k, n in ((0, 10), (3, 10), (50, 50), (181, 200), (499, 1000), (1, 2))],
    "tango": [[m, l, n, *tango(m, l, n)] for m, l, n in ((10, 2, 50), (1, 0, 20), (0, 0, 44), (30, 30, 100), (3, 17, 1000), (9, 5, 14))],
    "mcnemar": [
        [b, c, stats.binomtest(b, b + c, 0.5).pvalue - (0 if b == c else stats.binom.pmf(b, b + c, 0.5)) if b + c else 1.0]
        for b, c in ((0, 0), (0, 1), (3, 9), (25, 40), (7, 7), (210, 150))
    ],
    "pass_at_k": [[n, c, k, 1 - comb(n - c, k) / comb(n, k)] for n, c, k in ((10, 3, 1), (200, 1, 100), (200, 7, 10), (5, 5, 2), (1000, 30, 999), (20, 0, 5))],
    "cluster_model": [
        {"sizes": s, "rho": r, "want": cluster_model(s, r)} for s in ([4, 4, 4, 4], [1, 2, 3, 10], [1] * 7, [30, 1, 1, 1, 1, 5]) for r in (0, 0.3, 1)
    ],
}

ps = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 0.9]
golden["holm"] = {"p": ps, "want": multipletests(ps, method="holm")[1].tolist()}

values = rng.normal(size=60).round(6)
names = np.repeat(np.arange(15), 4)
fit = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": names}, use_t=True)
low, high = fit.conf_int()[0]
golden["clusters"] = {"values": values.tolist(), "stderr": fit.bse[0], "low": low, "high": high}

a, b = rng.normal(size=40).round(6), rng.normal(0.3, 1, size=40).round(6)
test = stats.ttest_rel(b, a)
ci = test.confidence_interval(0.95)
golden["paired"] = {"a": a.tolist(), "b": b.tolist(), "p": test.pvalue, "low": ci.low, "high": ci.high}

confidence = rng.uniform(size=300)
right = (rng.uniform(size=300) < confidence**1.5).astype(float)
order = np.argsort(confidence)
ece = sum(abs(confidence[part].sum() - right[part].sum()) for part in np.array_split(order, 10)) / 300
rounded = confidence.round(1)
wrong = 1 - right[np.argsort(-confidence)]
golden["calibration"] = {
    "confidence": confidence.tolist(),
    "right": right.tolist(),
    "ece": ece,
    "brier": brier_score_loss(right, confidence),
    "auroc": roc_auc_score(right, confidence),
    "auroc_ties": roc_auc_score(right, rounded),
    "aurc": (np.cumsum(wrong) / np.arange(1, 301)).mean(),
}

x, y = rng.gamma(2, size=150).round(6), rng.gamma(3, size=150).round(6)
found = stats.bootstrap((x, y), lambda x, y, axis=-1: (x**2).sum(axis) / (y**2).sum(axis), paired=True, vectorized=True, n_resamples=50000, method="BCa", random_state=1)
golden["bootstrap"] = {
    "x": x.tolist(),
    "y": y.tolist(),
    "stderr": found.standard_error,
    "low": found.confidence_interval.low,
    "high": found.confidence_interval.high,
}

json.dump(golden, sys.stdout)
print()
