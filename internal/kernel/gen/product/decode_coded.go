package main

// codedRows are the tiles that meet weights which are not written down.
var codedRows = []int{1, 2, 4}

// mulCodedAVX512 multiplies a tile of A by units of a panel of which all numbers
// are finite, without writing them down. As in mulAVX512BF16, whose A it takes, a
// word holds two numbers of a sum. A vector of sums has even and odd ones in
// turn, for eight columns.
//
// With mild, for MXFP4, the sums of a block are of the numbers without their
// scale (see mulOneAVX512).
//
//	DI C   DX A   SI, R11 halves of the panel, R12, R13 their heads
//	CX units, R9 blocks left
//	Z0 to Z7 scales   Z8 to Z11 numbers   Z11, or Z26 and Z27, quads of A
//	Z12 to Z27 sums of rows, halves and vectors   Z28 order of a quad
//	Z29 to Z31 as in decodeAVX512
func (a *assembly) mulCodedAVX512(d *decoding, rows int, mild bool) {
	name := "mulCoded"
	if mild {
		name = "mulMild"
	}
	a.function(sprintf("func %s%sAVX512BF16x%d(c *float32, a unsafe.Pointer, src *byte, units int, add bool)", name, d.name, rows), 16, 33)
	a.flushDenormals()
	if mild {
		a.op("VMOVDQU32 ·wordsMXFP4(SB), Z29")
	} else {
		a.decodeConstants(d, true)
	}
	a.op("VMOVDQU32 ·quadWords(SB), Z28")
	a.codedArgs()
	a.op("CMPB add+32(FP), $0")
	a.op("JNE unit")
	a.op("VPXORD Z0, Z0, Z0")
	for i := range 2 * rows {
		a.op("VMOVUPS Z0, %d(DI)", 64*i)
	}
	a.codedUnits(d, 2*rows, func(halves []source) {
		for i := range 4 * rows {
			a.op("VPXORD Z%d, Z%d, Z%d", 12+i, 12+i, 12+i)
		}
		for q := range quads {
			for h, from := range halves {
				a.codedQuad(d, rows, q, h, from, mild)
			}
		}
		a.op("VMOVDQU32 ·evenOdd(SB), Z8")
		a.op("VMOVDQU32 ·evenOdd+64(SB), Z9")
		for i := range 2 * rows {
			sums := 12 + 2*i
			a.op("VMOVDQA64 Z8, Z10")
			a.op("VMOVDQA64 Z9, Z11")
			a.op("VPERMI2PS Z%d, Z%d, Z10", sums+1, sums)
			a.op("VPERMI2PS Z%d, Z%d, Z11", sums+1, sums)
			a.op("VADDPS Z11, Z10, Z10")
			if mild {
				a.scaleMild(halves[i%2], 10, 11)
			}
			a.op("VADDPS %d(DI), Z10, Z10", 64*i)
			a.op("VMOVUPS Z10, %d(DI)", 64*i)
		}
	}, !mild)
	a.leave()
}

// codedQuad multiplies a quad of 16 columns by those of the rows.
func (a *assembly) codedQuad(d *decoding, rows, quad, half int, from source, mild bool) {
	a.fetchCodes(d, 2*quad, from.block)
	a.fetchCodes(d, 2*quad+1, from.block)
	if mild {
		a.mildWords(d, quad, from)
	} else {
		first, second := from, from
		first.numbers, second.numbers = 8, 10
		a.numbersAVX512(d, 2*quad, first)
		a.numbersAVX512(d, 2*quad+1, second)
		for v := range byte(2) {
			a.raw(roundPair(8+v, 8+v, 10+v), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", 10+v, 8+v, 8+v)
			a.op("VPERMW Z%d, Z28, Z%d", 8+v, 8+v)
		}
	}
	for r := range rows {
		numbers, kept := byte(11), rows < 4
		if kept {
			numbers = byte(26 + r)
		}
		if half == 0 || !kept {
			a.op("VBROADCASTSD %d(DX), Z%d", 8*(quad*rows+r), numbers)
		}
		for v := range byte(2) {
			sum := byte(12+4*r+2*half) + v
			a.raw(dotPair(sum, 8+v, numbers), "VDPBF16PS Z%d, Z%d, Z%d", numbers, 8+v, sum)
		}
	}
}

// mildWords makes the numbers of a quad without their scale, a table's: of an
// index of 16 bits the lower 5 count, and the table is there twice.
func (a *assembly) mildWords(d *decoding, quad int, from source) {
	at := scaleBytes + 2*quad*d.rowBytes()
	a.op("VPMOVZXBD %d(%s), Z8", at, from.block)
	a.op("VPMOVZXBD %d(%s), Z9", at+d.rowBytes(), from.block)
	a.op("VPSLLD $16, Z8, Z8")
	a.op("VPORD Z9, Z8, Z8")
	a.op("VPSRLW $4, Z8, Z9")
	a.op("VPERMW Z29, Z8, Z8")
	a.op("VPERMW Z29, Z9, Z9")
}

// codedUnits writes the loops over units and blocks, of which both halves are
// read at the same time, around a block's code; aBytes is the size of what A has
// for each step along K.
func (a *assembly) codedUnits(d *decoding, aBytes int, block func(halves []source), scales bool) {
	halves := []source{{"SI", "R12", 0, 8}, {"R11", "R13", 4, 10}}
	a.label("unit")
	a.op("LEAQ %d(SI), R11", d.headBytes()+d.blocks*d.blockBytes())
	if d.blocks > 1 {
		for _, h := range halves {
			a.op("MOVQ %s, %s", h.block, h.head)
			a.op("PREFETCHT0 %d(%s)", d.fetchBytes(), h.head)
			a.op("ADDQ $%d, %s", d.headBytes(), h.block)
		}
		a.op("MOVQ $%d, R9", d.blocks)
		a.label("block")
	}
	for _, from := range halves {
		if scales {
			a.scalesAVX512(d, from)
		}
	}
	block(halves)
	a.op("ADDQ $%d, DX", 2*pairs*aBytes)
	for _, h := range halves {
		a.op("ADDQ $%d, %s", d.blockBytes(), h.block)
	}
	if d.blocks > 1 {
		a.op("DECQ R9")
		a.op("JNZ block")
	}
	a.op("MOVQ R11, SI")
	a.op("DECQ CX")
	a.op("JNZ unit")
}

// codedArgs loads the arguments but add.
func (a *assembly) codedArgs() {
	a.op("MOVQ c+0(FP), DI")
	a.op("MOVQ a+8(FP), DX")
	a.op("MOVQ src+16(FP), SI")
	a.op("MOVQ units+24(FP), CX")
}
