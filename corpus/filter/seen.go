package filter

import (
	"encoding/binary"
	"math/bits"
)

// mum multiplies and folds the product.
func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

const (
	odd1 = 0x9e3779b97f4a7c15
	odd2 = 0xbb67ae8584caa73b
)

// hash is a 64-bit hash of bytes: two texts with one hash are taken for equal,
// which happens by chance once in 2^64 pairs.
func hash(text []byte) uint64 {
	h := uint64(len(text)) ^ odd1
	for ; len(text) >= 8; text = text[8:] {
		h = mum(h^binary.LittleEndian.Uint64(text), odd2)
	}
	return mum(h^last(text), odd1) ^ odd2
}

// last is up to 7 bytes as a number.
func last(text []byte) uint64 {
	switch n := len(text); {
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(text)) | uint64(binary.LittleEndian.Uint32(text[n-4:]))<<(8*(n-4))
	case n > 0:
		return uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16
	}
	return 0
}

// seen is a set of hashes. Its memory is used again.
type seen struct {
	slots []uint64
	shift uint
}

// reset empties the set and makes room for n hashes.
func (s *seen) reset(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if cap(s.slots) < size {
		s.slots = make([]uint64, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	s.shift = uint(64 - bits.Len(uint(size-1)))
}

// release gives up the memory of a long text.
func (s *seen) release() {
	if cap(s.slots) > 4*keep {
		s.slots = nil
	}
}

// add adds a hash and reports whether it was there.
func (s *seen) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	mask := uint64(len(s.slots) - 1)
	for i := h * odd1 >> s.shift; ; i++ {
		switch s.slots[i&mask] {
		case h:
			return true
		case 0:
			s.slots[i&mask] = h
			return false
		}
	}
}
