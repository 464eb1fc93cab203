package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/tensor"
)

// nextObject returns an object with the line that it begins on and the number of
// bytes after it, or io.EOF.
type nextObject func() (line int, object []byte, rest int, err error)

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\xef\xbb\xbf")

func isArray(data []byte) bool {
	data = bytes.TrimLeft(bytes.TrimPrefix(data, byteOrderMark), " \t\r\n")
	return len(data) > 0 && data[0] == '['
}

// Count returns the number of objects in the file at path, whatever they are; of
// an array that is damaged, of those before the damage.
func Count(path string) (n int64, err error) {
	m, err := tensor.Map(path)
	if err != nil {
		return 0, err
	}
	next, err := objects(m.Bytes())
	for ; err == nil; n++ {
		_, _, _, err = next()
	}
	return max(n-1, 0), m.Close()
}

// objects reads lines, or the elements of one array.
func objects(data []byte) (nextObject, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if isArray(data) {
		return elements(data)
	}
	line := 0
	return func() (int, []byte, int, error) {
		for len(data) > 0 {
			var text []byte
			text, data, _ = bytes.Cut(data, []byte("\n"))
			line++
			if text = bytes.TrimSpace(text); len(text) > 0 {
				return line, text, len(data), nil
			}
		}
		return line, nil, 0, io.EOF
	}, nil
}

// elements reads the elements of an array.
func elements(data []byte) (nextObject, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	line, counted := 1, 0
	return func() (int, []byte, int, error) {
		if !decoder.More() {
			if _, err := decoder.Token(); err != nil {
				return line, nil, 0, errors.New("the list does not end")
			}
			if rest := bytes.TrimSpace(data[decoder.InputOffset():]); len(rest) > 0 {
				return line, nil, 0, errors.New("something follows the list")
			}
			return line, nil, 0, io.EOF
		}
		var object json.RawMessage
		err := decoder.Decode(&object)
		end := int(decoder.InputOffset())
		begin := max(end-len(object), counted)
		line += bytes.Count(data[counted:begin], []byte("\n"))
		counted = begin
		return line, object, len(data) - end, err
	}, nil
}
