package kernel

import "encoding/binary"

// Blocks of GGUF (gguf-py/gguf/quants.py of llama.cpp), as tensor.Dequantize
// describes them.

// f16 reads an F16. All NaN become the one whose bits survive a rounding that
// knows nothing of NaN.
func (u *fileUnit) f16(b []byte) uint16 {
	h := binary.LittleEndian.Uint16(b)
	if h&0x7c00 == 0x7c00 {
		u.irregular = true
		if h&0x3ff != 0 {
			return 0x7e00
		}
	}
	return h
}

// setScale sets a block's one scale.
func (u *fileUnit) setScale(h uint16) { u.scales[0] = [2]uint8{uint8(h), uint8(h >> 8)} }

func readQ8_0(src []byte, u *fileUnit) {
	u.setScale(u.f16(src))
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
	u.setScale(u.f16(src))
	nibbles(u.codes[:32], src[2:18])
}

// readMXFP4 makes the scale 2^(e-128), which is a bf16, if a denormal one for
// the lowest two. A block of zeros, whose exponent is often the lowest, has 1.
func readMXFP4(src []byte, u *fileUnit) {
	nibbles(u.codes[:32], src[1:17])
	some := byte(0)
	for _, code := range u.codes[:32] {
		some |= code & 7
	}
	e := uint16(src[0])
	switch {
	case some == 0:
		u.setScale(0x3f80)
	case e < 2:
		u.setScale(0x20 << e)
		u.irregular = true
	default:
		u.setScale((e - 1) << 7)
		u.irregular = u.irregular || e > 252 // 12*2^(e-128) overflows
	}
}

// readOffsets reads d, min and 8 pairs of scales of 6 bits: those of the first
// four in the low bits of a byte each, those of the others in the halves of
// four bytes and the high bits of the first eight.
func (u *fileUnit) readOffsets(src []byte) {
	u.head = [2]uint16{u.f16(src), u.f16(src[2:])}
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
	u.head[0] = u.f16(src[208:])
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
