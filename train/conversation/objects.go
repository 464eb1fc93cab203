package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/parquetfile"
	"github.com/polymath-lm/polymath/internal/records"
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

// openObjects opens the file at path, which may be packed.
func openObjects(path string) (*objectFile, error) {
	data, done, err := mapUnpacked(path)
	if err != nil {
		return nil, err
	}
	f := &objectFile{size: int64(len(data)), rows: -1, close: done}
	if bytes.HasPrefix(data, []byte(parquetMagic)) {
		err = f.openRows(data)
	} else {
		f.array = isArray(data)
		f.next, err = objects(data)
	}
	if err != nil {
		_ = done() // the other error matters
		return nil, err
	}
	return f, nil
}

// mapUnpacked returns the bytes of a file, which last until done.
func mapUnpacked(path string) (data []byte, done func() error, err error) {
	m, err := tensor.Map(path)
	if err != nil {
		return nil, nil, err
	}
	if !records.IsPacked(path) {
		return m.Bytes(), m.Close, nil
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	source, end, err := records.Unpack(path, bytes.NewReader(m.Bytes()))
	if err != nil {
		return nil, nil, err
	}
	defer end()
	data, err = io.ReadAll(source)
	return data, func() error { return nil }, err
}

// Each calls each with the objects of the file at path, in the file's order, and
// where they are, as "file:line: ". A file has one object a line, or is one list of
// objects, or a Parquet file; one whose name ends in .gz or .zst is unpacked. What
// object holds lasts until each returns. An error from each ends the work.
func Each(path string, each func(where string, object []byte) error) (err error) {
	f, err := openObjects(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.close()) }()
	for number := 1; ; number++ {
		line, object, _, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		where := f.where(path, line, number)
		if err != nil {
			return fmt.Errorf("%s%w", where, err)
		}
		if err := each(where, object); err != nil {
			return err
		}
	}
}

// openRows reads the rows of a Parquet file as objects.
func (f *objectFile) openRows(data []byte) error {
	r, err := parquetfile.OpenRows(bytes.NewReader(data), f.size)
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
	done := f.close
	f.close = func() error {
		r.Close()
		return done()
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
