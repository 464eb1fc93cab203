package epub

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/htmlindex"
	textunicode "golang.org/x/text/encoding/unicode"
)

// decode returns a chapter in UTF-8: as its byte order mark says, else its XML
// declaration.
func decode(content []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return content[3:], nil
	case bytes.HasPrefix(content, []byte("\xfe\xff")), bytes.HasPrefix(content, []byte("\xff\xfe")):
		return textunicode.UTF16(textunicode.LittleEndian, textunicode.UseBOM).NewDecoder().Bytes(content)
	}
	first, _, _ := bytes.Cut(content[:min(len(content), 200)], []byte("?>"))
	_, label, declared := bytes.Cut(first, []byte("encoding="))
	if !bytes.HasPrefix(first, []byte("<?xml")) || !declared || len(label) < 2 {
		return content, nil
	}
	name, _, _ := bytes.Cut(label[1:], label[:1])
	encoding, err := htmlindex.Get(string(name))
	if err != nil || strings.EqualFold(string(name), "utf-8") {
		return content, nil
	}
	return encoding.NewDecoder().Bytes(content)
}

// chapter appends the text of an XHTML file.
func (w *writer) chapter(content []byte) error {
	content, err := decode(content)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	begin := len(w.out)
	w.tokens(content, false)
	if len(w.out) == begin && !bytes.Contains(bytes.ToLower(content), []byte("<body")) {
		w.tokens(content, true)
	}
	return nil
}

// tokens reads markup piece by piece: its depth costs nothing.
func (w *writer) tokens(content []byte, body bool) {
	z := html.NewTokenizer(bytes.NewReader(content))
	z.AllowCDATA(true)
	w.reset(body)
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			w.endBlock()
			return
		case html.TextToken:
			if w.body && w.skip == "" {
				w.text(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			name := string(tag)
			drop := false
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				drop = drop || isDropped(string(key), string(value))
			}
			if kind == html.SelfClosingTagToken {
				z.NextIsNotRawText() // as <title/> of XHTML, which HTML has no end for
			}
			w.start(name, drop, kind == html.SelfClosingTagToken || isVoid(name))
		case html.EndTagToken:
			tag, _ := z.TagName()
			w.end(string(tag))
		}
	}
}

// isDropped says whether an attribute marks what is no text of the book.
func isDropped(key, value string) bool {
	switch key {
	case "epub:type", "role":
		for _, kind := range strings.Fields(value) {
			switch strings.TrimPrefix(kind, "doc-") {
			case "pagebreak", "toc", "pagelist", "page-list", "landmarks", "loi", "lot":
				return true
			}
		}
	case "hidden":
		return true
	}
	return false
}

func isVoid(name string) bool {
	switch atom.Lookup([]byte(name)) {
	case atom.Br, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Area, atom.Base, atom.Col, atom.Embed, atom.Param, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// text appends characters, with runs of space as one.
func (w *writer) text(t []byte) {
	if w.pre > 0 {
		w.preformatted(t)
		return
	}
	for len(t) > 0 {
		c, size := utf8.DecodeRune(t)
		switch {
		case unicode.IsSpace(c) && c != '\u00a0' || c == '\x00':
			w.space = true
		case c == utf8.RuneError && size == 1:
		default:
			w.open()
			if w.space && !w.fresh {
				w.out = append(w.out, ' ')
			}
			w.space, w.fresh = false, false
			w.out = append(w.out, t[:size]...)
		}
		t = t[size:]
	}
}

func (w *writer) preformatted(t []byte) {
	t = bytes.ToValidUTF8(bytes.ReplaceAll(t, []byte("\r\n"), []byte("\n")), nil)
	t = bytes.ReplaceAll(t, []byte{0}, nil)
	if w.gap != gapNone {
		t = bytes.TrimLeft(t, "\n")
	}
	if len(t) > 0 {
		w.open()
		w.space, w.fresh = false, false
		w.out = append(w.out, t...)
	}
}
