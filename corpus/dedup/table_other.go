//go:build !unix

package dedup

import "github.com/polymath-lm/polymath/internal/atomicfile"

// mapShared: where files are not mapped the table is in memory.
func mapShared(scratch *atomicfile.Scratch, size int) (data []byte, unmap func() error, err error) {
	return make([]byte, size), nil, scratch.Close()
}
