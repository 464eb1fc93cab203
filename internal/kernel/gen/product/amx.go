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

// amx writes the tiles of 16 and 32 rows. A is [block][16 rows][32 values] for
// each 16 rows, B is read as it is packed.
func amx() string {
	a := newAssembly()
	for _, tiles := range []int{1, 2} {
		a.mulAMX(tiles, false)
		a.packAMX(tiles)
		a.packTAMX(tiles)
	}
	a.mulAMX(2, true)
	a.roundAMX()
	a.peakAMX()
	return a.String()
}

// mulAMX multiplies one or two tiles of 16 rows by the two of a panel. A tile
// of rows meets all panels before the next one does: it stays in the first
// cache, and the panels come from the second.
//
//	T0 to T3 sums (row tile, column tile)   T4, T5 A   T6, T7 B
//	R9 64, the row of a tile of A or B   R10 the tile of A   R13 the panel
//	BX C of the tile   R12 C of tile and panel   AX panels to go   0(SP) tiles
//
// With round, C is where the sums begin if at all, and they leave as rows of
// bfloat16, R11 bytes apart; 8(SP) is where the tile begins in Y, R14 where the
// panel does.
func (a *assembly) mulAMX(tiles int, round bool) {
	name := sprintf("mulAMXx%d", 16*tiles)
	if round {
		name += "Round"
	}
	a.function(sprintf("func %s(t *tileArgs)", name), 16, 8)
	a.op("MOVQ t+0(FP), DI")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.op("MOVL $64, R9")
	a.op("MOVQ %d(DI), R10", argA)
	a.op("MOVQ %d(DI), BX", argC)
	a.op("MOVQ %d(DI), R11", argCRow)
	a.op("MOVQ %d(DI), AX", argTiles)
	a.op("MOVQ AX, 0(SP)")
	if round {
		a.op("MOVQ %d(DI), R14", argY)
	}
	a.label("tile")
	if round {
		a.op("MOVQ R14, 8(SP)")
	}
	a.op("MOVQ %d(DI), R13", argB)
	a.op("MOVQ BX, R12")
	a.op("MOVQ %d(DI), AX", argPanels)
	a.label("panel")
	a.op("MOVQ R10, SI")
	a.op("MOVQ R13, DX")
	a.tileAMX(tiles, round)
	a.op("ADDQ %d(DI), R13", argBPanel)
	a.op("ADDQ %d(DI), R12", argCPanel)
	a.op("DECQ AX")
	a.op("JNZ panel")
	a.op("ADDQ %d(DI), R10", argATile)
	a.op("ADDQ %d(DI), BX", argCTile)
	if round {
		a.op("MOVQ 8(SP), R14")
		a.op("ADDQ %d(DI), R14", argYTile)
	}
	a.op("DECQ 0(SP)")
	a.op("JNZ tile")
	if round {
		a.op("VZEROUPPER")
	}
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// tileAMX multiplies a tile of rows by a panel. CX is where C of the second row
// tile is.
func (a *assembly) tileAMX(tiles int, round bool) {
	sums := func(what func(tile byte, base, index string, disp int32) []byte, name string) {
		for r := range tiles {
			base := "R12"
			if r > 0 {
				a.op("MOVQ R11, CX")
				a.op("SHLQ $4, CX")
				a.op("ADDQ R12, CX")
				base = "CX"
			}
			for c := range 2 {
				a.raw(what(byte(2*r+c), base, "R11", int32(64*c)), "%s T%d, %d(%s)(R11*1)", name, 2*r+c, 64*c, base)
			}
		}
	}
	a.op("CMPQ %d(DI), $0", argAdd)
	a.op("JEQ zero")
	if round {
		a.op("MOVQ %d(DI), R11", argCRow)
	}
	sums(tileLoad, "TILELOADD")
	a.op("JMP begin")
	a.label("zero")
	for t := range 2 * tiles {
		a.raw(tileZero(byte(t)), "TILEZERO T%d", t)
	}
	a.label("begin")
	if round {
		a.op("MOVQ R14, R8")
		a.op("MOVQ %d(DI), R11", argYRow)
	}
	a.op("MOVQ %d(DI), CX", argDepth)
	a.label("block")
	load := func(f func(byte, string, string, int32) []byte, name string, tile byte, base string, disp int32) {
		a.raw(f(tile, base, "R9", disp), "%s T%d, %d(%s)(R9*1)", name, tile, disp, base)
	}
	product := func(sum, x, y byte) { a.raw(tileProduct(sum, x, y), "TDPBF16PS T%d += T%d T%d", sum, x, y) }
	fetch := func() {
		if round { // a row of the result
			a.raw(fetchToWrite("R8"), "PREFETCHW (R8)")
			a.op("ADDQ R11, R8")
		}
	}
	load(tileLoadOnce, "TILELOADDT1", 6, "DX", 0)
	load(tileLoad, "TILELOADD", 4, "SI", 0)
	load(tileLoadOnce, "TILELOADDT1", 7, "DX", halfBytes)
	product(0, 4, 6)
	if tiles == 2 {
		load(tileLoad, "TILELOADD", 5, "SI", halfBytes)
	}
	product(1, 4, 7)
	fetch()
	if tiles == 2 {
		product(2, 5, 6)
		fetch()
		product(3, 5, 7)
	}
	a.op("ADDQ $%d, SI", tiles*1024)
	a.op("ADDQ $%d, DX", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
	if round {
		a.roundTiles(tiles)
	} else {
		sums(tileStore, "TILESTORED")
	}
}

// roundTiles writes the sums to memory that is near, and from there rounded to
// rows of Y.
func (a *assembly) roundTiles(tiles int) {
	a.op("MOVQ %d(DI), SI", argRows)
	a.op("MOVL $128, CX")
	for t := range 2 * tiles {
		at := int32(t/2*16*128 + t%2*64)
		a.raw(tileStore(byte(t), "SI", "CX", at), "TILESTORED T%d, %d(SI)(CX*1)", t, at)
	}
	a.op("MOVQ R14, R8")
	for r := range 16 * tiles {
		low := byte(r % 8)
		a.op("VMOVUPS %d(SI), Z%d", 128*r, low)
		a.op("VMOVUPS %d(SI), Z%d", 128*r+64, low+8)
		a.raw(roundPair(low, low+8, low), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", low, low+8, low)
		a.op("VMOVDQU32 Z%d, (R8)", low)
		a.op("ADDQ R11, R8")
	}
	a.op("ADDQ $64, R14")
}

// fetchToWrite encodes PREFETCHW (base).
func fetchToWrite(base string) []byte {
	b := register[base]
	return []byte{0x40 | b>>3, 0x0f, 0x0d, 1<<3 | b&7}
}

// packAMX copies rows, one after the other.
func (a *assembly) packAMX(tiles int) {
	a.function(sprintf("func packAMXx%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", 16*tiles), 0, 40)
	a.packArgs()
	a.op("MOVQ rows+24(FP), CX")
	a.op("XORL AX, AX") // the row
	a.label("row")
	a.op("MOVQ DI, R9")
	a.op("MOVQ SI, R10")
	a.op("MOVQ kb+32(FP), R11")
	a.label("block")
	a.op("VMOVDQU32 (R10), Z0")
	a.op("VMOVDQU32 Z0, (R9)")
	a.op("ADDQ $64, R10")
	a.op("ADDQ $%d, R9", tiles*1024)
	a.op("DECQ R11")
	a.op("JNZ block")
	a.op("ADDQ DX, SI")
	a.op("ADDQ $64, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packTAMX makes pairs of two rows of the source and transposes them.
func (a *assembly) packTAMX(tiles int) {
	a.function(sprintf("func packTAMXx%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", 16*tiles), 0, 40)
	a.packArgs()
	a.op("MOVQ kb+32(FP), CX")
	a.label("block")
	a.op("MOVQ $%d, R8", tiles)
	a.op("MOVQ SI, R10")
	a.label("tile")
	a.op("MOVQ R10, R9")
	for p := range pairs {
		a.op("VPMOVZXWD (R9), Z%d", p)
		a.op("VPMOVZXWD (R9)(DX*1), Z16")
		a.op("VPSLLD $16, Z16, Z16")
		a.op("VPORD Z%d, Z16, Z%d", p, p)
		a.op("LEAQ (R9)(DX*2), R9")
	}
	a.transpose16()
	for r := range 16 {
		a.op("VMOVDQU32 Z%d, %d(DI)", r, r*64)
	}
	a.op("ADDQ $1024, DI")
	a.op("ADDQ $32, R10")
	a.op("DECQ R8")
	a.op("JNZ tile")
	a.op("MOVQ R9, SI") // 32 rows on, and the last tile's column
	a.op("SUBQ $%d, SI", 32*(tiles-1))
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("VZEROUPPER")
	a.op("RET")
}

// roundAMX rounds with the instruction that processors with AMX have. It takes
// denormals for zero; sums have none.
func (a *assembly) roundAMX() {
	a.function("func roundAMX(y *tensor.BF16, stride int, c *float32, rows int)", 0, 32)
	a.op("MOVQ y+0(FP), DI")
	a.op("MOVQ stride+8(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ c+16(FP), SI")
	a.op("MOVQ rows+24(FP), CX")
	a.label("row")
	a.op("VMOVUPS 0(SI), Z0")
	a.op("VMOVUPS 64(SI), Z1")
	a.raw(roundPair(2, 1, 0), "VCVTNE2PS2BF16 Z0, Z1, Z2")
	a.op("VMOVDQU32 Z2, (DI)")
	a.op("ADDQ $128, SI")
	a.op("ADDQ DX, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// peakAMX does nothing but multiply and add: 4 products of tiles a round.
func (a *assembly) peakAMX() {
	a.function("func peakAMX(rounds int)", 0, 8)
	a.op("MOVQ rounds+0(FP), CX")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.label("round")
	for i := range byte(4) {
		a.raw(tileProduct(i, 4+i/2, 6+i%2), "TDPBF16PS T%d += T%d T%d", i, 4+i/2, 6+i%2)
	}
	a.op("DECQ CX")
	a.op("JNZ round")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}
