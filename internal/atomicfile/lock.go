package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// LockName is the file in a directory that Lock locks. It is empty and stays
// when the lock is released: to remove it would let two programs hold a lock.
const LockName = ".lock"

// errLocked is what the system's lock returns where another holds it.
var errLocked = errors.New("locked")

// Lock makes the caller the only one that works in dir, among all that ask,
// until it calls unlock or its process ends, however it ends. It does not wait:
// where another holds the lock, in this process or another, it returns an error
// that names dir. Where the system or the file system knows no locks, everybody
// gets one.
func Lock(dir string) (unlock func() error, err error) {
	file, err := os.OpenFile(filepath.Join(dir, LockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	switch err := lockFile(file); {
	case err == nil || errors.Is(err, errors.ErrUnsupported):
		return file.Close, nil
	case errors.Is(err, errLocked):
		_ = file.Close() // the other error matters
		return nil, fmt.Errorf("%s is in use by another run of this program: wait for it to end, or name another directory", dir)
	default:
		_ = file.Close() // the other error matters
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
}
