package main

func decodeAVX2() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeAVX2(&decodings[i])
	}
	return a.String()
}

// decodeAVX2 takes a row of 32 numbers as four vectors of four columns each.
//
//	Y0 to Y3 scales, Y4 to Y7 offsets or the other scales   Y8 to Y11 numbers
//	Y12 the low halves of bytes   Y13 table   Y14, Y15 1, 0x7fff
func (a *assembly) decodeAVX2(d *decoding) {
	a.function(sprintf("func decode%sAVX2(dst *tensor.BF16, src *byte, units int)", d.name), 0, 24)
	if d.table != "" {
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
	a.decodeLoops(d, func() {
		a.scalesAVX2(d)
		for p := range pairs {
			a.fetchCodes(d, p, "SI")
			for v := range 2 {
				a.numbersAVX2(d, p, v)
				a.op("VPACKUSDW Y9, Y8, Y8")
				a.op("VPERMQ $0xd8, Y8, Y8")
				a.op("VMOVDQU Y8, %d(R10)", p*pairBytes+32*v)
			}
		}
	})
}

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

// numbersAVX2 makes half a row of numbers in Y8 and Y9, rounded.
func (a *assembly) numbersAVX2(d *decoding, pair, half int) {
	at := scaleBytes + pair*d.rowBytes()
	if d.table != "" {
		a.op("VMOVDQU %d(SI), X10", at)
		if half == 1 {
			a.op("VPSRLW $4, X10, X10")
		}
		a.op("VPAND X12, X10, X10")
		a.op("VPSHUFB X10, X13, X10")
		a.op("VPMOVSXBD X10, Y8")
		a.op("VPSRLDQ $8, X10, X10")
		a.op("VPMOVSXBD X10, Y9")
	} else {
		a.op("VPMOVSXBD %d(SI), Y8", at+16*half)
		a.op("VPMOVSXBD %d(SI), Y9", at+16*half+8)
	}
	for v := range 2 {
		number, scale := 8+v, 2*half+v
		a.op("VCVTDQ2PS Y%d, Y%d", number, number)
		switch {
		case d.scales == scalesOffset:
			a.op("VFMSUB213PS Y%d, Y%d, Y%d", 4+scale, scale, number)
		case d.scales == scalesTwo && pair >= pairs/2:
			a.op("VMULPS Y%d, Y%d, Y%d", 4+scale, number, number)
		default:
			a.op("VMULPS Y%d, Y%d, Y%d", scale, number, number)
		}
		a.op("VPSRLD $16, Y%d, Y10", number)
		a.op("VPAND Y14, Y10, Y10")
		a.op("VPADDD Y10, Y%d, Y%d", number, number)
		a.op("VPADDD Y15, Y%d, Y%d", number, number)
		a.op("VPSRLD $16, Y%d, Y%d", number, number)
	}
}
