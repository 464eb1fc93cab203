package extract

import (
	"bytes"
	"strings"
)

// Markdown returns a Markdown file as it is but for the front matter, of which
// the plain values become the metadata, and comments of HTML, which go. Comments
// in code stay. declaredCharset is what came with the file, or "".
func Markdown(content []byte, declaredCharset string) (text []byte, meta map[string]string, err error) {
	content, _, err = Plain(content, declaredCharset)
	if err != nil {
		return nil, nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	body, meta := frontMatter(content)
	text = bytes.TrimSpace(withoutComments(body))
	if len(text) == 0 {
		return nil, meta, ErrEmpty
	}
	return append(text, '\n'), meta, nil
}

// frontMatter splits off the lines between two lines of --- or +++ at the start. Those
// of --- may be rules, and what is between them text, unless it has names and values.
func frontMatter(content []byte) (body []byte, meta map[string]string) {
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	fence := string(bytes.TrimRight(line, " \t\r"))
	if fence != "---" && fence != "+++" {
		return content, nil
	}
	separator := map[string]string{"---": ":", "+++": "="}[fence]
	meta, named, others := make(map[string]string), false, false
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		l := strings.TrimRight(string(line), " \t\r")
		if l == fence || fence == "---" && l == "..." {
			if fence == "---" && others && !named {
				return content, nil
			}
			return rest, meta
		}
		key, value, ok := strings.Cut(l, separator)
		switch {
		case l == "" || fence != "---":
		case strings.ContainsAny(l[:1], " \t#-[]{}"): // a comment, or a part of a value
			others = true
		case !ok || !isKey(key):
			return content, nil
		default:
			named = true
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		key = strings.ToLower(strings.TrimRight(key, " \t"))
		if ok && metaKeys[key] && value != "" && len(value) <= maxMeta && !strings.ContainsAny(value[:1], "[{|>&*") {
			meta[key] = value
		}
	}
	return content, nil // a line, not front matter
}

// isKey says whether front matter may have a value of that name: of one or two words.
func isKey(key string) bool {
	n := len(strings.Fields(key))
	return n > 0 && n <= 2 && len(key) <= 64
}

var metaKeys = map[string]bool{
	"title": true, "author": true, "date": true, "url": true, "language": true, "license": true, "description": true,
}

// withoutComments leaves out <!-- comments --> outside fenced code.
func withoutComments(text []byte) []byte {
	if !bytes.Contains(text, []byte("<!--")) {
		return text
	}
	out := make([]byte, 0, len(text))
	var fence []byte // that opened the code, nil outside
	for len(text) > 0 {
		line := firstLine(text)
		switch mark := fenceOf(line); {
		case mark == nil:
		case fence == nil:
			fence = mark
		case bytes.HasPrefix(mark, fence):
			fence = nil
		}
		for len(line) > 0 {
			i := bytes.Index(line, []byte("<!--"))
			if fence != nil || i < 0 {
				out = append(out, line...)
				text = text[len(line):]
				break
			}
			out = append(out, line[:i]...)
			end := bytes.Index(text[i:], []byte("-->"))
			if end < 0 {
				return append(out, text[i:]...) // no comment, as it does not end
			}
			end += i + 3
			if text = text[end:]; end <= len(line) {
				line = line[end:]
			} else {
				line = firstLine(text)
			}
		}
	}
	return out
}

// firstLine returns text up to its first line feed and with it.
func firstLine(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

// fenceOf returns the marks with which a line opens or closes code, or nil.
func fenceOf(line []byte) []byte {
	l := bytes.TrimLeft(line, " ")
	for _, mark := range []byte("`~") {
		n := 0
		for n < len(l) && l[n] == mark {
			n++
		}
		if n >= 3 && len(line)-len(l) < 4 {
			return l[:n]
		}
	}
	return nil
}
