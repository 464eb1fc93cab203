package atomicfile

import (
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"
)

// System is the part of the operating system that writing a file needs. Tests
// replace it to see what a failing disk does; see package fault.
type System interface {
	// Create makes a new file that can be written and read back.
	Create(path string, perm fs.FileMode) (Handle, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the directory's entries durable.
	SyncDir(dir string) error
}

// Handle is an open file.
type Handle interface {
	io.ReadWriteSeeker
	io.Closer
	Sync() error
}

// OS is the real operating system.
var OS System = osSystem{}

var replaced atomic.Pointer[System]

func system() System {
	if s := replaced.Load(); s != nil {
		return *s
	}
	return OS
}

// Replace makes files created from now on use s, in the whole program, until
// restore is called. It is for tests that do not run in parallel.
func Replace(s System) (restore func()) {
	old := replaced.Swap(&s)
	return func() { replaced.Store(old) }
}

type osSystem struct{}

func (osSystem) Create(path string, perm fs.FileMode) (Handle, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
}

func (osSystem) Rename(from, to string) error { return os.Rename(from, to) }

func (osSystem) Remove(path string) error { return os.Remove(path) }

func (osSystem) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be opened for a sync there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
