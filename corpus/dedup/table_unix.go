//go:build unix

package dedup

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// mapShared maps the file to be read and written, and takes its name away.
func mapShared(scratch *atomicfile.Scratch, size int) (data []byte, unmap func() error, err error) {
	file, err := os.OpenFile(scratch.Path(), os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close() // a mapping outlives its descriptor
	data, err = unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, &os.PathError{Op: "map", Path: scratch.Path(), Err: err}
	}
	if err := scratch.Close(); err != nil {
		return nil, nil, errors.Join(err, unix.Munmap(data))
	}
	return data, func() error { return unix.Munmap(data) }, nil
}
