package main

func decodeAVX2() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeAVX2(&decodings[i])
		a.mulCodedAVX2(&decodings[i], false)
		if decodings[i].name == "MXFP4" {
			a.mulCodedAVX2(&decodings[i], true)
		}
	}
	a.mildAVX2()
	return a.String()
}

// decodeAVX2 takes a row of 32 numbers as four vectors of four columns each.
//
//	Y0 to Y3 scales, Y4 to Y7 offsets or the other scales   Y8 to Y11 numbers
//	Y12 the low halves of bytes   Y13 table, or 8   Y14, Y15 1, 0x7fff
func (a *assembly) decodeAVX2(d *decoding) {
	a.function(sprintf("func decode%sAVX2(dst *tensor.BF16, src *byte, units int)", d.name), 0, 24)
	a.constantsAVX2(d)
	a.decodeLoops(d, func() {
		a.scalesAVX2(d)
		for p := range pairs {
			a.fetchCodes(d, p, "SI")
			for v := range 2 {
				a.numbersAVX2(d, p, v, inRegister)
				a.op("VPSRLD $16, Y8, Y8")
				a.op("VPSRLD $16, Y9, Y9")
				a.op("VPACKUSDW Y9, Y8, Y8")
				a.op("VPERMQ $0xd8, Y8, Y8")
				a.op("VMOVDQU Y8, %d(R10)", p*pairBytes+32*v)
			}
		}
	})
}

func (a *assembly) constantsAVX2(d *decoding) {
	switch {
	case d.linear():
		for i, number := range []int{15, 8} {
			a.op("MOVL $%d, AX", number)
			a.op("VMOVD AX, X%d", 12+i)
			a.op("VPBROADCASTD X%d, Y%d", 12+i, 12+i)
		}
	case d.table != "":
		a.op("MOVL $0x0f0f0f0f, AX")
		a.op("VMOVD AX, X12")
		a.op("VPBROADCASTD X12, X12")
		a.op("VMOVDQU ·%s(SB), X13", d.table)
	}
	for i, bits := range []string{"1", "0x7fff"} {
		a.op("MOVL $%s, AX", bits)
		a.op("VMOVD AX, X%d", 14+i)
		a.op("VPBROADCASTD X%d, Y%d", 14+i, 14+i)
	}
}

func inRegister(i int) string { return sprintf("Y%d", i) }

func (a *assembly) scalesAVX2(d *decoding) {
	twice := func(y int) {
		for i := range 2 {
			a.op("VMOVDQU ·pairColumns+%d(SB), Y9", 32*i)
			a.op("VPERMPS Y8, Y9, Y%d", y+i)
		}
	}
	product := func(widen string, at, head, y int) {
		for i := range 2 {
			a.op("%s %d(SI), Y8", widen, at+8*i)
			a.op("VCVTPH2PS %d(R11), Y9", head+16*i)
			a.op("VCVTDQ2PS Y8, Y8")
			a.op("VMULPS Y9, Y8, Y8")
			twice(y + 2*i)
		}
	}
	switch d.scales {
	case scalesF16:
		for i := range 2 {
			a.op("VCVTPH2PS %d(SI), Y8", 16*i)
			twice(2 * i)
		}
	case scalesBF16:
		for i := range 2 {
			a.op("VPMOVZXWD %d(SI), Y8", 16*i)
			a.op("VPSLLD $16, Y8, Y8")
			twice(2 * i)
		}
	case scalesOffset:
		product("VPMOVZXBD", 0, 0, 0)
		product("VPMOVZXBD", 16, 32, 4)
	case scalesTwo:
		product("VPMOVSXBD", 0, 0, 0)
		product("VPMOVSXBD", 16, 0, 4)
	}
}

// numbersAVX2 makes half a row of numbers in Y8 and Y9, rounded, in the upper
// halves of words. scale is where scales are, and 4 further on offsets or the
// other scales.
func (a *assembly) numbersAVX2(d *decoding, pair, half int, scale func(i int) string) {
	a.codesAVX2(d, pair, half)
	for v := range 2 {
		number, i := 8+v, 2*half+v
		switch {
		case d.scales == scalesOffset:
			a.op("VMOVUPS %s, Y10", scale(i))
			a.op("VFMSUB213PS %s, Y10, Y%d", scale(4+i), number)
		case d.scales == scalesTwo && pair >= pairs/2:
			a.op("VMULPS %s, Y%d, Y%d", scale(4+i), number, number)
		default:
			a.op("VMULPS %s, Y%d, Y%d", scale(i), number, number)
		}
		a.op("VPSRLD $16, Y%d, Y10", number)
		a.op("VPAND Y14, Y10, Y10")
		a.op("VPADDD Y15, Y%d, Y%d", number, number)
		a.op("VPADDD Y10, Y%d, Y%d", number, number)
	}
}

// codesAVX2 makes half a row of q in fp32, in Y8 and Y9.
func (a *assembly) codesAVX2(d *decoding, pair, half int) {
	at := scaleBytes + pair*d.rowBytes()
	switch {
	case d.linear():
		for v := range 2 {
			a.op("VPMOVZXBD %d(SI), Y%d", at+8*v, 8+v)
			if half == 0 {
				a.op("VPAND Y12, Y%d, Y%d", 8+v, 8+v)
			} else {
				a.op("VPSRLD $4, Y%d, Y%d", 8+v, 8+v)
			}
			if d.scales == scalesF16 {
				a.op("VPSUBD Y13, Y%d, Y%d", 8+v, 8+v)
			}
		}
	case d.table != "":
		a.op("VMOVDQU %d(SI), X10", at)
		if half == 1 {
			a.op("VPSRLW $4, X10, X10")
		}
		a.op("VPAND X12, X10, X10")
		a.op("VPSHUFB X10, X13, X10")
		a.op("VPMOVSXBD X10, Y8")
		a.op("VPSRLDQ $8, X10, X10")
		a.op("VPMOVSXBD X10, Y9")
	default:
		a.op("VPMOVSXBD %d(SI), Y8", at+16*half)
		a.op("VPMOVSXBD %d(SI), Y9", at+16*half+8)
	}
	a.op("VCVTDQ2PS Y8, Y8")
	a.op("VCVTDQ2PS Y9, Y9")
}

// inFrame is where mulCodedAVX2 keeps scales, and 4 vectors further on offsets or
// the other scales.
func inFrame(i int) string { return sprintf("%d(SP)", 32+32*i) }

// mulCodedAVX2 multiplies one row of A by units of a panel, without writing its
// numbers down. A vector of sums has even and odd ones in turn, for four columns.
// With mild it is mulMildAVX512.
//
//	DX A of the unit, R10 of the block   DI C, R12 of the half
//	SI the block, R11 the half's head   CX units, R8 halves, R9 blocks left
//	Y4 to Y7 sums   Y8, Y9 numbers   Y2 a pair of A   Y3 upper halves of words
func (a *assembly) mulCodedAVX2(d *decoding, mild bool) {
	name := "mulCoded"
	if mild {
		name = "mulMild"
	}
	a.function(sprintf("func %s%sAVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)", name, d.name), 288, 33)
	a.flushDenormals()
	a.constantsAVX2(d)
	a.codedArgs()
	a.op("CMPB add+32(FP), $0")
	a.op("JNE unit")
	a.op("VXORPS Y0, Y0, Y0")
	for i := range 4 {
		a.op("VMOVUPS Y0, %d(DI)", 32*i)
	}
	a.label("unit")
	a.op("MOVQ $2, R8")
	a.op("MOVQ DI, R12")
	a.label("half")
	a.op("MOVQ DX, R10")
	if d.blocks > 1 {
		a.op("MOVQ SI, R11")
		a.op("PREFETCHT0 %d(R11)", d.fetchBytes())
		a.op("ADDQ $%d, SI", d.headBytes())
		a.op("MOVQ $%d, R9", d.blocks)
		a.label("block")
	}
	a.codedBlockAVX2(d, mild)
	a.op("ADDQ $%d, SI", d.blockBytes())
	a.op("ADDQ $%d, R10", pairs*8)
	if d.blocks > 1 {
		a.op("DECQ R9")
		a.op("JNZ block")
	}
	a.op("ADDQ $64, R12")
	a.op("DECQ R8")
	a.op("JNZ half")
	a.op("ADDQ $%d, DX", d.blocks*pairs*8)
	a.op("DECQ CX")
	a.op("JNZ unit")
	a.leave()
}

func (a *assembly) codedBlockAVX2(d *decoding, mild bool) {
	if !mild {
		a.scalesAVX2(d)
		for i := range 4 {
			a.op("VMOVUPS Y%d, %s", i, inFrame(i))
			if d.headBytes() > 0 {
				a.op("VMOVUPS Y%d, %s", 4+i, inFrame(4+i))
			}
		}
		a.op("VPCMPEQD Y3, Y3, Y3")
		a.op("VPSLLD $16, Y3, Y3")
	}
	for i := range 4 {
		a.op("VXORPS Y%d, Y%d, Y%d", 4+i, 4+i, 4+i)
	}
	for p := range pairs {
		a.fetchCodes(d, p, "SI")
		a.op("VBROADCASTSD %d(R10), Y2", 8*p)
		for half := range 2 {
			if mild {
				a.codesAVX2(d, p, half)
			} else {
				a.numbersAVX2(d, p, half, inFrame)
			}
			for v := range 2 {
				if !mild {
					a.op("VPAND Y3, Y%d, Y%d", 8+v, 8+v)
				}
				a.op("VFMADD231PS Y2, Y%d, Y%d", 8+v, 4+2*half+v)
			}
		}
	}
	for i := range 2 {
		sums := 4 + 2*i
		a.op("VHADDPS Y%d, Y%d, Y%d", sums+1, sums, sums) // columns 0, 1, 4, 5; 2, 3, 6, 7
		a.op("VPERMPD $0xd8, Y%d, Y%d", sums, sums)
		if mild {
			a.op("VPMOVZXWD %d(SI), Y8", 16*i)
			a.op("VPSLLD $16, Y8, Y8")
			a.op("VMULPS Y8, Y%d, Y%d", sums, sums)
		}
		a.op("VADDPS %d(R12), Y%d, Y%d", 32*i, sums, sums)
		a.op("VMOVUPS Y%d, %d(R12)", sums, 32*i)
	}
}

// mildAVX2 is mildAVX512.
func (a *assembly) mildAVX2() {
	a.function("func mildAVX2(a unsafe.Pointer, blocks int, low, high uint32) bool", 0, 25)
	a.op("MOVQ a+0(FP), SI")
	a.op("MOVQ blocks+8(FP), CX")
	for i, from := range []string{"low+16(FP)", "high+20(FP)", "$0x7fffffff"} {
		a.op("MOVL %s, AX", from)
		a.op("VMOVD AX, X%d", 13+i)
		a.op("VPBROADCASTD X%d, Y%d", 13+i, 13+i)
	}
	a.op("VPXOR Y11, Y11, Y11") // what is wrong
	a.op("VPXOR Y12, Y12, Y12")
	a.label("block")
	for i := range 4 {
		a.op("VPAND %d(SI), Y15, Y0", 32*i)
		a.op("VPCMPEQD Y12, Y0, Y1")
		a.op("VPCMPGTD Y0, Y13, Y2")
		a.op("VPCMPGTD Y14, Y0, Y3")
		a.op("VPOR Y2, Y3, Y3")
		a.op("VPANDN Y3, Y1, Y3")
		a.op("VPOR Y3, Y11, Y11")
	}
	a.op("ADDQ $128, SI")
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("VPTEST Y11, Y11")
	a.op("SETEQ ret+24(FP)")
	a.op("VZEROUPPER")
	a.op("RET")
}
