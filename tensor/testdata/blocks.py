"""Makes blocks.bin beside this file: blocks of every format and the hash of what
each decodes to.

Run with gguf 0.19.0 and numpy 2.4.6:
    python blocks.py

For each format of FORMATS, in order, COUNT blocks, each followed by the SHA-256
of the float32 values that gguf.quants.dequantize gives, every NaN as 0x7fc00000.
"""
import hashlib
import pathlib
import warnings

import numpy as np
from gguf import GGMLQuantizationType as T, GGML_QUANT_SIZES
from gguf.quants import dequantize

warnings.filterwarnings("ignore")
# The format and where its F16 scales are; MXFP4 has an exponent at 0.
FORMATS = [("Q8_0", [0]), ("Q4_0", [0]), ("Q4_K", [0, 2]), ("Q5_K", [0, 2]), ("Q6_K", [208]), ("MXFP4", None)]
# Largest, smallest normal, denormals, zeros, negative ones, infinity.
SCALES = [0x7BFF, 0x0400, 0x0001, 0x03FF, 0x0000, 0x8000, 0xBC00, 0x8001, 0xFBFF, 0x7C00]
EXPONENTS = [0, 1, 2, 3, 126, 127, 128, 253, 254, 255]

COUNT = 13

rng = np.random.default_rng(4)
out = bytearray()
for name, places in FORMATS:
    kind = T[name]
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (COUNT, size), dtype=np.uint8)
    for i, scale in enumerate(EXPONENTS if places is None else SCALES):
        if places is None:
            blocks[i, 0] = scale
            continue
        for p in places:
            blocks[i, p : p + 2] = np.frombuffer(np.uint16(scale).tobytes(), np.uint8)
    for i in range(10, 12):  # ordinary scales
        for p in places or []:
            blocks[i, p : p + 2] = np.frombuffer(np.float16(rng.normal()).tobytes(), np.uint8)
    blocks[12] = 0
    values = dequantize(blocks, kind).astype(np.float32)
    assert values.shape == (COUNT, elements)
    values[np.isnan(values)] = np.frombuffer(np.uint32(0x7FC00000).tobytes(), np.float32)[0]
    for block, row in zip(blocks, values):
        out += block.tobytes() + hashlib.sha256(row.tobytes()).digest()
(pathlib.Path(__file__).parent / "blocks.bin").write_bytes(out)
