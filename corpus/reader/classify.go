package reader

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus/document"
)

// media are the types of content that documents are made of.
var media = map[string]document.Format{
	"text/html": document.HTML, "application/xhtml+xml": document.HTML,
	"text/plain": document.Text, "text/markdown": document.Markdown,
	"application/pdf": document.PDF, "application/epub+zip": document.EPUB,
}

// skipped are types that are counted by name; of these classes the first part
// is enough, and all others are counted together.
var (
	skipped = []string{
		"application/json", "application/javascript", "application/octet-stream", "application/xml",
		"application/rss+xml", "application/atom+xml", "application/zip", "text/css", "text/javascript",
		"text/xml", "text/calendar", "text/csv", "text/dns",
	}
	classes = []string{"image", "video", "audio", "font", "multipart", "message", "model"}
)

// classify sets format and charset by the declared type and, where that is
// missing or plainly wrong, by the content.
func (r *Record) classify(contentType string) error {
	essence, parameters, _ := strings.Cut(contentType, ";")
	essence = strings.ToLower(strings.TrimSpace(essence))
	if len(r.Content) == 0 {
		return &Skipped{r.Origin, "empty body"}
	}
	format, ok := media[essence]
	switch essence {
	case "", "application/octet-stream", "text/plain", "text/html", "unknown/unknown", "application/unknown":
		if f := sniff(r.Content, essence == ""); f != "" {
			format, ok = f, true
		}
	}
	if !ok {
		return &Skipped{r.Origin, "content type " + typeClass(essence)}
	}
	r.Format, r.Charset = format, charsetOf(parameters)
	return nil
}

// sniff recognizes formats by their beginning; text only where all is asked
// for.
func sniff(b []byte, all bool) document.Format {
	head := bytes.ToLower(bytes.TrimSpace(b[:min(len(b), 1024)]))
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	switch {
	case bytes.HasPrefix(head, []byte("%pdf-")):
		return document.PDF
	case bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")):
		return document.HTML
	case isEPUB(b):
		return document.EPUB
	case !all:
		return ""
	}
	switch essence, _, _ := strings.Cut(http.DetectContentType(b), ";"); essence {
	case "text/html":
		return document.HTML
	case "text/plain":
		return document.Text
	}
	return ""
}

// isEPUB looks for the uncompressed first entry that an EPUB begins with
// (OCF 3.3, 4.3).
func isEPUB(b []byte) bool {
	return len(b) >= 58 && string(b[:4]) == "PK\x03\x04" && string(b[30:58]) == "mimetypeapplication/epub+zip"
}

func typeClass(essence string) string {
	class, _, _ := strings.Cut(essence, "/")
	switch {
	case essence == "":
		return "missing"
	case slices.Contains(classes, class):
		return class
	case slices.Contains(skipped, essence):
		return essence
	}
	return "other"
}

// charsetOf finds the charset among the parameters of a content type.
func charsetOf(parameters string) string {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "charset") {
			value = strings.Trim(strings.TrimSpace(value), `"'`)
			return value[:min(len(value), 40)]
		}
	}
	return ""
}
