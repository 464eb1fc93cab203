"""Writes the text of every EPUB book in a directory beside it, by ebooklib and
Beautiful Soup, for TestPeer:

    pip install ebooklib beautifulsoup4
    python peer.py DIR && POLYMATH_EPUB=DIR go test ./corpus/extract/epub -run TestPeer -v
"""

import pathlib
import sys

import ebooklib.epub
from bs4 import BeautifulSoup

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.epub")):
    try:
        book = ebooklib.epub.read_epub(path)
    except KeyError as error:  # a picture that the archive does not have
        print(f"{path.name}: {error}", file=sys.stderr)
        continue
    chapters = []
    contents = {item["href"] for item in book.guide if item.get("type") == "toc"}
    for identifier, _ in book.spine:
        item = book.get_item_with_id(identifier)
        if isinstance(item, ebooklib.epub.EpubNav) or item.file_name in contents:
            continue
        body = BeautifulSoup(item.content, "html.parser").find("body")
        for unwanted in body.find_all(["script", "style", "nav", "svg", "rt", "rp"]):
            unwanted.decompose()
        chapters.append(body.get_text("\n"))
    path.with_name(path.name + ".txt").write_text("\n".join(chapters), encoding="utf-8")
