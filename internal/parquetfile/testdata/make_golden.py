"""Writes the golden files of internal/parquetfile: tables with groups and lists, and
what pyarrow reads in them.

Made with pyarrow 26.0.1, Python 3.11:

    python make_golden.py
"""
import base64
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))

picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
schema = pa.schema([
    ("id", pa.int64()),
    ("score", pa.float64()),
    ("small", pa.float32()),
    ("yes", pa.bool_()),
    ("text", pa.string()),
    ("image", picture),
    ("raw", pa.binary()),
    ("images", pa.list_(picture)),
    ("messages", pa.list_(pa.struct([
        ("role", pa.string()),
        ("content", pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())]))),
    ]))),
    ("nested", pa.list_(pa.list_(pa.int32()))),
])


def row(i):
    data = bytes([0x89, 0x50, i, 0xff])
    one = {"bytes": data, "path": f"{i}.png"}
    return {
        "id": i - 3,
        "score": i / 4 if i % 5 else float("nan"),
        "small": 0.5 * i,
        "yes": None if i % 3 == 0 else i % 3 == 1,
        "text": None if i % 7 == 0 else f"Zeile {i} <image> ä",
        "image": None if i % 4 == 0 else {"bytes": None, "path": "x"} if i % 4 == 1 else one,
        "raw": data if i % 2 else b"plain",
        "images": None if i % 6 == 5 else [one, None, {"bytes": b"", "path": None}][: i % 4],
        "messages": [
            {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "hi"}][: i % 3]},
            {"role": "assistant", "content": None if i % 2 else [{"type": "text", "text": "ho"}]},
        ][: (i + 1) % 3],
        "nested": None if i % 9 == 8 else [[], [1, i], None, [None]][: i % 5],
    }


def plain(name, v):
    """What a row is as JSON: bytes in base64, or an object with them."""
    if isinstance(v, dict):
        return {k: plain(k, x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(name, x) for x in v]
    if isinstance(v, bytes):
        if name == "bytes":
            return base64.b64encode(v).decode()
        try:
            return v.decode()
        except UnicodeDecodeError:
            return {"bytes": base64.b64encode(v).decode()}
    if isinstance(v, float) and v != v:
        return None
    return v


def main():
    rows = [row(i) for i in range(60)]
    table = pa.Table.from_pylist(rows, schema=schema)
    for name, options in {
        "snappy-v1": {"compression": "snappy"},
        "zstd-v2": {"compression": "zstd", "data_page_version": "2.0", "data_page_size": 64, "row_group_size": 17},
        "none-small": {"compression": "none", "use_dictionary": False, "data_page_size": 32, "row_group_size": 23},
        "old-lists": {"compression": "gzip", "use_compliant_nested_type": False},
    }.items():
        path = os.path.join(HERE, name + ".parquet")
        pq.write_table(table, path, **options)
        again = pq.read_table(path).to_pylist()
        assert json.dumps(plain("", again)) == json.dumps(plain("", rows)), name
    with open(os.path.join(HERE, "rows.json"), "w") as f:
        json.dump(plain("", rows), f, indent=0, ensure_ascii=False)
        f.write("\n")


main()
