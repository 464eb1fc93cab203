package tensor

import (
	"fmt"
	"unsafe"
)

// Element is a fixed-size number that can be viewed as bytes and back.
type Element interface {
	BF16 | F16 | float32 | float64 | int32 | uint16 | uint32 | int64 | uint64
}

// View returns the little-endian numbers that data holds, aliasing it. It
// panics if data is not aligned to T or not a whole number of T.
//
// View and Bytes assume a little-endian machine, as every port of this program
// is.
func View[T Element](data []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if len(data)%size != 0 {
		panic(fmt.Sprintf("tensor: %d bytes are no whole number of %T", len(data), zero))
	}
	if len(data) == 0 {
		return nil
	}
	if !Aligned(data, size) {
		panic(fmt.Sprintf("tensor: bytes not aligned for %T", zero))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/size)
}

// Bytes returns the little-endian bytes of s, aliasing it.
func Bytes[T Element](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// Aligned reports whether data begins at a multiple of size, a power of two.
func Aligned(data []byte, size int) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(data)))&uintptr(size-1) == 0
}

// AlignedCopy returns a copy of data that any Element may view.
func AlignedCopy(data []byte) []byte {
	words := make([]uint64, (len(data)+7)/8)
	out := Bytes(words)[:len(data)]
	copy(out, data)
	return out
}
