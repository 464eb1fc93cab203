package main

// codedRows are the tiles that meet weights which are not written down.
var codedRows = []int{1, 2, 4, 8}

// mulCodedAVX512 multiplies a tile of A by units of a panel of which all numbers
// are finite, without writing them down. As in mulAVX512BF16, whose A it takes, a
// word holds two numbers of a sum. With 8 rows it takes one half of a block after
// the other.
//
// With mild, for MXFP4, the sums of a block are of the numbers without their
// scale (see mulOneAVX512).
//
//	DI C   DX A   SI, R11 halves of the panel, R12, R13 their heads
//	CX units, R9 blocks left
//	Z0 to Z7 scales   Z8 to Z11 numbers   Z12 to Z27 sums
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
		a.op("MOVL $0xff00, AX")
		a.op("KMOVW AX, K1")
	} else {
		a.decodeConstants(d, true)
	}
	a.codedArgs()
	a.op("CMPB add+32(FP), $0")
	a.op("JNE unit")
	a.op("VPXORD Z0, Z0, Z0")
	for i := range 2 * rows {
		a.op("VMOVUPS Z0, %d(DI)", 64*i)
	}
	a.codedUnits(d, 2*rows, func(halves []source) {
		switch {
		case mild:
			a.mildBlock(d, halves)
		case rows == 8:
			a.codedBlock(d, rows, 0, halves[:1])
			a.codedBlock(d, rows, 1, halves[1:])
		default:
			a.codedBlock(d, rows, 0, halves)
		}
	}, !mild)
	a.leave()
}

// codedBlock multiplies halves of a block, from first on, by all rows.
func (a *assembly) codedBlock(d *decoding, rows, first int, halves []source) {
	sum := func(r, h int) int { return 12 + 2*(r*len(halves)+h) }
	for i := range 2 * rows * len(halves) {
		a.op("VPXORD Z%d, Z%d, Z%d", 12+i, 12+i, 12+i)
	}
	for q := range quads {
		for h, from := range halves {
			for odd := range 2 {
				a.fetchCodes(d, 2*q+odd, from.block)
				from.numbers = 8 + 2*odd
				a.wordsAVX512(d, 2*q+odd, from)
			}
			for r := range rows {
				for odd := range 2 {
					at, n, s := 8*(q*rows+r)+4*odd, 8+2*odd, sum(r, h)+odd
					a.raw(dotPairEach(byte(s), byte(n), "DX", at), "VDPBF16PS.BCST %d(DX), Z%d, Z%d", at, n, s)
				}
			}
		}
	}
	for r := range rows {
		for h := range halves {
			a.op("VADDPS Z%d, Z%d, Z%d", sum(r, h)+1, sum(r, h), sum(r, h))
			a.addTo(128*r+64*(first+h), sum(r, h))
		}
	}
}

// addTo adds sums to those of C.
func (a *assembly) addTo(at, sums int) {
	a.op("VADDPS %d(DI), Z%d, Z%d", at, sums, sums)
	a.op("VMOVUPS Z%d, %d(DI)", sums, at)
}

// mildBlock multiplies a block by one row. A vector has the even number or sum of
// each of eight columns and then the odd ones; of an index of 16 bits the lower 5
// count, and the table is there twice.
//
//	Z8, Z9 numbers   Z10 a quad of A   Z12 to Z15 sums   Z29 the table
func (a *assembly) mildBlock(d *decoding, halves []source) {
	for i := range 4 {
		a.op("VPXORD Z%d, Z%d, Z%d", 12+i, 12+i, 12+i)
	}
	for q := range quads {
		a.op("VPBROADCASTD %d(DX), Z10", 8*q)
		a.op("VPBROADCASTD %d(DX), K1, Z10", 8*q+4)
		for h, from := range halves {
			a.fetchCodes(d, 2*q, from.block)
			a.fetchCodes(d, 2*q+1, from.block)
			a.op("VPMOVZXBW %d(%s), Z8", scaleBytes+2*q*d.rowBytes(), from.block)
			a.op("VPSRLW $4, Z8, Z9")
			for v := range byte(2) {
				a.op("VPERMW Z29, Z%d, Z%d", 8+v, 8+v)
				sum := byte(12+2*h) + v
				a.raw(dotPair(sum, 8+v, 10), "VDPBF16PS Z10, Z%d, Z%d", 8+v, sum)
			}
		}
	}
	for h, from := range halves {
		sums := 12 + 2*h
		a.op("VSHUFF64X2 $0x44, Z%d, Z%d, Z8", sums+1, sums)
		a.op("VSHUFF64X2 $0xee, Z%d, Z%d, Z9", sums+1, sums)
		a.op("VADDPS Z9, Z8, Z8")
		a.scaleMild(from, 8, 9)
		a.addTo(64*h, 8)
	}
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
