package epub

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzChapter reads any markup as a chapter: UTF-8 comes out, not much more than
// went in.
func FuzzChapter(f *testing.F) {
	for _, seed := range []string{
		"<h1>One</h1><p>First <em>line</em></p><ul><li>x<ol><li>1</li></ol></li></ul>", "<pre>\n a\n</pre><table><tr><td>1</td></tr></table>",
		"<?xml version='1.0' encoding='utf-16'?><body>", "\xff\xfe<\x00p\x00>\x00", "<script/><nav><nav></nav>", "</p></ul><li></li>&amp;&#0;<![CDATA[x]]>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, markup []byte) {
		var w writer
		if err := w.chapter(markup); err != nil {
			return
		}
		if !utf8.Valid(w.out) || bytes.IndexByte(w.out, 0) >= 0 {
			t.Errorf("text %q", w.out)
		}
		if len(w.out) > 64*len(markup)+64 {
			t.Errorf("%d bytes became %d", len(markup), len(w.out))
		}
	})
}

// FuzzText changes a whole book.
func FuzzText(f *testing.F) {
	f.Add(makeBook("<p>one</p>", "<p>two</p>"), "")
	f.Add(makeBook("<p>one</p>"), opf("<dc:title>x</dc:title>", `<item id="c0" href="text/c0.xhtml" media-type="text/html"/>`, `<itemref idref="c0"/>`))
	small := limits{entries: 100, entry: 1 << 20, all: 2 << 20, text: 1 << 20}
	f.Fuzz(func(t *testing.T, content []byte, document string) {
		if document != "" {
			files := bookFiles("<p>one</p>")
			files[2].content = document
			content = pack(files...)
		}
		text, meta, err := read(content, small)
		if err != nil {
			if text != nil || meta != nil {
				t.Errorf("text with error %v", err)
			}
			return
		}
		if !utf8.Valid(text) || len(strings.TrimSpace(string(text))) == 0 {
			t.Errorf("text %q", text)
		}
	})
}
