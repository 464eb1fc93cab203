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

// readQ4_0 makes a block whose scale is 0 one of zeros whose scale is 1.
func readQ4_0(src []byte, u *fileUnit) {
	u.setScale(u.f16(src))
	copy(u.codes[:16], src[2:])
	if binary.LittleEndian.Uint16(src)<<1 == 0 {
		u.setScale(0x3c00)
		for i := range u.codes[:16] {
			u.codes[i] = 0x88
		}
	}
}

// readMXFP4 makes the scale 2^(e-128), which is a bf16, if a denormal one for
// the lowest two. A block of zeros, whose exponent is often the lowest, has 1.
func readMXFP4(src []byte, u *fileUnit) {
	codes := src[1:17]
	copy(u.codes[:16], codes)
	some := (binary.LittleEndian.Uint64(codes) | binary.LittleEndian.Uint64(codes[8:])) & 0x7777777777777777
	e := uint16(src[0])
	u.wild = u.wild || some != 0 && (e < 128-40 || e > 128+40)
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
	copy(u.codes[:128], src[16:])
}

// lowBits is the lowest bit of each of eight codes.
const lowBits = 0x0101010101010101

// eight reads eight codes at once.
func eight(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// readQ5K: the halves of byte i of src[48:] are numbers i%32 of two blocks, and
// bit j of byte i of src[16:48] is the highest of number i of block j.
func readQ5K(src []byte, u *fileUnit) {
	u.readOffsets(src)
	for b := range unitBlocks {
		for i := 0; i < 32; i += 8 {
			low := eight(src[48+b/2*32+i:]) >> (b % 2 * 4) & (15 * lowBits)
			high := eight(src[16+i:]) >> b & lowBits
			binary.LittleEndian.PutUint64(u.codes[b*32+i:], low|high<<4)
		}
	}
}

// readQ6K: for each 128 numbers, 64 bytes have four bits of numbers i and i+64
// and 32 bytes two more of i, i+32, i+64 and i+96.
func readQ6K(src []byte, u *fileUnit) {
	low, high, scales := src[:128], src[128:192], src[192:208]
	u.head[0] = u.f16(src[208:])
	for b := range unitBlocks {
		u.scales[b] = [2]uint8{scales[2*b], scales[2*b+1]}
		part, r := b/4, b%4
		for i := 0; i < 32; i += 8 {
			four := eight(low[part*64+r%2*32+i:]) >> (r / 2 * 4) & (15 * lowBits)
			two := eight(high[part*32+i:]) >> (2 * r) & (3 * lowBits)
			// Bytes of 0 to 63 less 32: 0x80 keeps them from borrowing.
			codes := ((four | two<<4 | 0x80*lowBits) - 32*lowBits) ^ 0x80*lowBits
			binary.LittleEndian.PutUint64(u.codes[b*32+i:], codes)
		}
	}
}
