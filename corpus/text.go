package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract"
	"github.com/polymath-lm/polymath/corpus/extract/epub"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
)

// extractStep is the name of the making of text in funnels.
const extractStep = "extract"

// text makes text of a record's content. A content that is sound and holds no
// text is a drop, one that cannot be read an error.
func (w *worker) text(ctx context.Context, r *reader.Record) (text []byte, meta map[string]string, drop *document.Drop, err error) {
	switch r.Format {
	case document.HTML:
		text, meta, err = extract.HTML(r.Content, r.Charset, r.Meta["url"])
	case document.Markdown:
		text, meta, err = extract.Markdown(r.Content, r.Charset)
	case document.PDF:
		text, meta, err = w.shared.pdfs.Text(ctx, r.Content)
	case document.EPUB:
		text, meta, err = epub.Text(r.Content)
	default:
		text, _, err = extract.Plain(r.Content, r.Charset)
	}
	if rule := noText(err); rule != "" {
		return nil, meta, &document.Drop{Filter: extractStep, Rule: rule}, nil
	}
	if err == nil && len(text) > document.MaxBytes {
		err = fmt.Errorf("the text has %d bytes, and a document %d at most", len(text), document.MaxBytes)
	}
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	return text, meta, nil, err
}

// noText names the reason for which a sound content has no text; "" for other
// errors, and for none.
func noText(err error) string {
	var limit *extract.LimitError
	switch {
	case errors.Is(err, extract.ErrEmpty):
		return "empty"
	case errors.Is(err, extract.ErrBinary):
		return "binary"
	case errors.As(err, &limit):
		return "too_large"
	case errors.Is(err, pdf.ErrNoText), errors.Is(err, epub.ErrNoText):
		return "no_text"
	case errors.Is(err, pdf.ErrEncrypted), errors.Is(err, epub.ErrEncrypted):
		return "encrypted"
	}
	return ""
}

// describe fills in what the source, the content and the recipe say about a
// document, the first of them that says something.
func (s *Source) describe(d *document.Document, r *reader.Record, found map[string]string) {
	d.Meta = boundedMeta(r.Meta)
	if len(found) > 0 || s.License != "" && d.Meta["license"] == "" {
		d.Meta = maps.Clone(d.Meta)
		if d.Meta == nil {
			d.Meta = map[string]string{}
		}
	}
	for key, value := range found {
		if d.Meta[key] == "" {
			d.Meta[key] = boundedText(value)
		}
	}
	if s.License != "" && d.Meta["license"] == "" {
		d.Meta["license"] = s.License
	}
	if d.Language = s.Language; d.Language == "" {
		d.Language = primary(d.Meta["language"])
	}
}

// Bounds of what is kept of a document's metadata.
const (
	maxMetaKeys  = 64
	maxMetaBytes = 16 << 10 // of one value
)

// boundedMeta returns meta as text that JSON can hold and that is not long: what
// is longer is cut, and of more keys the first in order stay.
func boundedMeta(meta map[string]string) map[string]string {
	sound := len(meta) <= maxMetaKeys
	for key, value := range meta {
		sound = sound && len(key)+len(value) <= maxMetaBytes && utf8.ValidString(key) && utf8.ValidString(value)
	}
	if sound {
		return meta
	}
	bounded := make(map[string]string, len(meta))
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if len(bounded) == maxMetaKeys {
			break
		}
		bounded[boundedText(key)] = boundedText(meta[key])
	}
	return bounded
}

func boundedText(s string) string {
	return string(cutText([]byte(strings.ToValidUTF8(s, "\uFFFD")), maxMetaBytes))
}

// primary is the first part of a language tag, if it is a code of two or three
// letters.
func primary(tag string) string {
	code, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if len(code) != 2 && len(code) != 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return code
}
