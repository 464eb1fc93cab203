package main

// odd reports whether codes stand for 0 and for 1, 3, 5 and 7 times powers of two,
// without an offset.
func (d *decoding) odd() bool { return d.table != "" && d.scales != scalesOffset }

// wordConstants sets what wordsHalf needs: Z31 to the odd numbers by which scales
// are multiplied, Z24 to Z27 to the places of the words of two columns each, Z28
// to what is added to them, and K1 to those that are not 0.
func (a *assembly) wordConstants(d *decoding) {
	a.nibbleConstants()
	a.op("LEAQ ·oddWords%s(SB), AX", d.name)
	a.op("VMOVDQU32 (AX), Z31")
	for i := range 4 {
		a.op("VMOVDQU32 %d(AX), Z%d", 64+64*i, 24+i)
	}
	a.op("VMOVDQU32 %d(AX), Z28", 64*5)
	a.op("KMOVQ %d(AX), K1", 64*6)
}

// wordsHalf is decodeHalf for odd codings and panels that have words (see
// storedPanel.columnsFit): only the odd numbers of each column are rounded, and
// what is added to their words are the exponent and the sign of each code.
func (a *assembly) wordsHalf(d *decoding, from source, to *decodedHalf) {
	a.columnScales(d, from, to)
	for i := range 2 {
		for v := range 2 {
			a.op("VBROADCASTF32X4 %s, Z%d", to.scale(8*i+4*v), 18+v)
			a.op("VMULPS Z31, Z%d, Z%d", 18+v, 18+v)
		}
		a.raw(roundPair(byte(16+i), 19, 18), "VCVTNE2PS2BF16 Z18, Z19, Z%d", 16+i)
	}
	for c := 0; c < 16; c += 4 {
		if size := d.rowBytes(); c*size%64 == 0 {
			a.op("PREFETCHT1 %d(%s)", columnsAhead+c*size, from.block)
		}
		z := c / 4 % 2 * 8
		for i := range 2 {
			a.op("VPERMB.Z Z%d, Z%d, K1, Z%d", 16+c/8, 24+(c/2+i)%4, z+2*i)
			a.op("VPADDW Z28, Z%d, Z%d", z+2*i, z+2*i)
		}
		a.fourLookedUp(from, to, c)
	}
	a.op("PREFETCHT1 %d(%s)", columnsAhead+16*d.rowBytes(), from.block)
}

// nibbleConstants sets what fourLookedUp needs: Z29 to the bits of the first code
// of a word, Z30 to the bit of the second table, and Z23 to the matrix that makes
// bytes their high halves.
func (a *assembly) nibbleConstants() {
	for i, word := range []uint32{0x000f000f, 0x00100010} {
		a.op("MOVL $%#08x, AX", word)
		a.op("VPBROADCASTD AX, Z%d", 29+i)
	}
	a.op("MOVQ $0x1020408000000000, AX")
	a.op("VPBROADCASTQ AX, Z23")
}

// fourLookedUp looks four columns up in two tables. VPERMW counts the lowest 5 bits
// of words, and takes the ports of both a shift and a VPERMB, so that the four are
// parted in different ways.
func (a *assembly) fourLookedUp(from source, to *decodedHalf, column int) {
	z := column / 4 % 2 * 8
	codes := z + 4
	a.op("VMOVDQU32 %d(%s), Z%d", scaleBytes+16*column, from.block, codes)
	a.op("VPSRLW $12, Z%d, Z%d", codes, codes+3)
	a.op("VPSRLW $8, Z%d, Z%d", codes, codes+2)
	a.op("VPORD Z30, Z%d, Z%d", codes+3, codes+3)
	a.op("VGF2P8AFFINEQB $16, Z23, Z%d, Z%d", codes, codes+1)
	a.op("VPANDD Z29, Z%d, Z%d", codes+2, codes+2)
	a.op("VPANDD Z29, Z%d, Z%d", codes, codes)
	for i := range 4 {
		a.op("VPERMW Z%d, Z%d, Z%d", z+i/2*2, codes+i, codes+i)
		a.op("VMOVDQU32 Z%d, %s", codes+i, to.row(column+i))
	}
}
