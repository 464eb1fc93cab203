//go:build unix

package extsort

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes memory from the system rather than from Go: it goes back at once
// when the Sorter is closed, and the collector does not let as much garbage pile
// up beside it.
func allocate(size int) ([]byte, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return memory, os.NewSyscallError("mmap", err)
}

func free(memory []byte) error {
	return os.NewSyscallError("munmap", unix.Munmap(memory[:cap(memory)]))
}
