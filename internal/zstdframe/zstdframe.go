// Package zstdframe finds its way through frames of zstd (RFC 8878, 3.1) without
// unpacking them.
package zstdframe

import "encoding/binary"

// MaxWindow is the largest window of a frame that is unpacked; zstd asks for
// --long=28 and more to write a larger one.
const MaxWindow = 128 << 20

// Is reports whether the 4 bytes or more of head begin a frame.
func Is(head []byte) bool {
	return binary.LittleEndian.Uint32(head) == 0xfd2fb528 || IsSkippable(head)
}

// IsSkippable reports whether they begin one that holds no data.
func IsSkippable(head []byte) bool {
	return binary.LittleEndian.Uint32(head)&^15 == 0x184d2a50
}

// Header returns the length of a frame's header and of its checksum; descriptor is
// its fifth byte.
func Header(descriptor byte) (header, checksum int) {
	single := descriptor&0x20 != 0
	header = 5 + []int{0, 1, 2, 4}[descriptor&3]
	if !single {
		header++
	}
	header += []int{0, 2, 4, 8}[descriptor>>6]
	if single && descriptor>>6 == 0 {
		header++
	}
	if descriptor&4 != 0 {
		checksum = 4
	}
	return header, checksum
}

// Block returns the length of a block, its header of 3 bytes included, and whether
// it is the frame's last.
func Block(head []byte) (size int, last bool) {
	word := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16
	size = 3 + int(word>>3)
	if word>>1&3 == 1 { // one byte, repeated
		size = 4
	}
	return size, word&1 != 0
}
