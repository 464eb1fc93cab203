package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/parquetfile"
	"github.com/polymath-lm/polymath/tensor"
)

// nextObject returns an object with the line that it begins on and the number of
// bytes after it, or io.EOF.
type nextObject func() (line int, object []byte, rest int64, err error)

// objectFile is a file of objects that is read. What next returned lasts until
// close.
type objectFile struct {
	next  nextObject
	size  int64
	array bool
	rows  int64 // of a Parquet file, whose lines are rows; else -1
	close func() error
}

// parquetMagic begins a Parquet file.
const parquetMagic = "PAR1"

// openObjects opens the file at path.
func openObjects(path string) (*objectFile, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	f := &objectFile{size: int64(len(m.Bytes())), rows: -1, close: m.Close}
	if bytes.HasPrefix(m.Bytes(), []byte(parquetMagic)) {
		err = f.openRows(m)
	} else {
		f.array = isArray(m.Bytes())
		f.next, err = objects(m.Bytes())
	}
	if err != nil {
		_ = m.Close() // the other error matters
		return nil, err
	}
	return f, nil
}

// openRows reads the rows of a Parquet file as objects.
func (f *objectFile) openRows(m *tensor.Mapping) error {
	r, err := parquetfile.OpenRows(bytes.NewReader(m.Bytes()), f.size)
	if err != nil {
		return err
	}
	f.rows = r.Len()
	row := 0
	f.next = func() (int, []byte, int64, error) {
		object, err := r.Next()
		row++
		rest := f.size - int64(float64(f.size)*float64(row)/float64(max(f.rows, 1)))
		return row, object, max(rest, 0), err
	}
	f.close = func() error {
		r.Close()
		return m.Close()
	}
	return nil
}

// where names an object for messages. Where lines may not tell, it has the number
// in the file too.
func (f *objectFile) where(path string, line, number int) string {
	if f.rows >= 0 {
		return fmt.Sprintf("%s:row %d: ", path, line)
	}
	if f.array {
		return fmt.Sprintf("%s:%d: object %d: ", path, line, number)
	}
	return fmt.Sprintf("%s:%d: ", path, line)
}

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\xef\xbb\xbf")

func isArray(data []byte) bool {
	data = bytes.TrimLeft(bytes.TrimPrefix(data, byteOrderMark), " \t\r\n")
	return len(data) > 0 && data[0] == '['
}

// Count returns the number of objects in the file at path, whatever they are; of
// an array that is damaged, of those before the damage.
func Count(path string) (n int64, err error) {
	f, err := openObjects(path)
	if err != nil {
		return 0, err
	}
	if f.rows >= 0 {
		return f.rows, f.close()
	}
	for ; err == nil; n++ {
		_, _, _, err = f.next()
	}
	return max(n-1, 0), f.close()
}

// objects reads lines, or the elements of one array.
func objects(data []byte) (nextObject, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if isArray(data) {
		return elements(data)
	}
	line := 0
	return func() (int, []byte, int64, error) {
		for len(data) > 0 {
			var text []byte
			text, data, _ = bytes.Cut(data, []byte("\n"))
			line++
			if text = bytes.TrimSpace(text); len(text) > 0 {
				return line, text, int64(len(data)), nil
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
	return func() (int, []byte, int64, error) {
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
		return line, object, int64(len(data) - end), err
	}, nil
}
