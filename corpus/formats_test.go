package corpus

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// smallPDF is a PDF of one page with these lines.
func smallPDF(lines []string) string {
	var stream strings.Builder
	stream.WriteString("BT /F1 12 Tf 50 750 Td 14 TL\n")
	for _, line := range lines {
		fmt.Fprintf(&stream, "(%s) Tj T*\n", line)
	}
	stream.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", stream.Len(), stream.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.String()
}

// smallEPUB is a book of one chapter.
func smallEPUB(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"mimetype", "application/epub+zip"},
		{"META-INF/container.xml", `<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`},
		{"b.opf", `<package version="3.0" xmlns="http://www.idpf.org/2007/opf" unique-identifier="i"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A Book</dc:title><dc:language>en</dc:language><dc:identifier id="i">1</dc:identifier></metadata><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>`},
		{"c.xhtml", `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>C</title></head><body><p>` + text + `</p></body></html>`},
	} {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPicturesOnly: a book of pictures is sound, and has no text.
func TestPicturesOnly(t *testing.T) {
	f := &fixture{dir: t.TempDir()}
	f.write(t, "in/a.epub", smallEPUB(t, `<img src="a.png"/>`))
	f.write(t, "in/a.txt", prose(1, 200))
	m := mustBuild(t, parse(t, fmt.Sprintf(`out: %s
sources: [{name: all, path: %s, max_bad: 0}]
tokenizer: {train: {vocab_size: 260}}
`, f.path("out"), f.path("in"))))
	if funnel := m.Sources[0].Funnel; funnel.Bad.Docs != 0 || funnel.Read.Docs != 2 || len(m.Sources[0].Samples["extract/no_text"]) != 1 {
		t.Errorf("%+v", funnel)
	}
}

// smallWARC has one page, one image and one request.
func smallWARC(html string) string {
	var b strings.Builder
	record := func(kind, contentType, uri, body string) {
		fmt.Fprintf(&b, "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: 2024-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:%s>\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n",
			kind, uri, kind, contentType, len(body), body)
	}
	record("request", "application/http; msgtype=request", "http://a.example/", "GET / HTTP/1.1\r\n\r\n")
	record("response", "application/http; msgtype=response", "http://a.example/", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"+html)
	record("response", "application/http; msgtype=response", "http://a.example/i", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG")
	return b.String()
}

// TestFormats takes one file of each kind through a build, and asks for what
// became of it.
func TestFormats(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the PDF reader")
	}
	dir := t.TempDir()
	f := &fixture{dir: filepath.Join(dir, "in")}
	lines := strings.Split(prose(1, 300), "\n")
	f.write(t, "all/book.pdf", smallPDF(lines))
	f.write(t, "all/scan.pdf", smallPDF(nil))
	f.write(t, "all/broken.pdf", "%PDF-1.4\nnothing of it is true")
	f.write(t, "all/book.epub", smallEPUB(t, prose(2, 200)))
	f.write(t, "all/notes.md", "---\ntitle: Notes\n---\n# Notes\n\n"+prose(3, 100))
	f.write(t, "all/page.html", "<html><body><article><p>"+prose(4, 120)+"</p></article></body></html>")
	f.write(t, "all/plain.txt", prose(5, 100))
	f.write(t, "all/latin1.txt", strings.Repeat("Der B\xe4r fri\xdft gr\xfcne \xc4pfel und tr\xe4umt s\xfc\xdf. ", 20))
	f.write(t, "all/crawl.warc", smallWARC("<html><body><article><p>"+prose(6, 120)+"</p></article></body></html>"))
	f.write(t, "tree/LICENSE", "MIT License")
	f.write(t, "tree/main.go", "package main\n\nfunc main() {\n\tprintln(\"hello, world\")\n}\n")
	f.write(t, "tree/.git/HEAD", "ref: refs/heads/main\n")
	m := mustBuild(t, parse(t, `
out: `+filepath.ToSlash(filepath.Join(dir, "out"))+`
sources:
  - {name: all, path: `+filepath.ToSlash(f.path("all"))+`, max_bad: 0.2, license: CC0-1.0}
  - {name: tree, path: `+filepath.ToSlash(f.path("tree"))+`, format: tree}
pipelines: {web: [unicode], text: [unicode], books: [pdf_lines, unicode], code: [code]}
tokenizer: {train: {vocab_size: 260}}
`))
	c, err := Open(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := map[string]string{}
	err = c.Each(t.Context(), true, func(d *Found) error {
		name := filepath.Base(d.Record.Meta["path"])
		if d.Record.Meta["path"] == "" {
			name = filepath.Base(d.Record.Origin.File)
		}
		switch {
		case d.Record.Bad != "":
			got[name] = "bad"
		case d.Record.Drop != nil:
			got[name] = d.Record.Drop.Filter + "/" + d.Record.Drop.Rule
		default:
			got[name] = string(d.Record.Format)
			if d.Source == "all" && d.Record.Meta["license"] != "CC0-1.0" {
				t.Errorf("%s has the license %q", name, d.Record.Meta["license"])
			}
		}
		if name == "latin1.txt" && !strings.HasPrefix(string(d.Text), "Der Bär frißt grüne Äpfel") {
			t.Errorf("%.60q", d.Text)
		}
		if name == "book.pdf" && !strings.Contains(strings.Join(strings.Fields(string(d.Text)), " "), strings.Join(strings.Fields(lines[2]), " ")) {
			t.Errorf("%q lacks %q", d.Text, lines[2])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"book.pdf": string(document.PDF), "scan.pdf": "extract/no_text", "broken.pdf": "bad", "book.epub": string(document.EPUB),
		"notes.md": string(document.Markdown), "page.html": string(document.HTML), "plain.txt": string(document.Text),
		"latin1.txt": string(document.Text), "crawl.warc": string(document.HTML), "main.go": string(document.Code),
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if n := len(m.Sources[0].Funnel.Skipped); n < 2 {
		t.Errorf("skipped: %v", m.Sources[0].Funnel.Skipped)
	}
}
