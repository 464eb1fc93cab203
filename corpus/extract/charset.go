package extract

import "github.com/polymath-lm/polymath/corpus/charset"

// ErrBinary is the error for content that is no text in any charset.
var ErrBinary = charset.ErrBinary

// Plain returns content as valid UTF-8 without a byte order mark, and the
// charset that it was in, as charset.Text does.
func Plain(content []byte, declared string) (text []byte, name string, err error) {
	return charset.Text(content, declared)
}

// Charset returns the charset of content, as charset.Name does.
func Charset(content []byte, declared string) (string, error) {
	return charset.Name(content, declared)
}
