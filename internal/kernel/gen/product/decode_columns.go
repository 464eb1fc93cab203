package main

// decodeColumns writes what meets weights whose codes lie column by column. A half
// of a block is a tile of AMX of which a row is a column, so that a row has one
// scale, or two.
func decodeColumns() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeColumns(&decodings[i])
		a.mulColumns(&decodings[i])
	}
	return a.String()
}

// Offsets of the fields of columnsArgs.
const (
	columnsSums = 8 * iota
	columnsSumRow
	columnsSumHalf
	columnsX
	columnsXRow
	columnsXBlock
	columnsSrc
	columnsUnits
	columnsTiles
	columnsConfig
)

// decodedBytes is the size of a decoded block and its scales.
const decodedBytes = blockBytes + 2*scalesBytes

// scalesBytes is the memory for two scales of 16 columns, or a scale and an offset.
const scalesBytes = 128

// columnsAhead is how far ahead codes are fetched, to the second cache: fetching
// them to the first one is slower.
const columnsAhead = 6144

// decodedHalf is where a half of a block is decoded and where its scales are.
type decodedHalf struct {
	base       string
	at         int
	scalesBase string
	scalesAt   int
}

func (h *decodedHalf) row(column int) string { return sprintf("%d(%s)", h.at+64*column, h.base) }

func (h *decodedHalf) scale(column int) string {
	return sprintf("%d(%s)", h.scalesAt+4*column, h.scalesBase)
}

func (h *decodedHalf) second(column int) string { return h.scale(16 + column) }

// mulColumns multiplies units of a panel by few rows: the sums of a half are a tile
// of 16 columns by the rows, and B is x, in pairs of each row. A block is
// multiplied while the next one is decoded.
//
//	DI arguments   SI, R12 halves of the panel, BX, R13 their heads
//	R10 the decoded block, R8 that before   DX x   R9 64, R11 the rows of x
//	CX units, AX blocks left   T0, T1 sums   T4, T5 weights   T6 x
func (a *assembly) mulColumns(d *decoding) {
	a.function(sprintf("func mulColumns%sAMX(t *columnsArgs)", d.name), 0, 8)
	a.op("MOVQ t+0(FP), DI")
	a.op("MOVQ %d(DI), R8", columnsConfig)
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.columnSums(tileLoad, "TILELOADD")
	a.op("MOVQ %d(DI), SI", columnsSrc)
	a.op("MOVQ %d(DI), CX", columnsUnits)
	a.op("MOVQ %d(DI), R10", columnsTiles)
	a.op("LEAQ %d(R10), R8", decodedBytes)
	a.op("MOVQ %d(DI), DX", columnsX)
	a.op("SUBQ %d(DI), DX", columnsXBlock)
	a.op("MOVQ %d(DI), R11", columnsXRow)
	a.op("MOVL $64, R9")
	if d.odd() {
		a.wordConstants(d)
	} else {
		a.columnConstants(d)
	}
	halves := []source{{block: "SI", head: "BX"}, {block: "R12", head: "R13"}}
	a.label("unit")
	a.op("LEAQ %d(SI), R12", d.headBytes()+d.blocks*d.blockBytes())
	if d.blocks > 1 {
		for _, h := range halves {
			a.op("MOVQ %s, %s", h.block, h.head)
			a.op("PREFETCHT1 %d(%s)", columnsAhead, h.head)
			a.op("ADDQ $%d, %s", d.headBytes(), h.block)
		}
		a.op("MOVL $%d, AX", d.blocks)
		a.label("block")
	}
	for i, from := range halves {
		to := &decodedHalf{"R10", i * halfBytes, "R10", blockBytes + i*scalesBytes}
		if d.odd() {
			a.wordsHalf(d, from, to)
		} else {
			a.decodeHalf(d, from, to)
		}
		a.op("ADDQ $%d, %s", d.blockBytes(), from.block)
		a.op("CMPQ DX, %d(DI)", columnsX)
		a.op("JCS first%d", i)
		a.columnProduct(i)
		a.label(sprintf("first%d", i))
	}
	a.op("XCHGQ R10, R8")
	a.op("ADDQ %d(DI), DX", columnsXBlock)
	if d.blocks > 1 {
		a.op("DECQ AX")
		a.op("JNZ block")
	}
	a.op("MOVQ R12, SI")
	a.op("DECQ CX")
	a.op("JNZ unit")
	for i := range halves {
		a.columnProduct(i)
	}
	a.columnSums(tileStore, "TILESTORED")
	a.op("VZEROUPPER")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// columnSums moves the sums of both halves.
func (a *assembly) columnSums(what func(tile byte, base, index string, disp int32) []byte, name string) {
	a.op("MOVQ %d(DI), R8", columnsSums)
	a.op("MOVQ %d(DI), R11", columnsSumRow)
	for h := range byte(2) {
		a.raw(what(h, "R8", "R11", 0), "%s T%d, (R8)(R11*1)", name, h)
		a.op("ADDQ %d(DI), R8", columnsSumHalf)
	}
}

// columnProduct multiplies a half of the block before.
func (a *assembly) columnProduct(half int) {
	if half == 0 {
		a.raw(tileLoad(6, "DX", "R11", 0), "TILELOADD T6, (DX)(R11*1)")
	}
	at, weights := half*halfBytes, byte(4+half)
	a.raw(tileLoad(weights, "R8", "R9", int32(at)), "TILELOADD T%d, %d(R8)(R9*1)", weights, at)
	a.raw(tileProduct(byte(half), weights, 6), "TDPBF16PS T%d += T%d T6", half, weights)
}

// decodeColumns decodes to the order of Packed. R12 has the scales.
func (a *assembly) decodeColumns(d *decoding) {
	a.function(sprintf("func decode%sAMX(dst *tensor.BF16, src *byte, units int)", d.name), scalesBytes+64, 24)
	a.op("LEAQ 63(SP), R12")
	a.op("ANDQ $-64, R12")
	a.decodeLoops(d, func() {
		a.columnConstants(d)
		a.decodeHalf(d, decodeSource, &decodedHalf{"R10", 0, "R12", 0})
		for r := range 16 {
			a.op("VMOVDQU32 %d(R10), Z%d", r*pairBytes, r)
		}
		a.transpose16()
		for r := range 16 {
			a.op("VMOVDQU32 Z%d, %d(R10)", r, r*pairBytes)
		}
	})
}

// columnConstants sets, for codes that are looked up, Z31 to the numbers that they
// stand for, and Z30 to the other 16 of codes of 5 bits.
func (a *assembly) columnConstants(d *decoding) {
	switch {
	case d.biased():
		a.biasConstants()
	case d.table != "":
		a.op("VPMOVSXBD ·%s(SB), Z31", d.table)
		a.op("VCVTDQ2PS Z31, Z31")
		a.nibbleConstants()
	case d.scales == scalesOffset:
		a.op("VPMOVSXBD ·tableQ4K(SB), Z31")
		a.op("MOVL $16, AX")
		a.op("VPBROADCASTD AX, Z30")
		a.op("VPADDD Z30, Z31, Z30")
		a.op("VCVTDQ2PS Z31, Z31")
		a.op("VCVTDQ2PS Z30, Z30")
	}
}

// decodeHalf decodes a half of a block.
func (a *assembly) decodeHalf(d *decoding, from source, to *decodedHalf) {
	a.columnScales(d, from, to)
	for c := 0; c < 16; c += 2 {
		if size := d.rowBytes(); c*size%64 == 0 {
			a.op("PREFETCHT1 %d(%s)", columnsAhead+c*size, from.block)
		}
		switch {
		case d.table != "" && c%4 == 0:
			a.fourColumns(d, from, to, c)
		case d.table != "": // one of the four
		case d.scales == scalesOffset:
			a.lookedUpColumn(from, to, c)
			a.lookedUpColumn(from, to, c+1)
		case d.biased():
			a.biasedColumns(from, to, c)
		default:
			a.scaledColumn(d, from, to, c)
			a.scaledColumn(d, from, to, c+1)
		}
	}
	a.op("PREFETCHT1 %d(%s)", columnsAhead+16*d.rowBytes(), from.block)
}

// columnScales writes down the scales of a half of a block.
func (a *assembly) columnScales(d *decoding, from source, to *decodedHalf) {
	product := func(widen string, codes, head int, to string) {
		a.op("%s %d(%s), Z12", widen, codes, from.block)
		a.op("VCVTPH2PS %d(%s), Z13", head, from.head)
		a.op("VCVTDQ2PS Z12, Z12")
		a.op("VMULPS Z13, Z12, Z12")
		a.op("VMOVUPS Z12, %s", to)
	}
	switch d.scales {
	case scalesF16:
		a.op("VCVTPH2PS (%s), Z12", from.block)
		a.op("VMOVUPS Z12, %s", to.scale(0))
		if d.biased() {
			a.op("VMULPS Z19, Z12, Z12")
			a.op("VMOVUPS Z12, %s", to.second(0))
		}
	case scalesBF16:
		a.op("VPMOVZXWD (%s), Z12", from.block)
		a.op("VPSLLD $16, Z12, Z12")
		a.op("VMOVUPS Z12, %s", to.scale(0))
	case scalesOffset:
		product("VPMOVZXBD", 0, 0, to.scale(0))
		product("VPMOVZXBD", 16, 32, to.second(0))
	case scalesTwo:
		product("VPMOVSXBD", 0, 0, to.scale(0))
		product("VPMOVSXBD", 16, 0, to.second(0))
	}
}

// columnTable makes the numbers that 16 codes of a column mean.
func (a *assembly) columnTable(offset bool, to *decodedHalf, column, codes, z int) {
	if !offset {
		a.op("VMULPS.BCST %s, Z%d, Z%d", to.scale(column), codes, z)
		return
	}
	a.op("VBROADCASTSS %s, Z%d", to.scale(column), z)
	a.op("VFMSUB213PS.BCST %s, Z%d, Z%d", to.second(column), codes, z)
}

// roundTwo rounds what is in z and in the next register, and leaves it in z.
func (a *assembly) roundTwo(z int) {
	a.raw(roundPair(byte(z), byte(z+1), byte(z)), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", z, z+1, z)
}

// fourColumns decodes columns of codes of 4 bits, which share words. Two of them
// share a table, of which the second half is the second one's.
func (a *assembly) fourColumns(d *decoding, from source, to *decodedHalf, column int) {
	z := column / 4 % 2 * 8
	for i := range 4 {
		a.columnTable(d.scales == scalesOffset, to, column+i, 31, z+i)
	}
	a.roundTwo(z)
	a.roundTwo(z + 2)
	a.fourLookedUp(from, to, column)
}

// lookedUpColumn decodes a column of codes of 5 bits.
func (a *assembly) lookedUpColumn(from source, to *decodedHalf, column int) {
	z := column % 4 * 4
	a.columnTable(true, to, column, 31, z)
	a.columnTable(true, to, column, 30, z+1)
	a.op("VPMOVZXBW %d(%s), Z%d", scaleBytes+32*column, from.block, z+2)
	a.roundTwo(z)
	a.op("VPERMW Z%d, Z%d, Z%d", z, z+2, z)
	a.op("VMOVDQU32 Z%d, %s", z, to.row(column))
}

// scaledColumn decodes a column of signed bytes.
func (a *assembly) scaledColumn(d *decoding, from source, to *decodedHalf, column int) {
	z := column % 4 * 4
	scales := []string{to.scale(column), to.scale(column)}
	if d.scales == scalesTwo {
		scales[1] = to.second(column)
	}
	for i, scale := range scales {
		a.op("VPMOVSXBD %d(%s), Z%d", scaleBytes+32*column+16*i, from.block, z+i)
		a.op("VCVTDQ2PS Z%d, Z%d", z+i, z+i)
		a.op("VMULPS.BCST %s, Z%d, Z%d", scale, z+i, z+i)
	}
	a.roundTwo(z)
	a.op("VMOVDQU32 Z%d, %s", z, to.row(column))
}
