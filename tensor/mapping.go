package tensor

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
)

// Mapping is a file's content as bytes, read-only. Where the system allows it
// the file is mapped, so its pages are read when touched and shared between
// processes; elsewhere it is read into memory.
//
// Goroutines may share a Mapping. While it is open nobody may truncate the
// file: touching a page that is gone ends the program. (Files written by
// internal/atomicfile are replaced, never truncated.)
type Mapping struct {
	data  []byte
	unmap func([]byte) error // nil when data is ordinary memory
}

// Map opens the file at path.
func Map(path string) (*Mapping, error) {
	info, err := os.Stat(path) // before it is opened: a pipe that nobody writes to would wait
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "map", Path: path, Err: errors.New("not a regular file")}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // a mapping outlives its descriptor
	info, err = file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() == 0:
		return &Mapping{}, nil
	case info.Size() > math.MaxInt:
		return nil, &fs.PathError{Op: "map", Path: path, Err: errors.New("larger than the address space")}
	}
	data, unmap, err := mapFile(file, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return &Mapping{data: data, unmap: unmap}, nil
}

// Bytes returns the content. It must not be written to, nor used after Close.
func (m *Mapping) Bytes() []byte { return m.data }

// Close ends the mapping; closing again does nothing.
func (m *Mapping) Close() error {
	data, unmap := m.data, m.unmap
	m.data, m.unmap = nil, nil
	if unmap == nil {
		return nil
	}
	return unmap(data)
}
