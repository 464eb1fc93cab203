package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// maker writes PDF files, by ISO 32000-1.
type maker struct {
	objects []string // number 1 on
	trailer string   // more entries of the trailer
}

// add returns the number of a new object.
func (m *maker) add(object string) int {
	m.objects = append(m.objects, object)
	return len(m.objects)
}

// stream adds a stream with that dictionary, packed.
func (m *maker) stream(dictionary string, content []byte) int {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(content)
	_ = w.Close()
	return m.add(fmt.Sprintf("<< %s /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", dictionary, packed.Len(), packed.Bytes()))
}

// bytes writes the file, whose catalog is that object.
func (m *maker) bytes(catalog int) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(m.objects))
	for i, object := range m.objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(m.objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(m.objects)+1, catalog, m.trailer, xref)
	return out.Bytes()
}

// document adds pages with those content streams, and the catalog.
func (m *maker) document(contents ...string) (catalog int) {
	font := m.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	pages := len(m.objects) + 2*len(contents) + 1
	var kids []string
	for _, content := range contents {
		stream := m.stream("", []byte(content))
		page := m.add(fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 %d 0 R >> >> >>", pages, stream, font))
		kids = append(kids, fmt.Sprintf("%d 0 R", page))
	}
	m.add(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(contents)))
	return m.add(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R >>", pages))
}

// column is a content stream with lines of text from a place on.
func column(x, y int, lines ...string) string {
	text := fmt.Sprintf("BT /F1 11 Tf 14 TL %d %d Td\n", x, y)
	for _, line := range lines {
		line = strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(line)
		text += "(" + line + ") Tj T*\n"
	}
	return text + "ET\n"
}

// simple is a file with those pages of lines.
func simple(pages ...[]string) []byte {
	var m maker
	var contents []string
	for _, lines := range pages {
		contents = append(contents, column(72, 700, lines...))
	}
	return m.bytes(m.document(contents...))
}
