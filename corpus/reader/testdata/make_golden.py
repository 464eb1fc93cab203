"""Writes the golden files of corpus/reader.

Made with warcio 1.8.1, pyarrow 26.0.1, brotli 1.2.1, zstandard 0.25.0, Python 3.11:

    python make_golden.py            # the files beside this script
    python make_golden.py FILE...    # what warcio reads in other web archives, for real_golden.tsv
"""
import gzip
import hashlib
import io
import json
import os
import sys
import zlib

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

HERE = os.path.dirname(os.path.abspath(__file__))


class Brotli:
    """What warcio wants of a decompressor; it sets attributes that brotli's own no longer allows."""

    unused_data = None

    def __init__(self):
        self.z = brotli.Decompressor()

    def decompress(self, data):
        return self.z.process(data)

    def flush(self):
        return b""


BufferedReader.DECOMPRESSORS["br"] = Brotli


def page(n):
    text = " ".join(f"word{i * n % 97}" for i in range(40))
    return f"<!doctype html><html><head><title>Page {n}</title></head><body><p>{text}</p></body></html>".encode()


def chunked(body, size):
    out = b""
    for i in range(0, len(body), size):
        part = body[i:i + size]
        out += b"%x\r\n%s\r\n" % (len(part), part)
    return out + b"0\r\n\r\n"


def raw_deflate(body):
    z = zlib.compressobj(wbits=-15)
    return z.compress(body) + z.flush()


def write_pages(path, version, packed):
    with open(path, "wb") as f:
        w = WARCWriter(f, gzip=packed, warc_version=version)
        ids = iter(range(1000))

        def add(kind, url, body, content_type, headers=None, status="200 OK"):
            fixed = {
                "WARC-Date": "2024-02-0%dT10:20:30Z" % (1 + next(ids) % 9),
                "WARC-Record-ID": "<urn:uuid:00000000-0000-4000-8000-%012d>" % next(ids),
            }
            http = None
            if headers is not None:
                http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
            w.write_record(w.create_warc_record(
                url, kind, payload=io.BytesIO(body), warc_content_type=content_type,
                warc_headers_dict=fixed, http_headers=http))

        info = w.create_warcinfo_record("pages.warc", {"software": "make_golden.py"})
        info.rec_headers.replace_header("WARC-Date", "2024-02-01T00:00:00Z")
        info.rec_headers.replace_header("WARC-Record-ID", "<urn:uuid:00000000-0000-4000-8000-999999999999>")
        w.write_record(info)
        http = "application/http; msgtype=response"
        html = ("Content-Type", "text/html; charset=utf-8")
        add("request", "http://a.example/1", b"", "application/http; msgtype=request",
            [("Host", "a.example")], "GET /1 HTTP/1.1")
        add("response", "http://a.example/1", page(1), http, [html])
        add("response", "http://a.example/2", gzip.compress(page(2), mtime=0), http, [html, ("Content-Encoding", "gzip")])
        add("response", "http://a.example/3", zlib.compress(page(3)), http, [html, ("Content-Encoding", "deflate")])
        add("response", "http://a.example/4", raw_deflate(page(4)), http, [html, ("Content-Encoding", "deflate")])
        add("response", "http://a.example/5", brotli.compress(page(5)), http, [html, ("Content-Encoding", "br")])
        add("response", "http://a.example/6", chunked(page(6), 100), http, [html, ("Transfer-Encoding", "chunked")])
        add("response", "http://a.example/7", chunked(gzip.compress(page(7), mtime=0), 37), http,
            [html, ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")])
        add("response", "http://a.example/8", page(8), http, [html, ("Transfer-Encoding", "chunked")])
        add("response", "http://a.example/9", "Grüße aus Köln".encode("latin-1"), http,
            [("Content-Type", 'text/plain; charset="iso-8859-1"')])
        add("response", "http://a.example/logo.png", b"\x89PNG\r\n\x1a\n" + bytes(64), http, [("Content-Type", "image/png")])
        add("response", "http://a.example/gone", page(10), http, [html], "404 Not Found")
        add("metadata", "http://a.example/1", b"fetchTimeMs: 12\r\n", "application/warc-fields")
        add("resource", "file:///notes.txt", b"Notes of a resource.\n", "text/plain")
        add("conversion", "http://a.example/1", b"Text of page one.\n", "text/plain")
        add("response", "http://a.example/paper", b"%PDF-1.4\n% nothing\n", http, [("Content-Type", "application/octet-stream")])


def warc_rows(path):
    rows = []
    with open(path, "rb") as f:
        it = ArchiveIterator(f)
        for r in it:
            body = r.content_stream().read()
            rows.append({
                "offset": it.get_record_offset(),
                "type": r.rec_type,
                "url": r.rec_headers.get_header("WARC-Target-URI") or "",
                "date": r.rec_headers.get_header("WARC-Date") or "",
                "status": r.http_headers.get_statuscode() if r.http_headers and r.rec_type == "response" else "",
                "content_type": (r.http_headers.get_header("Content-Type") if r.http_headers else None) or "",
                "sha256": hashlib.sha256(body).hexdigest(),
            })
    return rows


def write_parquet():
    n = 40
    texts = [None if i % 11 == 5 else f"Row {i}: " + "lorem ipsum " * (i % 7) + "né ü 漢字" for i in range(n)]
    table = pa.table({
        "id": pa.array(range(n), pa.int64()),
        "text": pa.array(texts, pa.string()),
        "url": pa.array([f"http://b.example/{i % 5}" for i in range(n)], pa.string()),
        "language": pa.array([None if i % 3 == 0 else "en" for i in range(n)], pa.string()).dictionary_encode(),
        "metadata": pa.array([None if i % 9 == 8 else {"license": "CC0" if i % 2 else None, "score": i / 4} for i in range(n)],
                             pa.struct([("license", pa.string()), ("score", pa.float64())])),
        "tags": pa.array([["a"] * (i % 3) for i in range(n)], pa.list_(pa.string())),
    })
    for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
        for version, dictionary in [("1.0", True), ("2.0", False)]:
            pq.write_table(table, f"{HERE}/{codec}-v{version[0]}.parquet", compression=codec, data_page_version=version,
                           use_dictionary=dictionary, row_group_size=16, data_page_size=200, write_batch_size=4,
                           store_schema=False)
    rows = table.to_pylist()
    for r in rows:
        del r["tags"]
    with open(f"{HERE}/parquet_golden.json", "w") as f:
        json.dump(rows, f, ensure_ascii=False, indent=0)


def main():
    if len(sys.argv) > 1:
        for path in sys.argv[1:]:
            for r in warc_rows(path):
                print(os.path.basename(path), r["offset"], r["type"], r["status"] or "-", r["content_type"] or "-", r["sha256"], sep="\t")
        return
    write_pages(f"{HERE}/pages.warc", "1.0", False)
    write_pages(f"{HERE}/pages.warc.gz", "1.1", True)
    with open(f"{HERE}/warc_golden.json", "w") as f:
        json.dump({name: warc_rows(f"{HERE}/{name}") for name in ["pages.warc", "pages.warc.gz"]}, f, indent=1)
    write_parquet()


main()
