package nn

import (
	"github.com/polymath-lm/polymath/tensor"
)

// alignBytes keeps every buffer of an Arena on its own cache lines.
const alignBytes = 64

// Arena hands out the buffers of a workspace from one allocation. The zero
// value only measures: Take returns nil and SizeBytes grows. Code that lays out
// a workspace runs twice, first with a measuring Arena, then with one of the
// size that came out.
type Arena struct {
	slab []byte
	size int64
}

// NewArena allocates an Arena of exactly sizeBytes.
func NewArena(sizeBytes int64) *Arena {
	words := tensor.Make[uint64](int(sizeBytes+7) / 8)
	return &Arena{slab: tensor.Bytes(words)}
}

// SizeBytes returns how much has been taken.
func (a *Arena) SizeBytes() int64 { return a.size }

// Take returns the next n elements, which are zero. It panics if the Arena is
// too small.
func Take[T tensor.Element](a *Arena, n int) []T {
	var zero [1]T
	sizeBytes := int64(len(tensor.Bytes(zero[:]))) * int64(n)
	start := a.size
	a.size += (sizeBytes + alignBytes - 1) / alignBytes * alignBytes
	if a.slab == nil || n == 0 {
		return nil
	}
	return tensor.View[T](a.slab[start : start+sizeBytes : start+sizeBytes])
}
