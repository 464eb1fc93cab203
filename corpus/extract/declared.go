package extract

import (
	"bytes"
	"unicode/utf8"
)

const headBytes = 4096 // of a page, in which it says its charset

// charsetOf returns the charset that a page is declared to be in: what came with
// it, or what it says itself. Pages that are valid UTF-8 are in UTF-8, whatever
// they say themselves.
func charsetOf(page []byte, declared string) string {
	if declared != "" {
		return declared
	}
	said := metaCharset(page[:min(len(page), headBytes)])
	if said != "" && utf8.Valid(page) {
		return "utf-8"
	}
	return said
}

// metaCharset returns the charset in the meta elements of the start of a page.
func metaCharset(head []byte) string {
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 {
			return ""
		}
		head = head[i+1:]
		if !hasFold(head, "meta") {
			continue
		}
		end := bytes.IndexByte(head, '>')
		if end < 0 {
			return ""
		}
		for rest := head[:end]; len(rest) > 0; rest = rest[1:] {
			if !hasFold(rest, "charset") {
				continue
			}
			value, ok := bytes.CutPrefix(bytes.TrimLeft(rest[len("charset"):], " \t\r\n"), []byte("="))
			if !ok {
				continue
			}
			value = bytes.TrimLeft(value, " \t\r\n\"'")
			if n := bytes.IndexAny(value, " \t\r\n\"';/"); n >= 0 {
				value = value[:n]
			}
			return string(value)
		}
	}
}
