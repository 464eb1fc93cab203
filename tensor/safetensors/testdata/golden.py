"""Makes golden.safetensors and golden.json beside this file, or checks a file.

Run with safetensors 0.8.0 and numpy 2.4.6:
    python golden.py             makes them
    python golden.py check FILE  reads FILE as the reference does and prints it
"""
import json, pathlib, sys
import numpy as np
import safetensors
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(1)
tensors = {
    "model.embed.weight": rng.standard_normal((5, 3), dtype=np.float32),
    "model.norm": rng.standard_normal(7).astype(np.float16),
    "a.scalar": np.array(2.5, np.float32),
    "empty": np.zeros((0, 4), np.float64),
    "double": rng.standard_normal((2, 2)),
    "ids": np.array([[1, -2], [3, 2**31 - 1]], np.int32),
    "long": np.array([-2**63, 2**63 - 1], np.int64),
    "mask": np.array([True, False, True], np.bool_),
    "bytes": np.arange(5, dtype=np.uint8),
    "<é> \"quoted\" \\ & 漢": np.array([-1, 1], np.int16),
    "unsigned": np.array([0, 2**64 - 1], np.uint64),
}

if len(sys.argv) == 3 and sys.argv[1] == "check":
    with safetensors.safe_open(sys.argv[2], "np") as f:
        print(f.metadata())
        for name in sorted(f.keys()):
            t = f.get_tensor(name)
            print(name, t.dtype, t.shape, t.ravel()[:4])
    sys.exit()

save_file(tensors, here / "golden.safetensors", metadata={"format": "np"})
values = {name: [str(x) for x in t.ravel().tolist()] for name, t in tensors.items()}
(here / "golden.json").write_text(json.dumps(
    {"tool": "safetensors", "version": safetensors.__version__, "numpy": np.__version__, "values": values},
    indent=1, ensure_ascii=False) + "\n")
