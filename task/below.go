package task

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// open opens a file that a row names, below the data directory or beside the task's
// file. A link in that directory may lead to where a data set is, since it is the
// user's own; links in the data set may not lead out of it, since its rows say which
// are followed.
func (t *Task) open(dataDir, name string) (path string, f *os.File, err error) {
	dir, below, err := t.place(dataDir, name)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, filepath.FromSlash(below))
	if first, rest, ok := strings.Cut(below, "/"); ok {
		dir, below = filepath.Join(dir, first), rest
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", nil, err
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(below)) // to open a pipe may take for ever
	if err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, errors.New("it is no file")
	}
	f, err = root.Open(filepath.FromSlash(below))
	return path, f, err
}
