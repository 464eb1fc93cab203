package main

// mulMildAVX512 multiplies one row of A by units of a panel of MXFP4. The sums
// of a block are of the numbers without their scale, a power of two, by which
// they are multiplied at the end: that gives the same as long as nothing
// overflows or is flushed. A vector of sums has even and odd ones in turn.
//
//	DI C   DX A   SI, R11 halves of the panel   CX units left
//	Z8 to Z11 numbers   Z16 to Z19 sums of a block   Z20, Z21 sums
//	Z22 a pair of A   Z29 table   Z30, Z31 where the even and the odd are
func (a *assembly) mulMildAVX512(d *decoding) {
	a.function(sprintf("func mulMild%sAVX512x1(c, a *float32, src *byte, units int, add bool)", d.name), 16, 33)
	a.flushDenormals()
	a.op("VMOVDQU32 ·evenOdd(SB), Z30")
	a.op("VMOVDQU32 ·evenOdd+64(SB), Z31")
	a.op("VPMOVSXBD ·%s(SB), Z29", d.table)
	a.op("VCVTDQ2PS Z29, Z29")
	a.codedArgs()
	for h := range 2 {
		a.op("VPXORD Z%d, Z%d, Z%d", 20+h, 20+h, 20+h)
	}
	a.op("CMPB add+32(FP), $0")
	a.op("JEQ unit")
	for h := range 2 {
		a.op("VMOVUPS %d(DI), Z%d", 64*h, 20+h)
	}
	halves := []source{{block: "SI", numbers: 8}, {block: "R11", numbers: 10}}
	a.label("unit")
	a.op("LEAQ %d(SI), R11", d.blockBytes())
	for i := range 4 {
		a.op("VPXORD Z%d, Z%d, Z%d", 16+i, 16+i, 16+i)
	}
	for p := range pairs {
		a.op("VBROADCASTSD %d(DX), Z22", 8*p)
		for h, from := range halves {
			a.fetchCodes(d, p, from.block)
			a.codesAVX512(d, p, from)
			for v := range 2 {
				a.op("VFMADD231PS Z22, Z%d, Z%d", from.numbers+v, 16+2*h+v)
			}
		}
	}
	for h, from := range halves {
		sums := 16 + 2*h
		a.op("VMOVDQA64 Z%d, Z8", sums)
		a.op("VPERMT2PS Z%d, Z30, Z%d", sums+1, sums)
		a.op("VPERMT2PS Z%d, Z31, Z8", sums+1)
		a.op("VPMOVZXWD (%s), Z9", from.block)
		a.op("VPSLLD $16, Z9, Z9")
		a.op("VADDPS Z8, Z%d, Z%d", sums, sums)
		a.op("VMULPS Z9, Z%d, Z%d", sums, sums)
		a.op("VADDPS Z%d, Z%d, Z%d", sums, 20+h, 20+h)
	}
	a.op("ADDQ $%d, DX", pairs*8)
	a.op("LEAQ %d(R11), SI", d.blockBytes())
	a.op("DECQ CX")
	a.op("JNZ unit")
	for h := range 2 {
		a.op("VMOVUPS Z%d, %d(DI)", 20+h, 64*h)
	}
	a.leave()
}

// mildAVX512 reports whether the sizes of all numbers of A are 0 or in a range,
// given by the bits of its ends.
func (a *assembly) mildAVX512() {
	a.function("func mildAVX512(a *float32, blocks int, low, high uint32) bool", 0, 25)
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
