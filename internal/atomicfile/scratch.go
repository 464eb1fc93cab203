package atomicfile

import (
	"crypto/rand"
	"path/filepath"
)

// Scratch is a file that a program writes and reads while it runs, and that is
// gone afterwards. RemoveLeftovers finds those of a killed program. A Scratch
// must not be used by several goroutines at a time.
type Scratch struct {
	Handle
	path string
	sys  System
}

// CreateScratch makes an empty one in dir, which must exist.
func CreateScratch(dir string) (*Scratch, error) {
	sys := system()
	path := filepath.Join(dir, ".scratch"+tempMark+rand.Text()[:12])
	h, err := sys.Create(path, 0o600)
	if err != nil {
		return nil, err
	}
	return &Scratch{Handle: h, path: path, sys: sys}, nil
}

// Path returns the name of the file.
func (s *Scratch) Path() string { return s.path }

// Close closes and removes the file. What it held is lost in any case, so only
// a failure to remove it is an error.
func (s *Scratch) Close() error {
	_ = s.Handle.Close() // the file is thrown away
	return s.sys.Remove(s.path)
}
