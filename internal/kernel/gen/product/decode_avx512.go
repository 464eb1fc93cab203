package main

func decodeAVX512() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeAVX512(&decodings[i], false)
		a.decodeAVX512(&decodings[i], true)
	}
	return a.String()
}

// decodeAVX512 takes a row of 32 numbers as two vectors: those of columns 0 to
// 7 and 8 to 15. With the instruction for it they are rounded at once.
//
//	Z0, Z1 scales, Z2, Z3 offsets or the other scales   Z4 to Z7 numbers
//	Z26, Z27 1, 0x7fff   Z28, Z29 d, min   Z25 table   Z30, Z31 columns of pairs
func (a *assembly) decodeAVX512(d *decoding, bf16 bool) {
	name := "AVX512"
	if bf16 {
		name = "AVX512BF16"
	}
	a.function(sprintf("func decode%s%s(dst *tensor.BF16, src *byte, units int)", d.name, name), 0, 24)
	a.op("VMOVDQU32 ·pairColumns(SB), Z30")
	a.op("VMOVDQU32 ·pairColumns+64(SB), Z31")
	if d.table != "" {
		a.op("VPMOVSXBD ·%s(SB), Z25", d.table)
		a.op("VCVTDQ2PS Z25, Z25")
	}
	if !bf16 {
		for i, bits := range []string{"1", "0x7fff"} {
			a.op("MOVL $%s, AX", bits)
			a.op("VPBROADCASTD AX, Z%d", 26+i)
		}
	}
	a.decodeLoops(d, func() {
		a.scalesAVX512(d)
		for p := range pairs {
			a.fetchCodes(d, p)
			a.numbersAVX512(d, p)
			if bf16 {
				a.raw(roundPair(4, 5, 4), "VCVTNE2PS2BF16 Z4, Z5, Z4")
				a.op("VMOVDQU32 Z4, %d(R10)", p*pairBytes)
				continue
			}
			for v := range 2 {
				a.op("VPSRLD $16, Z%d, Z6", 4+v)
				a.op("VPANDD Z26, Z6, Z6")
				a.op("VPADDD Z6, Z%d, Z%d", 4+v, 4+v)
				a.op("VPADDD Z27, Z%d, Z%d", 4+v, 4+v)
				a.op("VPSRLD $16, Z%d, Z%d", 4+v, 4+v)
				a.op("VPMOVDW Z%d, %d(R10)", 4+v, p*pairBytes+32*v)
			}
		}
	})
}

// scalesAVX512 reads the scales of a block, each twice: for even and odd.
func (a *assembly) scalesAVX512(d *decoding) {
	twice := func(z int) {
		a.op("VPERMPS Z8, Z30, Z%d", z)
		a.op("VPERMPS Z8, Z31, Z%d", z+1)
	}
	product := func(widen string, at, head, z int) {
		a.op("%s %d(SI), Z8", widen, at)
		a.op("VCVTPH2PS %d(R11), Z9", head)
		a.op("VCVTDQ2PS Z8, Z8")
		a.op("VMULPS Z9, Z8, Z8")
		twice(z)
	}
	switch d.scales {
	case scalesF16:
		a.op("VCVTPH2PS (SI), Z8")
		twice(0)
	case scalesBF16:
		a.op("VPMOVZXWD (SI), Z8")
		a.op("VPSLLD $16, Z8, Z8")
		twice(0)
	case scalesOffset:
		product("VPMOVZXBD", 0, 0, 0)
		product("VPMOVZXBD", 16, 32, 2)
	case scalesTwo:
		product("VPMOVSXBD", 0, 0, 0)
		product("VPMOVSXBD", 16, 0, 2)
	}
}

// numbersAVX512 makes a row of numbers in Z4 and Z5.
func (a *assembly) numbersAVX512(d *decoding, pair int) {
	at := scaleBytes + pair*d.rowBytes()
	if d.table != "" { // the upper bits of an index do not count
		a.op("VPMOVZXBD %d(SI), Z4", at)
		a.op("VPSRLD $4, Z4, Z5")
		a.op("VPERMPS Z25, Z4, Z4")
		a.op("VPERMPS Z25, Z5, Z5")
	} else {
		for v := range 2 {
			a.op("VPMOVSXBD %d(SI), Z%d", at+16*v, 4+v)
			a.op("VCVTDQ2PS Z%d, Z%d", 4+v, 4+v)
		}
	}
	for v := range 2 {
		switch scale := v + 2*b2i(d.scales == scalesTwo && pair >= pairs/2); d.scales {
		case scalesOffset:
			a.op("VFMSUB213PS Z%d, Z%d, Z%d", 2+v, scale, 4+v)
		default:
			a.op("VMULPS Z%d, Z%d, Z%d", scale, 4+v, 4+v)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
