package epub

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// file is one of a book.
type file struct{ name, content string }

const container = `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`

const header = `<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/><script>var a = "<p>no</p>";</script></head><body>`

// pack writes a ZIP archive.
func pack(files ...file) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		entry, err := w.Create(f.name)
		if err != nil {
			panic(err)
		}
		_, _ = entry.Write([]byte(f.content))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// make packs a book of chapters, c0.xhtml and so on.
func makeBook(chapters ...string) []byte { return pack(bookFiles(chapters...)...) }

func bookFiles(chapters ...string) []file {
	manifest, spine := "", ""
	files := []file{{"mimetype", "application/epub+zip"}, {"META-INF/container.xml", container}, {"OEBPS/book.opf", ""}}
	for i, chapter := range chapters {
		manifest += fmt.Sprintf(`<item id="c%d" href="text/c%d.xhtml" media-type="application/xhtml+xml"/>`, i, i)
		spine += fmt.Sprintf(`<itemref idref="c%d"/>`, i)
		files = append(files, file{fmt.Sprintf("OEBPS/text/c%d.xhtml", i), header + chapter + "</body></html>"})
	}
	files[2].content = opf("", manifest, spine)
	return files
}

func opf(metadata, manifest, spine string) string {
	return `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/" version="3.0"><metadata>` +
		metadata + `</metadata><manifest>` + manifest + `</manifest><spine>` + spine + `</spine></package>`
}

func TestChapter(t *testing.T) {
	for _, c := range []struct{ name, markup, want string }{
		{"paragraphs", "<h1>One</h1><p>First  <em>line</em>\n  of it.</p><p>Next</p>", "One\n\nFirst line of it.\n\nNext\n"},
		{"entities", "<p>caf&eacute; &amp; &#8212; &unknown;</p>", "café & — &unknown;\n"},
		{"CDATA", "<p><![CDATA[1 < 2]]></p>", "1 < 2\n"},
		{"lines", "<p>Roses are red,<br/>violets are blue</p>", "Roses are red,\nviolets are blue\n"},
		{"list", "<p>a</p><ul><li>x</li><li><p>y</p><p>y2</p></li><li>z<ol><li>1</li><li>2</li></ol></li></ul><p>b</p>", "a\n\n- x\n- y\n\ny2\n- z\n  1. 1\n  2. 2\n\nb\n"},
		{"table", "<table><tr><th>h</th><th>i</th></tr><tr><td><p>1</p></td><td><p>2</p></td></tr><tr><td/><td>3</td></tr></table><p>b</p>", "h | i\n1 | 2\n3\n\nb\n"},
		{"pre", "<p>code:</p><pre>\n  a  b\n    c\n</pre><p>end</p>", "code:\n\n  a  b\n    c\n\nend\n"},
		{"notes", `<p>Text<a epub:type="noteref" href="#n">1</a>.</p><aside epub:type="footnote"><p>1. A note.</p></aside>`, "Text1.\n\n1. A note.\n"},
		{"page numbers", `<p>left <span epub:type="pagebreak" title="7">7</span>right<span role="doc-pagebreak"/></p>`, "left right\n"},
		{"navigation", `<nav epub:type="toc"><ol><li>no</li></ol></nav><section role="doc-toc"><section>no</section>no</section><p>yes</p>`, "yes\n"},
		{"scripts", `<script>no()</script><style>p{}</style><script src="x.js"/><p>yes</p><svg><title>no</title><text>no</text></svg>`, "yes\n"},
		{"ruby", "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp>字</ruby></p>", "漢字\n"},
		{"hidden", "<div hidden=\"hidden\">no<div>no</div></div><p>yes</p>", "yes\n"},
		{"unclosed", "<p>one<p>two<div>three", "one\n\ntwo\n\nthree\n"},
		{"strays", "</ul></pre></li></td><p>yes</p></body></html>", "yes\n"},
		{"inline", "<p>a<b> b</b> <i>c </i>d<span>e</span></p>", "a b c de\n"},
		{"bad UTF-8 and NUL", "<p>a\xffb\x00c</p>", "ab c\n"},
	} {
		text, _, err := Text(makeBook(c.markup))
		if err != nil || string(text) != c.want {
			t.Errorf("%s: %q, error %v; want %q", c.name, text, err, c.want)
		}
	}
}

func TestOrderIsThatOfTheSpine(t *testing.T) {
	files := bookFiles("<p>zero</p>", "<p>one</p>", "<p>two</p>")
	files[2].content = opf("",
		`<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>`+
			`<item id="a" href="text/c2.xhtml" media-type="application/xhtml+xml"/><item id="b" href="../OEBPS/./text/c0.xhtml#top" media-type="application/xhtml+xml"/>`+
			`<item id="c" href="text/a%20b.html" media-type="text/html"/><item id="pic" href="p.svg" media-type="image/svg+xml" fallback="d"/>`+
			`<item id="d" href="text/c1.xhtml" media-type="application/xhtml+xml"/><item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>`,
		`<itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/><itemref idref="a"/><itemref idref="c" linear="no"/><itemref idref="pic"/><itemref idref="gone"/><itemref idref="nobody"/>`)
	files = append(files, file{"OEBPS/nav.xhtml", "<p>no</p>"}, file{"OEBPS/text/a b.html", "<body>three"})
	text, meta, err := Text(pack(files...))
	if want := "two\n\nzero\n\nthree\n\none\n"; err != nil || string(text) != want {
		t.Errorf("%q, error %v; want %q", text, err, want)
	}
	if meta["missing_chapters"] != "1" {
		t.Errorf("metadata %v", meta)
	}
}

func TestMeta(t *testing.T) {
	files := bookFiles("<p>x</p>")
	files[2].content = strings.Replace(files[2].content, "<metadata>", `<metadata><dc:title>A
		Book</dc:title><dc:title>Its subtitle</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob &amp; Co</dc:creator><dc:language>en-GB</dc:language>
		<dc:date event="modification">2020</dc:date><dc:date event="publication">1851-10-18</dc:date><dc:rights>Public domain</dc:rights>`, 1)
	_, meta, err := Text(pack(files...))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"title": "A Book", "author": "Ann; Bob & Co", "language": "en-GB", "date": "1851-10-18", "license": "Public domain"}
	if fmt.Sprint(meta) != fmt.Sprint(want) {
		t.Errorf("metadata %v, want %v", meta, want)
	}
}

func TestCharsets(t *testing.T) {
	utf16 := []byte{0xff, 0xfe}
	for _, c := range "<html><body><p>naïve €</p></body></html>" {
		utf16 = append(utf16, byte(c), byte(c>>8))
	}
	for name, content := range map[string]string{
		"UTF-16":       string(utf16),
		"byte order":   "\xef\xbb\xbf<body>naïve €",
		"windows-1252": "<?xml version='1.0' encoding='windows-1252'?><body>na\xefve \x80</body>",
		"unknown":      "<?xml version='1.0' encoding='x-nobody'?><body>naïve €</body>",
	} {
		files := bookFiles("")
		files[3].content = content
		if text, _, err := Text(pack(files...)); err != nil || string(text) != "naïve €\n" {
			t.Errorf("%s: %q, error %v", name, text, err)
		}
	}
}

const encryption = `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">
<enc:EncryptedData><enc:EncryptionMethod Algorithm="%s"/><enc:CipherData><enc:CipherReference URI="OEBPS/x"/></enc:CipherData></enc:EncryptedData></encryption>`

func TestErrorsSayWhatIsWrong(t *testing.T) {
	whole := makeBook("<p>" + strings.Repeat("some text ", 500) + "</p>")
	spoilt := bytes.Clone(whole)
	spoilt[bytes.Index(spoilt, []byte("c0.xhtml"))+60] ^= 0x40
	locked := bytes.Clone(whole)
	for i := range locked { // the flag of encryption, in all headers
		if bytes.HasPrefix(locked[i:], []byte("PK\x03\x04")) {
			locked[i+6] |= 1
		}
		if bytes.HasPrefix(locked[i:], []byte("PK\x01\x02")) {
			locked[i+8] |= 1
		}
	}
	files := bookFiles("<p>x</p>")
	change := func(i int, content string) []byte {
		changed := append([]file(nil), files...)
		changed[i].content = content
		return pack(changed...)
	}
	for _, c := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"DRM", pack(append(files, file{"META-INF/encryption.xml", fmt.Sprintf(encryption, "http://www.w3.org/2001/04/xmlenc#aes128-cbc")})...), ErrEncrypted},
		{"locked archive", locked, ErrEncrypted},
		{"cut", whole[:len(whole)/2], ErrDamaged},
		{"spoilt", spoilt, ErrDamaged},
		{"no archive", []byte("hello"), ErrDamaged},
		{"nothing", nil, ErrDamaged},
		{"no book", pack(file{"a.txt", "hello"}), ErrDamaged},
		{"no package", pack(file{"META-INF/container.xml", container}), ErrDamaged},
		{"no chapters named", change(2, opf("", "", "")), ErrDamaged},
		{"no chapters there", pack(files[:3]...), ErrDamaged},
		{"images only", change(3, "<body><img src='x'/></body>"), ErrNoText},
		{"no chapters of text", change(2, opf("", `<item id="p" href="p.svg" media-type="image/svg+xml"/>`, `<itemref idref="p"/>`)), ErrNoText},
		{"package escapes", pack(file{"META-INF/container.xml", strings.Replace(container, "OEBPS/book.opf", "../../etc/book.opf", 1)}), ErrDamaged},
		{"deep", change(2, strings.Repeat("<a>", 1000)), ErrDamaged},
		{"expanding entities", change(2, `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><package><spine><itemref idref="&b;"/></spine></package>`), ErrNoText},
	} {
		text, meta, err := Text(c.content)
		if c.name == "expanding entities" && errors.Is(err, ErrDamaged) {
			continue // they are no entities that we know
		}
		if !errors.Is(err, c.want) || text != nil || meta != nil {
			t.Errorf("%s: error %v, text %q; want %v", c.name, err, text, c.want)
		}
	}
	if _, _, err := Text(pack(append(files, file{"META-INF/encryption.xml", fmt.Sprintf(encryption, "http://www.idpf.org/2008/embedding")})...)); err != nil {
		t.Errorf("error %v although only fonts are encrypted", err)
	}
}

func TestEscapingLinksAreNotFollowed(t *testing.T) {
	for link, want := range map[string]string{
		"c.xhtml": "OEBPS/c.xhtml", "./c.xhtml#x": "OEBPS/c.xhtml", "../c.xhtml": "c.xhtml", "/c.xhtml": "c.xhtml", "a%20b.xhtml": "OEBPS/a b.xhtml",
		"../../c.xhtml": "", "%2e%2e/%2e%2e/c.xhtml": "", "http://host/c.xhtml": "", "//host/c": "", "file:///etc/passwd": "", "": "", "#x": "", "100%.xhtml#x": "OEBPS/100%.xhtml",
	} {
		if got := resolve("OEBPS", link); got != want {
			t.Errorf("%s is %q, want %q", link, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	bomb := makeBook(strings.Repeat("<p>a</p>", 1<<17), strings.Repeat("<p>b</p>", 1<<17))
	if len(bomb) > 16<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	for name, change := range map[string]func(*limits){
		"entries": func(l *limits) { l.entries = 2 },
		"entry":   func(l *limits) { l.entry = 1 << 19 },
		"all":     func(l *limits) { l.all = 3 << 19 },
		"text":    func(l *limits) { l.text = 1 << 16 },
	} {
		l := defaultLimits
		change(&l)
		if _, _, err := read(bomb, l); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, _, err := read(bomb, defaultLimits); err != nil {
		t.Error(err)
	}
}

func TestNestingCostsNothing(t *testing.T) {
	text, _, err := Text(makeBook(strings.Repeat("<div><ul><li>", 200000) + "deep"))
	if err != nil || !strings.HasSuffix(string(text), "- deep\n") {
		t.Errorf("%.100q, error %v", text, err)
	}
}
