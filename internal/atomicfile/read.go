package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// OpenRegular opens a file to read. What is none, such as a device that never ends or a
// pipe that nobody writes to, is an error, and a pipe is not waited for.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	return os.Open(path)
}

// ReadSmall reads a file of at most most bytes. What is no regular file is an
// error, and so is a file that is longer, before more of it is read.
func ReadSmall(path string, most int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, err // names the file
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s has more than %d bytes, which are too many for such a file", path, most)
	}
	return data, nil
}
