package main

import "strings"

// Go's assembler does not know AMX and AVX512_BF16. Their instructions are
// written as bytes (Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2, 2.3 and 2.7), with general registers by these numbers.
var register = map[string]byte{
	"AX": 0, "CX": 1, "DX": 2, "BX": 3, "SI": 6, "DI": 7,
	"R8": 8, "R9": 9, "R10": 10, "R11": 11, "R12": 12, "R13": 13,
}

// vex38 encodes an instruction of VEX.128.prefix.0F38.W0; the prefix is 0 for
// none, 1 for 66, 2 for F3, 3 for F2.
func vex38(prefix, opcode byte, index, base, vvvv byte, tail ...byte) []byte {
	return append([]byte{0xc4, 0xe2 ^ index>>3<<6 ^ base>>3<<5, (15-vvvv)<<3 | prefix, opcode}, tail...)
}

// tileMemory encodes an instruction on a tile and memory at base+disp, the
// rows of the tile being index bytes apart.
func tileMemory(prefix, tile byte, base, index string, disp int32) []byte {
	b, i := register[base], register[index]
	return vex38(prefix, 0x4b, i, b, 0, 0x84|tile<<3, i&7<<3|b&7,
		byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

func tileLoad(tile byte, base, index string, disp int32) []byte {
	return tileMemory(3, tile, base, index, disp)
}

// tileLoadOnce is tileLoad for what is not read again soon.
func tileLoadOnce(tile byte, base, index string, disp int32) []byte {
	return tileMemory(1, tile, base, index, disp)
}

func tileStore(tile byte, base, index string, disp int32) []byte {
	return tileMemory(2, tile, base, index, disp)
}

func tileZero(tile byte) []byte { return vex38(3, 0x49, 0, 0, 0, 0xc0|tile<<3) }

func tileRelease() []byte { return vex38(0, 0x49, 0, 0, 0, 0xc0) }

func tileConfig(base string) []byte {
	return vex38(0, 0x49, 0, register[base], 0, register[base]&7)
}

// tileProduct encodes sums += a · b.
func tileProduct(sums, a, b byte) []byte { return vex38(2, 0x5c, 0, 0, b, 0xc0|sums<<3|a) }

// roundPair encodes VCVTNE2PS2BF16: z = bf16(low), bf16(high).
func roundPair(z, high, low byte) []byte {
	return []byte{
		0x62, 0xf2 ^ z>>3&1<<7 ^ low>>4<<6 ^ low>>3&1<<5 ^ z>>4<<4,
		(15-high&15)<<3 | 4 | 3, 0x48 ^ high>>4<<3, 0x72, 0xc0 | z&7<<3 | low&7,
	}
}

// dotPair encodes VDPBF16PS: z += high halves of x · y, and then low ones.
func dotPair(z, x, y byte) []byte {
	code := roundPair(z, x, y)
	code[2] ^= 1 // F3 in the place of F2
	code[4] = 0x52
	return code
}

// dotPairEach is dotPair with the word at base+disp in all lanes of y.
func dotPairEach(z, x byte, base string, disp int) []byte {
	b := register[base]
	code := dotPair(z, x, b)
	code[3] |= 0x10
	code[5] ^= 0xc0 ^ 0x40 // memory, with a displacement in words
	if disp%4 != 0 || disp/4 != int(int8(disp/4)) {
		panic(sprintf("displacement of %d bytes", disp))
	}
	return append(code, byte(disp/4))
}

// raw writes encoded bytes with what they mean.
func (a *assembly) raw(code []byte, format string, args ...any) {
	parts := make([]string, len(code))
	for i, b := range code {
		parts[i] = sprintf("BYTE $0x%02x", b)
	}
	a.op("%s // %s", strings.Join(parts, "; "), sprintf(format, args...))
}

// fetchToWrite encodes PREFETCHW disp(base).
func fetchToWrite(base string, disp byte) []byte {
	b := register[base]
	return []byte{0x40 | b>>3, 0x0f, 0x0d, 0x40 | 1<<3 | b&7, disp}
}
