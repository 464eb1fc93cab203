"""Writes the text of every PDF in a directory beside it, as pypdf reads it, for
TestPeer:

    pip install 'pypdf[crypto]'
    python peer.py DIR && POLYMATH_PDF=DIR go test ./corpus/extract/pdf -run TestPeer -v
"""

import pathlib
import sys

import pypdf

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.pdf")):
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    except Exception as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        continue
    path.with_name(path.name + ".txt").write_text("\n".join(pages), encoding="utf-8", errors="replace")
