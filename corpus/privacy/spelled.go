package privacy

import "bytes"

// spelledMail looks at the bracket at i for an address such as "ann [at] site
// [dot] org", and returns where to go on, or 0.
func (w *worker) spelledMail(i int) int {
	text := w.text
	host := inBrackets(text, i, "at")
	if host == 0 || !w.on[email] {
		return 0
	}
	name := i
	for name > w.last && i-name < 2 && text[name-1] == ' ' {
		name--
	}
	start := w.localPart(name)
	if start == name || class[text[name-1]]&alnum == 0 {
		return 0
	}
	domain, end := w.spelledDomain(host)
	if dot := bytes.LastIndexByte(domain, '.'); dot <= 0 || !labels(domain[:dot]) || !topLevel(domain[dot+1:]) {
		return 0
	}
	if !w.allowed(text[start:name], domain) {
		w.found(email, start, end)
	}
	return end
}

// spelledDomain reads a domain in which dots may be spelled, and returns it with
// dots, and its end.
func (w *worker) spelledDomain(i int) (domain []byte, end int) {
	text := w.text
	for len(domain) < maxDomain {
		from := i
		for i < len(text) && (class[text[i]]&alnum != 0 || text[i] == '-') {
			i++
		}
		if i == from {
			return nil, 0
		}
		domain, end = append(domain, text[from:i]...), i
		switch next := spelledDot(text, i); {
		case next > 0:
			i = next
		case i+1 < len(text) && text[i] == '.' && class[text[i+1]]&alnum != 0:
			i++
		default:
			return domain, end
		}
		domain = append(domain, '.')
	}
	return nil, 0
}

// spelledDot is the place behind a spelled dot at i, or 0.
func spelledDot(text []byte, i int) int {
	if i < len(text) && text[i] == ' ' {
		if bytes.HasPrefix(text[i:], []byte(" dot ")) || bytes.HasPrefix(text[i:], []byte(" DOT ")) {
			return i + 5
		}
		i++
	}
	return inBrackets(text, i, "dot")
}

// inBrackets is the place behind a word in brackets at i, and a space; 0 if it is
// not there.
func inBrackets(text []byte, i int, word string) int {
	end := i + len(word) + 1
	if end >= len(text) || text[i] != '(' && text[i] != '[' || !bytes.EqualFold(text[i+1:end], []byte(word)) || text[end] != ')' && text[end] != ']' {
		return 0
	}
	if end++; end < len(text) && text[end] == ' ' {
		end++
	}
	return end
}
