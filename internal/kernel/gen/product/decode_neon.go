package main

func decodeNEON() string {
	a := newAssembly()
	for i := range decodings {
		a.decodeNEON(&decodings[i])
	}
	return a.String()
}

// vectorNEON is an instruction on vectors that Go's assembler does not know
// (Arm Architecture Reference Manual, C7.2); those that end in 2 read the upper
// half.
type vectorNEON struct {
	name string
	code uint32
}

var (
	fcvtl  = vectorNEON{"FCVTL .4S .4H", 0x0e217800}
	fneg   = vectorNEON{"FNEG .4S", 0x6ea0f800}
	fmul   = vectorNEON{"FMUL .4S", 0x6e20dc00}
	fmlaV  = vectorNEON{"FMLA .4S", 0x4e20cc00}
	scvtf  = vectorNEON{"SCVTF .4S", 0x4e21d800}
	shll16 = [2]vectorNEON{{"SHLL .4S .4H 16", 0x2e613800}, {"SHLL2 .4S .8H 16", 0x6e613800}}
	sxtlB  = [2]vectorNEON{{"SXTL .8H .8B", 0x0f08a400}, {"SXTL2 .8H .16B", 0x4f08a400}}
	sxtlH  = [2]vectorNEON{{"SXTL .4S .4H", 0x0f10a400}, {"SXTL2 .4S .8H", 0x4f10a400}}
	uxtlB  = [2]vectorNEON{{"UXTL .8H .8B", 0x2f08a400}, {"UXTL2 .8H .16B", 0x6f08a400}}
	uxtlH  = [2]vectorNEON{{"UXTL .4S .4H", 0x2f10a400}, {"UXTL2 .4S .8H", 0x6f10a400}}
)

func (a *assembly) do(i vectorNEON, d, n, m int) {
	a.word(i.code|uint32(m<<16|n<<5|d), "%s V%d V%d V%d", i.name, d, n, m)
}

// decodeNEON takes a row of 32 numbers as eight vectors of two columns each.
//
//	R0 the half, R6 the block of what is written   R1 what is read
//	R2 units, R3 halves, R4 blocks left   R5 the half's head
//	V0 to V7 scales, V8 to V15 offsets less than 0 or the other scales
//	V28 the low halves of bytes   V29 table   V30, V31 1, 0x7fff
func (a *assembly) decodeNEON(d *decoding) {
	a.function(sprintf("func decode%sNEON(dst *tensor.BF16, src *byte, units int)", d.name), 0, 24)
	a.op("MOVD dst+0(FP), R0")
	a.op("MOVD src+8(FP), R1")
	a.op("MOVD units+16(FP), R2")
	if d.table != "" {
		a.op("MOVD $·%s(SB), R4", d.table)
		a.op("FMOVQ (R4), F29")
		a.op("MOVD $15, R4")
		a.op("VDUP R4, V28.B16")
	}
	for i, bits := range []string{"1", "0x7fff"} {
		a.op("MOVD $%s, R4", bits)
		a.op("VDUP R4, V%d.S4", 30+i)
	}
	a.label("unit")
	a.op("MOVD $2, R3")
	a.label("half")
	a.op("MOVD R0, R6")
	if d.blocks > 1 {
		a.op("MOVD R1, R5")
		a.op("ADD $%d, R1", d.headBytes())
		a.op("MOVD $%d, R4", d.blocks)
		a.label("block")
	}
	a.scalesNEON(d)
	for p := range pairs {
		a.rowNEON(d, p)
	}
	a.op("ADD $%d, R1", d.blockBytes())
	if d.blocks > 1 {
		a.op("ADD $%d, R6", blockBytes)
		a.op("SUB $1, R4")
		a.op("CBNZ R4, block")
	}
	a.op("ADD $%d, R0", halfBytes)
	a.op("SUB $1, R3")
	a.op("CBNZ R3, half")
	if d.blocks > 1 {
		a.op("ADD $%d, R0", (d.blocks-1)*blockBytes)
	}
	a.op("SUB $1, R2")
	a.op("CBNZ R2, unit")
	a.op("RET")
}

func (a *assembly) scalesNEON(d *decoding) {
	twice := func(from, v int) {
		a.op("VZIP1 V%d.S4, V%d.S4, V%d.S4", from, from, v)
		a.op("VZIP2 V%d.S4, V%d.S4, V%d.S4", from, from, v+1)
	}
	product := func(bytes, halves [2]vectorNEON, at, head, v int) {
		a.op("FMOVQ %d(R1), F16", at)
		for i := range 4 {
			a.op("FMOVD %d(R5), F17", head+8*i)
			a.do(fcvtl, 17, 17, 0)
			a.do(bytes[i/2], 18, 16, 0)
			a.do(halves[i%2], 18, 18, 0)
			a.do(scvtf, 18, 18, 0)
			a.do(fmul, 18, 18, 17)
			if v > 0 && d.scales == scalesOffset {
				a.do(fneg, 18, 18, 0)
			}
			twice(18, v+2*i)
		}
	}
	switch d.scales {
	case scalesF16, scalesBF16:
		for i := range 4 {
			a.op("FMOVD %d(R1), F16", 8*i)
			if d.scales == scalesF16 {
				a.do(fcvtl, 16, 16, 0)
			} else {
				a.do(shll16[0], 16, 16, 0)
			}
			twice(16, 2*i)
		}
	case scalesOffset:
		product(uxtlB, uxtlH, 0, 0, 0)
		product(uxtlB, uxtlH, 16, 32, 8)
	case scalesTwo:
		product(sxtlB, sxtlH, 0, 0, 0)
		product(sxtlB, sxtlH, 16, 0, 8)
	}
}

// rowNEON has the codes of 16 numbers in V16.
func (a *assembly) rowNEON(d *decoding, pair int) {
	at := scaleBytes + pair*d.rowBytes()
	if at%64 < d.rowBytes() {
		a.op("PRFM %d(R1), PLDL1KEEP", d.fetchBytes()+at)
	}
	for half := range 2 {
		if d.table == "" {
			a.op("FMOVQ %d(R1), F16", at+16*half)
		} else {
			a.op("FMOVQ %d(R1), F16", at)
			if half == 1 {
				a.op("VUSHR $4, V16.B16, V16.B16")
			} else {
				a.op("VAND V28.B16, V16.B16, V16.B16")
			}
			a.op("VTBL V16.B16, [V29.B16], V16.B16")
		}
		for i := range 4 {
			v, scale := 20+i, 4*half+i
			if i%2 == 0 {
				a.do(sxtlB[i/2], 17, 16, 0)
			}
			a.do(sxtlH[i%2], v, 17, 0)
			a.do(scvtf, v, v, 0)
			switch {
			case d.scales == scalesOffset:
				a.op("VORR V%d.B16, V%d.B16, V18.B16", 8+scale, 8+scale)
				a.do(fmlaV, 18, v, scale)
				v = 18
			case d.scales == scalesTwo && pair >= pairs/2:
				a.do(fmul, v, v, 8+scale)
			default:
				a.do(fmul, v, v, scale)
			}
			a.op("VUSHR $16, V%d.S4, V19.S4", v)
			a.op("VAND V30.B16, V19.B16, V19.B16")
			a.op("VADD V31.S4, V19.S4, V19.S4")
			a.op("VADD V%d.S4, V19.S4, V%d.S4", v, 20+i)
		}
		for i := range 2 {
			a.op("VUZP2 V%d.H8, V%d.H8, V16.H8", 21+2*i, 20+2*i)
			a.op("FMOVQ F16, %d(R6)", pair*pairBytes+32*half+16*i)
		}
	}
}
