package reader

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// escaped is the characters that escapes of one character stand for.
var escaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unquoteValid returns the text of a JSON string that the parser has read, in
// memory of its own, from one backslash to the next and not character by
// character. It gives up, and returns false, where bytes are no UTF-8 or escapes
// make none.
func unquoteValid(value jsontext.Value) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || !utf8.Valid(value) {
		return nil, false
	}
	src := value[1 : len(value)-1]
	dst := make([]byte, 0, len(src))
	for {
		n := bytes.IndexByte(src, '\\')
		if n < 0 {
			return append(dst, src...), true
		}
		if n+1 == len(src) {
			return nil, false
		}
		dst = append(dst, src[:n]...)
		src = src[n:]
		if c := escaped[src[1]]; c != 0 {
			dst, src = append(dst, c), src[2:]
			continue
		}
		run := codes(src)
		var err error
		if dst, err = appendCodes(dst, src[:run]); run == 0 || err != nil {
			return nil, false
		}
		src = src[run:]
	}
}

// codes is the length of the escapes like \u00e9 at the start: some make one
// character together.
func codes(src []byte) int {
	const length = 6
	n := 0
	for len(src)-n >= length && src[n] == '\\' && src[n+1] == 'u' {
		n += length
	}
	return n
}

// appendCodes appends what such escapes stand for.
func appendCodes(dst, escapes []byte) ([]byte, error) {
	var memory [32]byte
	quoted := append(memory[:0], '"')
	quoted = append(append(quoted, escapes...), '"')
	return jsontext.AppendUnquote(dst, quoted)
}
