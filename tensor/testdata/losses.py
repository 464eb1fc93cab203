"""Makes losses.bin and losses.json beside this file: rows of numbers, weights for
their columns, and the weighted squared error that other quantizers make of each.

Run with gguf 0.19.0, numpy 2.4.6 and the libggml-base.so of node-llama-cpp 3.22.1:
    python losses.py /path/to/libggml-base.so

losses.bin: 8 rows of 256 float32, then 256 float32 weights. losses.json: by format
the errors of the rows, all weights alike ("plain": gguf.quants or, for the K
formats, libggml without weights) and with them ("weighted": libggml).
"""
import ctypes
import json
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType as T, GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

N = 256
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(5)
rows = np.stack([
    rng.normal(0, 0.02, N),
    rng.normal(0, 1, N),
    rng.normal(0.3, 1, N),
    rng.standard_t(3, N) * 0.05,
    rng.standard_t(2, N),
    rng.laplace(0, 300, N),
    rng.normal(0, 0.02, N) * (rng.random(N) < 0.1),
    rng.uniform(-1e-4, 3e-4, N),
]).astype(np.float32)
weights = rng.lognormal(0, 1.5, N).astype(np.float32)
lib = ctypes.CDLL(sys.argv[1])
pointer = ctypes.POINTER(ctypes.c_float)
lib.ggml_quantize_chunk.restype = ctypes.c_size_t


def ggml(kind, row, w):
    out = np.zeros(N // GGML_QUANT_SIZES[kind][0] * GGML_QUANT_SIZES[kind][1], np.uint8)
    lib.ggml_quantize_chunk(
        ctypes.c_int(int(kind)), row.ctypes.data_as(pointer), out.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_int64(0), ctypes.c_int64(1), ctypes.c_int64(N),
        w.ctypes.data_as(pointer) if w is not None else None)
    return out


def loss(kind, row, code, w):
    e = dequantize(code, kind).astype(np.float64) - row
    return float((w * e * e).sum())


losses = {}
for name in ["Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K", "MXFP4"]:
    kind = T[name]
    plain = [loss(kind, r, ggml(kind, r, None) if name.endswith("K") else quantize(r, kind), np.ones(N)) for r in rows]
    weighted = [loss(kind, r, ggml(kind, r, weights), weights.astype(np.float64)) for r in rows]
    losses[name] = {"plain": plain, "weighted": weighted}
(here / "losses.bin").write_bytes(rows.tobytes() + weights.tobytes())
(here / "losses.json").write_text(json.dumps(losses, indent=1) + "\n")
