package secrets

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// How many bytes from its beginning a secret may reach.
const (
	near = 4 << 10
	far  = 16 << 10
)

// try looks for a secret of the rule at its key, text[at:end], unless a secret of a
// form of its own covers it.
func (w *worker) try(rule, at, end int) {
	if n := len(w.found); n > 0 && w.found[n-1].rule < len(rules) && w.found[n-1].start <= at && at < w.found[n-1].end {
		return
	}
	if rule == len(rules) {
		w.tryGeneric(rule, end)
		return
	}
	r := &rules[rule]
	if r.after {
		if start, quote := w.value(end); start > 0 {
			w.match(rule, start, quote)
		}
		return
	}
	for start := at; start >= max(0, at-r.back); start-- {
		if start < at && !printable(w.text[start]) {
			return
		}
		if isWord(w.text[start]) && wordBefore(w.text, start) {
			continue
		}
		if w.match(rule, start, 0) {
			return
		}
	}
}

// match adds the secret that the rule's form finds at start, if it finds one.
func (w *worker) match(rule, start int, quote byte) bool {
	r := &rules[rule]
	reach := near
	if r.long {
		reach = far
	}
	text := w.text[start:min(len(w.text), start+reach)]
	if r.may != nil {
		text = r.may(text)
	}
	if len(text) == 0 {
		return false
	}
	m := w.forms[rule].FindSubmatchIndex(text)
	if m == nil {
		return false
	}
	from, to := m[0], m[1]
	if len(m) > 2 {
		from, to = m[2], m[3]
	}
	value := text[from:to]
	if quote != 0 && (to >= len(text) || text[to] != quote) || wordAfter(text, to) && isWord(value[len(value)-1]) {
		return false
	}
	if entropy(value) < r.entropy || w.isExample(value) {
		return false
	}
	w.found = append(w.found, secret{start + from, start + to, rule})
	return true
}

// closed is text up to the end of the private key that its first line can begin, nil
// if none can: where another begins before, that one is tried. So texts of many
// beginnings are looked through once.
func closed(text []byte) []byte {
	const begin, line = "-----BEGIN ", 80
	if !bytes.Contains(text[:min(len(text), line)], []byte("PRIVATE KEY")) {
		return nil
	}
	end := bytes.Index(text, []byte("-----END "))
	if end < len(begin) || bytes.Contains(text[len(begin):end], []byte(begin)) {
		return nil
	}
	return text[:min(len(text), end+line)]
}

// dotted is text if the second part of a JSON web token follows the first, else nil.
func dotted(text []byte) []byte {
	i := 0
	for i < len(text) && (isWord(text[i]) || text[i] == '-') {
		i++
	}
	if bytes.HasPrefix(text[i:], []byte(".eyJ")) {
		return text
	}
	return nil
}

func isWord(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_'
}

func wordBefore(text []byte, at int) bool { return at > 0 && isWord(text[at-1]) }

func wordAfter(text []byte, end int) bool { return end < len(text) && isWord(text[end]) }

func printable(b byte) bool { return b > ' ' && b < 0x7f && b != '"' && b != '\'' }

// value is where the value begins that is assigned to the name that text[:end] is
// a beginning of, and the quote before it, if there is one; start is 0 if none is
// assigned.
func (w *worker) value(end int) (start int, quote byte) {
	text, i := w.text, end
	for ; i < len(text) && i-end < 40 && (isWord(text[i]) || text[i] == '-' || text[i] == '.'); i++ {
	}
	i = skip(text, i, "'\"]) \t")
	mark := i
	i = skip(text, i, ":=>")
	if size := i - mark; size == 0 || size > 3 || bytes.HasPrefix(text[mark:i], []byte("==")) || bytes.Equal(text[mark:i], []byte("::")) {
		return 0, 0
	}
	i = skip(text, i, " \t")
	if i < len(text) && (text[i] == '"' || text[i] == '\'' || text[i] == '`') {
		return i + 1, text[i]
	}
	return i, 0
}

// skip passes at most 8 bytes of a set.
func skip(text []byte, i int, set string) int {
	for n := 0; n < 8 && i < len(text) && strings.IndexByte(set, text[i]) >= 0; n++ {
		i++
	}
	return i
}

// tryGeneric looks for a key or a password that is assigned to a name.
func (w *worker) tryGeneric(rule, end int) {
	start, quote := w.value(end)
	if start == 0 {
		return
	}
	text, i := w.text, start
	for ; i < len(text) && i-start <= 200 && printable(text[i]) && strings.IndexByte("<>(){}[],;`\\", text[i]) < 0; i++ {
	}
	value := text[start:i]
	if quote != 0 && (i >= len(text) || text[i] != quote) {
		return
	}
	if quote == 0 && i < len(text) && text[i] > ' ' && text[i] != ',' && text[i] != ';' {
		return
	}
	longest := 8 // letters in a row; a name in code, which has no quotes, has more
	if quote == 0 {
		longest = 6
	}
	if looksRandom(value, longest) && !w.isExample(value) {
		w.found = append(w.found, secret{start, i, rule})
	}
}

// looksRandom says whether a value is a key or a strong password rather than a
// name, a path or an expression: it mixes digits and letters, with at most so many
// letters in a row.
func looksRandom(value []byte, most int) bool {
	if len(value) < 16 || len(value) > 200 || entropy(value) < 3.5 {
		return false
	}
	digits, run, longest, changes, other := 0, 0, 0, 0, 0
	kind := byte(0)
	for _, b := range value {
		k := byte('o')
		switch {
		case b >= '0' && b <= '9':
			k = 'd'
			digits++
		case b >= 'a' && b <= 'z':
			k = 'l'
		case b >= 'A' && b <= 'Z':
			k = 'u'
		case strings.IndexByte("/.:-_", b) >= 0:
			other++
		}
		if run++; k != kind {
			changes, run, kind = changes+1, 1, k
		}
		if k == 'l' || k == 'u' {
			longest = max(longest, run)
		}
	}
	return digits >= 2 && longest <= most && changes*4 >= len(value) && other*6 <= len(value)
}

// entropy is the bits for each byte of value, after Shannon, rounded so that
// machines agree.
func entropy(value []byte) float64 {
	bits := 0.0
	var count [256]int
	for _, b := range value {
		count[b]++
	}
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(value))
			bits -= float64(p * math.Log2(p))
		}
	}
	return float64(float32(bits))
}

// examples are what manuals write where a secret would stand.
var examples = []string{
	"example", "xxxx", "placeholder", "your", "dummy", "changeme", "redacted", "1234567890", "0123456789", "abcdefghij", "deadbeef", "${", "{{", "...", "****", "-----", "000000", "<",
}

// words are what manuals write for a password in an address.
var words = []string{"password", "passwd", "pass", "pwd", "secret", "token", "user", "guest", "admin", "test"}

// isExample says whether value is an example, or allowed by the options.
func (w *worker) isExample(value []byte) bool {
	lower := strings.ToLower(string(value[:min(len(value), 512)]))
	if strings.HasPrefix(lower, "-----begin") {
		return strings.Contains(lower, "...") || strings.Contains(lower, "xxxx")
	}
	if slices.Contains(words, lower) {
		return true
	}
	for _, list := range [][]string{examples, w.options.Allow} {
		for _, text := range list {
			if strings.Contains(lower, text) {
				return true
			}
		}
	}
	return false
}
