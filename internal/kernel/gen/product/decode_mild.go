package main

// mulOneAVX512 multiplies one row of A by units of a panel, without writing its
// numbers down, where there is no instruction for bf16. A vector of sums has even
// and odd ones in turn, for eight columns.
//
// With mild, for MXFP4, the sums of a block are of the numbers without their
// scale, a power of two, by which they are multiplied at the end: that gives the
// same as long as nothing overflows or is flushed.
//
//	DI C   DX A   SI, R11 halves of the panel, R12, R13 their heads
//	CX units, R9 blocks left
//	Z0 to Z7 scales   Z8 to Z11 numbers   Z16 to Z19 sums of a block
//	Z20, Z21 sums   Z22 a pair of A   Z24 upper halves of words
//	Z26 to Z31 as in decodeAVX512
func (a *assembly) mulOneAVX512(d *decoding, mild bool) {
	name := "mulCoded"
	if mild {
		name = "mulMild"
	}
	a.function(sprintf("func %s%sAVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)", name, d.name), 16, 33)
	a.flushDenormals()
	a.decodeConstants(d, false)
	a.op("VPTERNLOGD $0xff, Z24, Z24, Z24")
	a.op("VPSLLD $16, Z24, Z24")
	a.codedArgs()
	for h := range 2 {
		a.op("VPXORD Z%d, Z%d, Z%d", 20+h, 20+h, 20+h)
	}
	a.op("CMPB add+32(FP), $0")
	a.op("JEQ unit")
	for h := range 2 {
		a.op("VMOVUPS %d(DI), Z%d", 64*h, 20+h)
	}
	a.codedUnits(d, 4, func(halves []source) {
		for i := range 4 {
			a.op("VPXORD Z%d, Z%d, Z%d", 16+i, 16+i, 16+i)
		}
		for p := range pairs {
			a.op("VBROADCASTSD %d(DX), Z22", 8*p)
			for h, from := range halves {
				a.fetchCodes(d, p, from.block)
				a.onePair(d, p, from, 16+2*h, mild)
			}
		}
		for h, from := range halves {
			a.addOne(from, 16+2*h, 20+h, mild)
		}
	}, !mild)
	for h := range 2 {
		a.op("VMOVUPS Z%d, %d(DI)", 20+h, 64*h)
	}
	a.leave()
}

// onePair multiplies a pair of 16 columns, in two vectors.
func (a *assembly) onePair(d *decoding, pair int, from source, sums int, mild bool) {
	if mild {
		a.codesAVX512(d, pair, from)
	} else {
		a.numbersAVX512(d, pair, from)
	}
	for v := range 2 {
		z := from.numbers + v
		if !mild {
			a.roundUp(z, 23)
			a.op("VPANDD Z24, Z%d, Z%d", z, z)
		}
		a.op("VFMADD231PS Z22, Z%d, Z%d", z, sums+v)
	}
}

// addOne adds the even and the odd sums of a half to those of all blocks.
func (a *assembly) addOne(from source, sums, to int, mild bool) {
	a.op("VMOVDQU32 ·evenOdd(SB), Z12")
	a.op("VMOVDQU32 ·evenOdd+64(SB), Z13")
	a.op("VPERMI2PS Z%d, Z%d, Z12", sums+1, sums)
	a.op("VPERMI2PS Z%d, Z%d, Z13", sums+1, sums)
	a.op("VADDPS Z13, Z12, Z12")
	if mild {
		a.scaleMild(from, 12, 13)
	}
	a.op("VADDPS Z12, Z%d, Z%d", to, to)
}

// scaleMild multiplies sums by the scales of a block.
func (a *assembly) scaleMild(from source, sums, temporary int) {
	a.op("VPMOVZXWD (%s), Z%d", from.block, temporary)
	a.op("VPSLLD $16, Z%d, Z%d", temporary, temporary)
	a.op("VMULPS Z%d, Z%d, Z%d", temporary, sums, sums)
}

// mildAVX512 reports whether the sizes of all numbers of A are 0 or in a range,
// given by the bits of its ends.
func (a *assembly) mildAVX512() {
	a.function("func mildAVX512(a unsafe.Pointer, blocks int, low, high uint32) bool", 0, 25)
	a.op("MOVQ a+0(FP), SI")
	a.op("MOVQ blocks+8(FP), CX")
	a.op("MOVL low+16(FP), AX")
	a.op("MOVL high+20(FP), DX")
	a.op("SUBL AX, DX")
	a.op("VPBROADCASTD AX, Z29")
	a.op("VPBROADCASTD DX, Z30")
	a.op("MOVL $0x7fffffff, AX")
	a.op("VPBROADCASTD AX, Z31")
	a.op("KXORW K3, K3, K3")
	a.label("block")
	for i := range 2 {
		a.op("VPANDD %d(SI), Z31, Z0", 64*i)
		a.op("VPTESTMD Z0, Z0, K1")
		a.op("VPSUBD Z29, Z0, Z0")
		a.op("VPCMPUD $6, Z30, Z0, K1, K2") // greater than
		a.op("KORW K2, K3, K3")
	}
	a.op("ADDQ $128, SI")
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("KTESTW K3, K3")
	a.op("SETEQ ret+24(FP)")
	a.op("VZEROUPPER")
	a.op("RET")
}

// mildAVX512BF16 is mildAVX512 for A in bf16.
func (a *assembly) mildAVX512BF16() {
	a.function("func mildAVX512BF16(a unsafe.Pointer, blocks int, low, high uint32) bool", 0, 25)
	a.op("MOVQ a+0(FP), SI")
	a.op("MOVQ blocks+8(FP), CX")
	a.op("MOVL low+16(FP), AX")
	a.op("MOVL high+20(FP), DX")
	a.op("SUBL AX, DX")
	a.op("SHRL $16, AX")
	a.op("SHRL $16, DX")
	a.op("VPBROADCASTW AX, Z29")
	a.op("VPBROADCASTW DX, Z30")
	a.op("MOVL $0x7fff, AX")
	a.op("VPBROADCASTW AX, Z31")
	a.op("KXORD K3, K3, K3")
	a.label("block")
	a.op("VPANDD (SI), Z31, Z0")
	a.op("VPTESTMW Z0, Z0, K1")
	a.op("VPSUBW Z29, Z0, Z0")
	a.op("VPCMPUW $6, Z30, Z0, K1, K2") // greater than
	a.op("KORD K2, K3, K3")
	a.op("ADDQ $64, SI")
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("KTESTD K3, K3")
	a.op("SETEQ ret+24(FP)")
	a.op("VZEROUPPER")
	a.op("RET")
}
