package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
)

// System is the part of the operating system that writing files needs. Tests
// replace it to see what a failing disk does; see package fault.
type System interface {
	// Create makes a new file that can be written and read back.
	Create(path string, perm fs.FileMode) (Handle, error)
	Rename(from, to string) error
	Remove(path string) error
	// RemoveAll removes a directory with all it holds; one that is not there
	// is no error.
	RemoveAll(path string) error
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

// CreateLog makes a new file that grows while a program works, through the System
// in use, and syncs its directory. What is written may be torn by a crash: whoever
// reads the file drops a last line that has no end. The file must not exist.
func CreateLog(path string) (Handle, error) {
	sys := system()
	h, err := sys.Create(path, 0o666)
	if err != nil {
		return nil, err
	}
	if err := sys.SyncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Rename gives a file or directory another name, through the System in use.
func Rename(from, to string) error { return system().Rename(from, to) }

// RemoveAll removes a directory with all it holds, through the System in use.
func RemoveAll(path string) error { return system().RemoveAll(path) }

// SyncDir makes a directory's entries durable, through the System in use.
func SyncDir(dir string) error { return system().SyncDir(dir) }

type osSystem struct{}

func (osSystem) Create(path string, perm fs.FileMode) (Handle, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
}

func (osSystem) Rename(from, to string) error { return os.Rename(from, to) }

func (osSystem) Remove(path string) error { return os.Remove(path) }

func (osSystem) RemoveAll(path string) error { return os.RemoveAll(path) }

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
