package main

func decodeAVX512() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeAVX512(&decodings[i], false)
		a.decodeAVX512(&decodings[i], true)
		for _, rows := range codedRows {
			a.mulCodedAVX512(&decodings[i], rows, false)
		}
		a.mulOneAVX512(&decodings[i], false)
		if decodings[i].name == "MXFP4" {
			a.mulOneAVX512(&decodings[i], true)
			a.mulCodedAVX512(&decodings[i], 1, true)
		}
	}
	a.mildAVX512()
	a.mildAVX512BF16()
	return a.String()
}

// decodeAVX512 takes a row of 32 numbers as two vectors: those of columns 0 to
// 7 and 8 to 15. With the instruction for it they are rounded at once, and the
// rows are those of quads: k2, k0 and k3, k1.
//
//	Z0, Z1 scales, Z2, Z3 offsets or the other scales   Z4 to Z7 numbers
//	Z26, Z27 1, 0x7fff   Z29 table   Z30, Z31 columns of pairs
func (a *assembly) decodeAVX512(d *decoding, bf16 bool) {
	name := "AVX512"
	if bf16 {
		name = "AVX512BF16"
	}
	a.function(sprintf("func decode%s%s(dst *tensor.BF16, src *byte, units int)", d.name, name), 0, 24)
	a.decodeConstants(d, bf16)
	if bf16 {
		a.wordMasks()
	}
	a.decodeLoops(d, func() {
		a.scalesAVX512(d, decodeSource)
		for p := range pairs {
			a.fetchCodes(d, p, "SI")
			if bf16 {
				a.decodeWords(d, p)
			} else {
				a.decodePair(d, p)
			}
		}
	})
}

func (a *assembly) decodePair(d *decoding, pair int) {
	a.numbersAVX512(d, pair, decodeSource)
	for v := range 2 {
		a.roundUp(4+v, 6)
		a.op("VPSRLD $16, Z%d, Z%d", 4+v, 4+v)
		a.op("VPMOVDW Z%d, %d(R10)", 4+v, pair*pairBytes+32*v)
	}
}

// decodeWords makes a row in Z4 or Z6, and writes two pairs when it has both.
func (a *assembly) decodeWords(d *decoding, row int) {
	from := decodeSource
	from.numbers += row % 2 * 2
	a.wordsAVX512(d, row, from)
	if row%2 == 0 {
		return
	}
	a.op("VPSRLD $16, Z4, Z5")
	a.op("VMOVDQU16 Z6, K2, Z5")
	a.op("VPSLLD $16, Z6, Z7")
	a.op("VMOVDQU16 Z4, K1, Z7")
	a.op("VMOVDQU32 Z5, %d(R10)", (row-1)*pairBytes)
	a.op("VMOVDQU32 Z7, %d(R10)", row*pairBytes)
}

// wordsAVX512 makes a row of numbers in bf16, in the first register for them.
func (a *assembly) wordsAVX512(d *decoding, row int, from source) {
	a.numbersAVX512(d, row, from)
	n := byte(from.numbers)
	a.raw(roundPair(n, n+1, n), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", n, n+1, n)
}

// wordMasks sets K1 and K2 to the lower and the upper halves of words.
func (a *assembly) wordMasks() {
	a.op("MOVL $0x55555555, AX")
	a.op("KMOVD AX, K1")
	a.op("KNOTD K1, K2")
}

// decodeConstants sets Z26 to Z31.
func (a *assembly) decodeConstants(d *decoding, bf16 bool) {
	a.op("VMOVDQU32 ·pairColumns(SB), Z30")
	a.op("VMOVDQU32 ·pairColumns+64(SB), Z31")
	if d.table != "" {
		a.op("VPMOVSXBD ·%s(SB), Z29", d.table)
		a.op("VCVTDQ2PS Z29, Z29")
	}
	if !bf16 {
		for i, bits := range []string{"1", "0x7fff"} {
			a.op("MOVL $%s, AX", bits)
			a.op("VPBROADCASTD AX, Z%d", 26+i)
		}
	}
}

// roundUp adds to numbers what rounds their upper halves to nearest, ties to even.
func (a *assembly) roundUp(z, temporary int) {
	a.op("VPSRLD $16, Z%d, Z%d", z, temporary)
	a.op("VPANDD Z26, Z%d, Z%d", temporary, temporary)
	a.op("VPADDD Z27, Z%d, Z%d", z, z)
	a.op("VPADDD Z%d, Z%d, Z%d", temporary, z, z)
}

// source is where a half's block and head are, and the first of the registers
// for its scales and its numbers.
type source struct {
	block, head     string
	scales, numbers int
}

var decodeSource = source{"SI", "R11", 0, 4}

// scalesAVX512 reads the scales of a block, each twice: for even and odd.
func (a *assembly) scalesAVX512(d *decoding, from source) {
	twice := func(z int) {
		a.op("VPERMPS Z12, Z30, Z%d", from.scales+z)
		a.op("VPERMPS Z12, Z31, Z%d", from.scales+z+1)
	}
	product := func(widen string, at, head, z int) {
		a.op("%s %d(%s), Z12", widen, at, from.block)
		a.op("VCVTPH2PS %d(%s), Z13", head, from.head)
		a.op("VCVTDQ2PS Z12, Z12")
		a.op("VMULPS Z13, Z12, Z12")
		twice(z)
	}
	switch d.scales {
	case scalesF16:
		a.op("VCVTPH2PS (%s), Z12", from.block)
		twice(0)
	case scalesBF16:
		a.op("VPMOVZXWD (%s), Z12", from.block)
		a.op("VPSLLD $16, Z12, Z12")
		twice(0)
	case scalesOffset:
		product("VPMOVZXBD", 0, 0, 0)
		product("VPMOVZXBD", 16, 32, 2)
	case scalesTwo:
		product("VPMOVSXBD", 0, 0, 0)
		product("VPMOVSXBD", 16, 0, 2)
	}
}

// numbersAVX512 makes a row of numbers.
func (a *assembly) numbersAVX512(d *decoding, pair int, from source) {
	a.codesAVX512(d, pair, from)
	for v := range 2 {
		z, scale := from.numbers+v, from.scales+v
		switch {
		case d.scales == scalesOffset:
			a.op("VFMSUB213PS Z%d, Z%d, Z%d", scale+2, scale, z)
		case d.scales == scalesTwo && pair >= pairs/2:
			a.op("VMULPS Z%d, Z%d, Z%d", scale+2, z, z)
		default:
			a.op("VMULPS Z%d, Z%d, Z%d", scale, z, z)
		}
	}
}

// codesAVX512 makes a row of q in fp32.
func (a *assembly) codesAVX512(d *decoding, pair int, from source) {
	at, z := scaleBytes+pair*d.rowBytes(), from.numbers
	if d.table == "" {
		for v := range 2 {
			a.op("VPMOVSXBD %d(%s), Z%d", at+16*v, from.block, z+v)
			a.op("VCVTDQ2PS Z%d, Z%d", z+v, z+v)
		}
		return
	}
	a.op("VPMOVZXBD %d(%s), Z%d", at, from.block, z)
	a.op("VPSRLD $4, Z%d, Z%d", z, z+1)
	for v := range 2 { // the upper bits of an index do not count
		a.op("VPERMPS Z29, Z%d, Z%d", z+v, z+v)
	}
}
