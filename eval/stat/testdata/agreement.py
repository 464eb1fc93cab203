"""Makes agreement.json, with which stat.Agreement is compared.

Made with Python 3, numpy 2.4.6, krippendorff 0.9.0 (PyPI):

    python3 agreement.py > agreement.json
"""

import json
import sys
from importlib.metadata import version

import krippendorff
import numpy as np

rng = np.random.default_rng(8)


def case(name, raters):
    """raters x units, with nan where a value is missing."""
    data = np.array(raters, float)
    return {
        "name": name,
        "units": [[int(v) for v in column if not np.isnan(v)] for column in data.T],
        "nominal": float(krippendorff.alpha(data, level_of_measurement="nominal")),
        "ordinal": float(krippendorff.alpha(data, level_of_measurement="ordinal")),
    }


def drawn(name, raters, units, values, agree, missing):
    truth = rng.integers(values, size=units)
    data = np.where(rng.uniform(size=(raters, units)) < agree, truth, rng.integers(values, size=(raters, units))).astype(float)
    data[rng.uniform(size=data.shape) < missing] = np.nan
    return case(name, data)


n = np.nan
cases = [
    # Krippendorff 2011, section C: four observers, twelve units, missing values.
    case("krippendorff 2011", [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, n, n, n],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, n, 3],
        [n, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, n],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, n],
    ]),
    case("two who always differ", [[0, 1, 0, 1], [1, 0, 1, 0]]),
    case("all agree", [[0, 1, 2, 2], [0, 1, 2, 2], [0, 1, n, 2]]),
    drawn("two of three sides", 2, 60, 3, 0.6, 0.0),
    drawn("many, few each", 12, 200, 4, 0.5, 0.8),
    drawn("by chance", 3, 100, 5, 0.0, 0.1),
    drawn("a flag", 3, 80, 2, 0.9, 0.3),
]
json.dump({"tools": {p: version(p) for p in ("numpy", "krippendorff")}, "cases": cases}, sys.stdout)
print()
