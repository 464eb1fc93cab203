package words

import (
	"bytes"
	"unicode/utf8"
)

// address reports whether a word is a web or mail address as a whole: an
// optional scheme, an optional user, a host with at least one dot and a last
// label of small letters, or four numbers; then port and path as may be. It
// follows the pattern of spacy/lang/tokenizer_exceptions.py.
func address(word []byte) bool {
	if bytes.IndexByte(word, '.') <= 0 {
		return false
	}
	if host(word) {
		return true
	}
	if i := bytes.Index(word, []byte("://")); i > 1 && scheme(word[:i]) && host(word[i+3:]) {
		return true
	}
	for i := 0; ; {
		n := bytes.IndexByte(word[i:], '@')
		if n < 0 {
			return false
		}
		if i += n + 1; i > 1 && host(word[i:]) {
			return true
		}
	}
}

func scheme(word []byte) bool {
	for i := 0; i < len(word); {
		k, size := at(word, i, len(word))
		if k&(letter|number) == 0 && bytes.IndexByte([]byte("_+-."), word[i]) < 0 {
			return false
		}
		i += size
	}
	return utf8.RuneCount(word) > 1
}

// The longest label of a host name, and of its last one.
const (
	maxLabel = 64
	maxLast  = 63
)

// host reports whether the word is a host name or number, with what may follow.
func host(word []byte) bool {
	i, dots, n := 0, 0, 0
	small, edge := true, false // of the label: only small letters; its last character may end it
	for i < len(word) {
		c := word[i]
		if c == '.' {
			if n == 0 || !edge || n > maxLabel {
				return false
			}
			dots, n, small, edge = dots+1, 0, true, false
			i++
			continue
		}
		k, size, label := kind(0), 1, false
		if c < utf8.RuneSelf {
			k = ascii[c]
			label = k&(letter|digit) != 0
		} else {
			var r rune
			r, size = utf8.DecodeRune(word[i:])
			k = kindOf(r)
			label = 0xa1 <= r && r <= 0xffff
		}
		if !label && (n == 0 || c != '-' && c != '_') {
			break
		}
		small = small && k&lower != 0
		edge = label
		n++
		i += size
	}
	if dots == 0 || n == 0 {
		return false
	}
	if small && 2 <= n && n <= maxLast && rest(word[i:]) {
		return true
	}
	return dots == 3 && numbers(word[:i]) && rest(word[i:])
}

// rest reports whether a port and a path, or nothing, is what follows a host.
func rest(word []byte) bool {
	if len(word) > 0 && word[0] == ':' {
		n := 1
		for n < len(word) && ascii[word[n]]&digit != 0 {
			n++
		}
		if n < 3 || n > 6 {
			return false
		}
		word = word[n:]
	}
	return len(word) == 0 || word[0] == '/' || word[0] == '?' || word[0] == '#'
}

// numbers reports whether the host is a public IPv4 address.
func numbers(word []byte) bool {
	var n [4]int
	for i, part := range bytes.Split(word, []byte(".")) {
		if i > 3 || len(part) == 0 || len(part) > 3 {
			return false
		}
		for _, c := range part {
			if ascii[c]&digit == 0 {
				return false
			}
			n[i] = 10*n[i] + int(c-'0')
		}
		if edge := i == 0 || i == 3; n[i] > 255 || edge && (n[i] == 0 || part[0] == '0') {
			return false
		}
	}
	private := n[0] == 10 || n[0] == 127 || n[0] == 169 && n[1] == 254 || n[0] == 192 && n[1] == 168 ||
		n[0] == 172 && 16 <= n[1] && n[1] <= 31
	return !private && n[0] <= 223 && n[3] <= 254
}
