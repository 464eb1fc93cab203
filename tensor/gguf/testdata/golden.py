"""Makes golden.gguf, split-*.gguf and golden.json beside this file, or reads a file.

Run with gguf 0.19.0 and numpy 2.4.6:
    python golden.py             makes them
    python golden.py read FILE   prints what the reference reads, as golden.json has it
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType as T, GGUFReader, GGUFValueType as V, GGUFWriter, GGML_QUANT_SIZES

here = pathlib.Path(__file__).parent


def text(value):
    """Value as Go prints it."""
    if isinstance(value, (list, np.ndarray)):
        return "[" + " ".join(text(x) for x in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.20g}"
    return str(value)


def read(path):
    reader = GGUFReader(path)
    meta = {k: text(f.contents()) for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    tensors = {
        t.name: [t.tensor_type.name, text(t.shape.tolist()[::-1]), hashlib.sha256(t.data.tobytes()).hexdigest()]
        for t in reader.tensors
    }
    return {"metadata": meta, "tensors": tensors}


if len(sys.argv) == 3 and sys.argv[1] == "read":
    print(json.dumps(read(sys.argv[2])))
    sys.exit()

rng = np.random.default_rng(3)
w = GGUFWriter(here / "golden.gguf", "llama")
w.add_uint8("t.u8", 255)
w.add_int8("t.i8", -128)
w.add_uint16("t.u16", 65535)
w.add_int16("t.i16", -32768)
w.add_uint32("t.u32", 2**32 - 1)
w.add_int32("t.i32", -(2**31))
w.add_uint64("t.u64", 2**64 - 1)
w.add_int64("t.i64", -(2**63))
w.add_float32("t.f32", 0.625)
w.add_float64("t.f64", -1.5)
w.add_bool("t.bool", True)
w.add_string("t.text", 'é "漢" \\ \0')
w.add_array("t.ints", [1, -2, 3])
w.add_array("t.floats", [0.5, -0.25])
w.add_array("t.bools", [True, False])
w.add_array("t.texts", ["", "a b", "漢"])
w.add_key_value("t.bytes", bytes([1, 2, 255]), V.ARRAY, V.UINT8)
w.add_array("t.nested", [[1, 2], [3]])
w.add_tensor("f32", rng.standard_normal((2, 3)).astype(np.float32))
w.add_tensor("f16", rng.standard_normal(5).astype(np.float16))
w.add_tensor("f64", rng.standard_normal((1, 1, 2)))
w.add_tensor("i8", np.array([[-1, 2]], np.int8))
w.add_tensor("i16", np.array([-300, 300], np.int16))
w.add_tensor("i32", np.array([-70000], np.int32))
w.add_tensor("i64", np.array([2**40], np.int64))
for kind in [T.BF16, T.Q8_0, T.Q4_0, T.Q4_K, T.Q5_K, T.Q6_K, T.MXFP4, T.Q2_K, T.IQ4_XS]:
    elements, size = GGML_QUANT_SIZES[kind]
    w.add_tensor(kind.name.lower(), rng.integers(0, 128, (2, size), np.uint8), raw_dtype=kind)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()

w = GGUFWriter(here / "split.gguf", "llama", split_max_tensors=2)
w.add_uint32("llama.block_count", 1)
for i in range(5):
    w.add_tensor(f"w{i}", np.full((i + 1, 2), i, np.float32))
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
(here / "golden.json").write_text(json.dumps(read(here / "golden.gguf"), indent=1, ensure_ascii=False) + "\n")
