//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package shard

import "golang.org/x/sys/unix"

// release drops the pages of a mapped file from the program's memory. The
// system may do so itself at any time: that it would not is no error.
func release(mapped []byte) {
	if len(mapped) > 0 {
		_ = unix.Madvise(mapped, unix.MADV_DONTNEED)
	}
}
