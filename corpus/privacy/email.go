package privacy

import (
	"bytes"
	"strings"
)

// Limits of RFC 5321.
const (
	maxLocal  = 64
	maxDomain = 253
)

// mail looks at the @ at i and returns where to go on, or 0.
func (w *worker) mail(i int) int {
	if !w.on[email] {
		return 0
	}
	start, end := w.localPart(i), w.domain(i+1)
	if start == i || end == 0 {
		return 0
	}
	if w.allowed(w.text[start:i], w.text[i+1:end]) {
		return end
	}
	w.found(email, start, end)
	return end
}

// localPart is where the part before the @ at i begins; i if there is none.
// Marks that also enclose an address in prose do not begin it.
func (w *worker) localPart(i int) int {
	text, start := w.text, i
	for start > w.last {
		if b := text[start-1]; class[b]&local != 0 {
			start--
		} else if start-2 >= w.last && latin(text[start-2], b) {
			start -= 2
		} else {
			break
		}
	}
	// Only what is a word somewhere can be a name; a key=value or a path before it
	// is not part of it.
	if at := bytes.LastIndexAny(text[start:i], "/=?&|`{}'*#!$^~"); at >= 0 {
		start += at + 1
	}
	for start < i && class[text[start]]&alnum == 0 && text[start] != '_' && text[start] < 0x80 {
		start++
	}
	if i-start > maxLocal || start < i && text[i-1] == '.' || bytes.Contains(text[start:i], []byte("..")) {
		return i
	}
	return start
}

// latin says whether two bytes are one letter of the Latin script beyond ASCII.
func latin(a, b byte) bool {
	return a >= 0xc3 && a <= 0xc9 && b >= 0x80 && b < 0xc0 && !(a == 0xc3 && (b == 0x97 || b == 0xb7)) // not the signs of times and division
}

// domain is where the domain that begins at i ends; 0 if there is none with a
// name for its last part that can be a top-level domain.
func (w *worker) domain(i int) int {
	text, end := w.text, i
	for end < len(text) {
		if class[text[end]]&mailDomain != 0 {
			end++
		} else if end+1 < len(text) && latin(text[end], text[end+1]) {
			end += 2
		} else {
			break
		}
	}
	for end > i && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	name := text[i:end]
	dot := bytes.LastIndexByte(name, '.')
	if dot <= 0 || len(name) > maxDomain || !labels(name[:dot]) || !topLevel(name[dot+1:]) {
		return 0
	}
	return end
}

func labels(name []byte) bool {
	for label := range bytes.SplitSeq(name, []byte{'.'}) {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// topLevel says whether name can be a top-level domain: two letters or more, and
// no ending of a file's name such as that of "icon@2x.png".
func topLevel(name []byte) bool {
	if len(name) < 2 || len(name) > 24 {
		return false
	}
	if bytes.HasPrefix(name, []byte("xn--")) {
		return true
	}
	for _, b := range name {
		if class[b]&letter == 0 && b < 0x80 {
			return false
		}
	}
	switch strings.ToLower(string(name)) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "html", "json", "xml", "pdf", "txt", "service", "target", "socket", "timer", "mount":
		return false
	}
	return true
}

// allowed says whether an address stays.
func (w *worker) allowed(local, domain []byte) bool {
	if len(w.allow) == 0 {
		return false
	}
	name, host := strings.ToLower(string(local)), strings.ToLower(string(domain))
	if w.allow[name+"@"] || w.allow[name+"@"+host] {
		return true
	}
	for {
		if w.allow[host] {
			return true
		}
		dot := strings.IndexByte(host, '.')
		if dot < 0 {
			return false
		}
		host = host[dot+1:]
	}
}
