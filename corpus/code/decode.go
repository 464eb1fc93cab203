package code

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// decode returns a file's text in UTF-8, or why there is none.
func decode(content []byte) ([]byte, Reason) {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(content)
		if err != nil {
			return nil, IsBinary
		}
		content = text
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(content)) == 0:
		return nil, IsEmpty
	case isBinary(content):
		return nil, IsBinary
	case utf8.Valid(content):
		return content, ""
	case !isWestern(content):
		return nil, IsCharset
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(content)
	if err != nil {
		return nil, IsCharset
	}
	return text, ""
}

// isBinary says whether there is a NUL, or many of the control characters that
// texts do not have.
func isBinary(content []byte) bool {
	controls := 0
	for _, b := range content {
		switch {
		case b == 0:
			return true
		case b < ' ' && (b < '\t' || b > '\r') && b != 0x1b:
			controls++
		}
	}
	return controls*100 > len(content)
}

// isWestern says whether the bytes beyond ASCII can be the letters with accents
// of an old Western file: few, and mostly alone.
func isWestern(content []byte) bool {
	high, pairs := 0, 0
	for i, b := range content {
		if b >= utf8.RuneSelf {
			high++
			if i > 0 && content[i-1] >= utf8.RuneSelf {
				pairs++
			}
		}
	}
	return high*10 < len(content) && pairs*5 <= high
}
