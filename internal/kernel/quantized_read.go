package kernel

import "encoding/binary"

// Blocks of GGUF (gguf-py/gguf/quants.py of llama.cpp), as tensor.Dequantize
// describes them.

// f16Scale reads an F16. All NaN become the one whose bits survive a rounding
// that knows nothing of NaN.
func f16Scale(b []byte) uint16 {
	h := binary.LittleEndian.Uint16(b)
	if h&0x7fff > 0x7c00 {
		return 0x7e00
	}
	return h
}

// setScale sets a block's one scale.
func (u *fileUnit) setScale(h uint16) { u.scales[0] = [2]uint8{uint8(h), uint8(h >> 8)} }

func readQ8_0(src []byte, u *fileUnit) {
	u.setScale(f16Scale(src))
	copy(u.codes[:32], src[2:])
}

// nibbles reads codes i and i+len(src) from the halves of byte i.
func nibbles(codes, src []byte) {
	codes = codes[:2*len(src)]
	for i, b := range src {
		codes[i], codes[len(src)+i] = b&15, b>>4
	}
}

func readQ4_0(src []byte, u *fileUnit) {
	u.setScale(f16Scale(src))
	nibbles(u.codes[:32], src[2:18])
}

// readMXFP4 makes the scale 2^(e-128), which is a bf16, if a denormal one for
// the lowest two.
func readMXFP4(src []byte, u *fileUnit) {
	e := uint16(src[0])
	if e < 2 {
		u.setScale(0x20 << e)
	} else {
		u.setScale((e - 1) << 7)
	}
	nibbles(u.codes[:32], src[1:17])
}

// readOffsets reads d, min and 8 pairs of scales of 6 bits: those of the first
// four in the low bits of a byte each, those of the others in the halves of
// four bytes and the high bits of the first eight.
func (u *fileUnit) readOffsets(src []byte) {
	u.head = [2]uint16{f16Scale(src), f16Scale(src[2:])}
	s := src[4:16]
	for j := range 4 {
		u.scales[j] = [2]uint8{s[j] & 63, s[4+j] & 63}
		u.scales[4+j] = [2]uint8{s[8+j]&15 | s[j]>>6<<4, s[8+j]>>4 | s[4+j]>>6<<4}
	}
}

func readQ4K(src []byte, u *fileUnit) {
	u.readOffsets(src)
	for i := range 4 {
		nibbles(u.codes[64*i:], src[16+32*i:][:32])
	}
}

// readQ5K: bit j of byte i of src[16:48] is the highest of number 32*j+i.
func readQ5K(src []byte, u *fileUnit) {
	u.readOffsets(src)
	for i := range 4 {
		nibbles(u.codes[64*i:], src[48+32*i:][:32])
	}
	for i := range u.codes {
		u.codes[i] |= src[16+i%32] >> (i / 32) & 1 << 4
	}
}

// readQ6K: for each 128 numbers, 64 bytes have four bits of numbers i and i+64
// and 32 bytes two more of i, i+32, i+64 and i+96.
func readQ6K(src []byte, u *fileUnit) {
	low, high, scales := src[:128], src[128:192], src[192:208]
	u.head[0] = f16Scale(src[208:])
	for b := range unitBlocks {
		u.scales[b] = [2]uint8{scales[2*b], scales[2*b+1]}
	}
	for i := range 2 {
		nibbles(u.codes[128*i:], low[64*i:][:64])
	}
	for i := range u.codes {
		two := high[i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
		u.codes[i] = (u.codes[i] | two<<4) - 32
	}
}
