package main

// neonRows are the tiles of NEON. Those of 1 and 2 rows take 16 columns at a
// time and the halves of a block in turn, in the order of memory; the others
// take 8 columns: six rows fill the registers.
var neonRows = []int{1, 2, 4, 6}

// neon writes the tiles, with A as in avx512.
func neon() string {
	a := newAssembly()
	for _, rows := range neonRows {
		a.mulNEON(rows)
	}
	for _, rows := range neonRows {
		a.packNEON(rows)
		a.packTNEON(rows)
	}
	a.packRowsNEON()
	a.packColsNEON()
	a.roundNEON()
	a.peakNEON()
	a.readNEON()
	return a.String()
}

// neonTile is the shape of a tile: vectors of 4 columns at a time, for a number
// of halves of a block in turn.
type neonTile struct{ rows, vectors, halves int }

// Sums of row r and vector v are V(r*2*vectors+v), odd ones vectors further on;
// the pair's numbers and A follow.
func (t neonTile) sum(r, v, odd int) int { return (2*r+odd)*t.vectors + v }
func (t neonTile) even() int             { return 2 * t.rows * t.vectors }
func (t neonTile) odd() int              { return t.even() + t.vectors }
func (t neonTile) a() int                { return t.odd() + t.vectors }

// fmla encodes FMLA Vd.4S, Vn.4S, Vm.S[lane] (Arm Architecture Reference
// Manual, C7.2.135), which Go's assembler does not know.
func fmla(d, n, m, lane int) uint32 {
	return 0x4f801000 | uint32(lane&1<<21|m<<16|lane>>1<<11|n<<5|d)
}

// fadd encodes FADD Vd.4S, Vn.4S, Vm.4S.
func fadd(d, n, m int) uint32 { return 0x4e20d400 | uint32(m<<16|n<<5|d) }

// fcmeq encodes FCMEQ Vd.4S, Vn.4S, Vm.4S, and bsl BSL Vd, Vn, Vm.
func fcmeq(d, n, m int) uint32 { return 0x4e20e400 | uint32(m<<16|n<<5|d) }
func bsl(d, n, m int) uint32   { return 0x6e601c00 | uint32(m<<16|n<<5|d) }

func (a *assembly) word(code uint32, format string, args ...any) {
	a.op("WORD $0x%08x // %s", code, sprintf(format, args...))
}

// mulNEON flushes denormals by FPCR.FZ. Arm takes a number for one before it is
// rounded, so a result may differ from the definition where FPSR says that
// something was flushed: then the sums are put back and the tile is marked.
//
//	R0 arguments   R1 A   R2 B   R3 C   R4 a row of C   R5 blocks
//	R6 tiles left   R8 A, R9 C of the tile   R7 panels left   R10 B, R11 C of the panel
//	R12 part of the panel   R13 bytes between rows of C   R14 marks
//	R16 bytes after a saved row   R19 FPCR, R20 FPSR of the caller
func (a *assembly) mulNEON(rows int) {
	t := neonTile{rows: rows, vectors: 2, halves: 1}
	if rows <= 2 {
		t = neonTile{rows: rows, vectors: 4, halves: 2}
	}
	a.function(sprintf("func tilesNEONx%d(t *tileArgs)", rows), rows*16*t.vectors*t.halves, 8)
	a.op("MOVD t+0(FP), R0")
	a.op("MRS FPCR, R19")
	a.op("MRS FPSR, R20")
	a.op("ORR $(1<<24), R19, R1")
	a.op("MSR R1, FPCR")
	a.op("MSR ZR, FPSR")
	a.oddMask()
	a.op("MOVD %d(R0), R10", argB)
	a.op("MOVD %d(R0), R11", argC)
	a.op("MOVD %d(R0), R7", argPanels)
	a.op("MOVD %d(R0), R13", argCRow)
	a.op("MOVD %d(R0), R14", argMarks)
	a.label("panel")
	a.op("MOVD $0, R12")
	a.label("part")
	a.op("MOVD %d(R0), R8", argA)
	a.op("MOVD R11, R9")
	a.op("MOVD %d(R0), R6", argTiles)
	a.label("tile")
	a.op("MOVD R8, R1")
	a.op("MOVD R10, R2")
	a.op("MOVD R9, R3")
	a.tileNEON(t)
	a.op("MOVD %d(R0), R4", argATile)
	a.op("ADD R4, R8")
	a.op("MOVD %d(R0), R4", argCTile)
	a.op("ADD R4, R9")
	a.op("SUB $1, R6")
	a.op("CBNZ R6, tile")
	if t.halves == 1 { // B: 0, 32, 1024, 1056 and back; C: 32 each and back
		a.op("ADD $32, R10")
		a.op("ADD $32, R11")
		a.op("ADD $1, R12")
		a.op("CMP $2, R12")
		a.op("BNE same")
		a.op("ADD $%d, R10", halfBytes-64)
		a.label("same")
		a.op("CMP $4, R12")
		a.op("BNE part")
		a.op("SUB $%d, R10", halfBytes+64)
		a.op("SUB $128, R11")
	}
	a.op("MOVD %d(R0), R4", argBPanel)
	a.op("ADD R4, R10")
	a.op("MOVD %d(R0), R4", argCPanel)
	a.op("ADD R4, R11")
	a.op("SUB $1, R7")
	a.op("CBNZ R7, panel")
	a.op("MSR R19, FPCR")
	a.op("MSR R20, FPSR")
	a.op("RET")
}

// oddMask sets V31 to the mask of the odd numbers of pairs.
func (a *assembly) oddMask() {
	a.op("MOVD $0xffff0000ffff0000, R4")
	a.op("VDUP R4, V31.D2")
}

func (a *assembly) tileNEON(t neonTile) {
	width := t.vectors * t.halves
	a.op("MOVD %d(R0), R5", argAdd)
	a.op("CBNZ R5, add")
	a.op("MOVD R3, R4")
	a.op("VEOR V0.B16, V0.B16, V0.B16")
	for range t.rows {
		for v := range width {
			a.op("FMOVQ F0, %d(R4)", 16*v)
		}
		a.op("ADD R13, R4")
	}
	a.label("add")
	a.op("MOVD R3, R4")
	for r := range t.rows { // keep C
		for v := range width {
			a.op("FMOVQ %d(R4), F%d", 16*v, v)
			a.op("FMOVQ F%d, %d(RSP)", v, 16*(r*width+v)+8)
		}
		a.op("ADD R13, R4")
	}
	a.op("MOVD %d(R0), R5", argDepth)
	a.label("block")
	for h := range t.halves {
		for i := range t.even() {
			a.op("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
		}
		for p := range pairs {
			a.pairNEON(t, h*halfBytes+p*pairBytes, p*t.rows*8)
		}
		a.addNEON(t, h)
	}
	a.op("ADD $%d, R1", pairs*t.rows*8)
	a.op("ADD $%d, R2", blockBytes)
	a.op("SUB $1, R5")
	a.op("CBNZ R5, block")
	a.op("MRS FPSR, R5")
	a.op("AND $8, R5") // cumulative underflow
	a.op("MOVB R5, (R14)")
	a.op("ADD $1, R14")
	a.op("CBZ R5, done")
	a.op("MSR ZR, FPSR")
	a.op("MOVD R3, R4")
	for r := range t.rows {
		for v := range width {
			a.op("FMOVQ %d(RSP), F%d", 16*(r*width+v)+8, v)
			a.op("FMOVQ F%d, %d(R4)", v, 16*v)
		}
		a.op("ADD R13, R4")
	}
	a.label("done")
}

// pairNEON multiplies one pair of the columns at b(R2) with the rows at at(R1).
func (a *assembly) pairNEON(t neonTile, b, at int) {
	if b%64 == 0 {
		a.op("PRFM %d(R2), PLDL1KEEP", b+4096)
	}
	for v := range t.vectors {
		a.op("FMOVQ %d(R2), F%d", b+16*v, t.odd()+v)
	}
	for i := 0; i < 2*t.rows; i += 4 {
		if 2*t.rows-i >= 4 {
			a.op("FMOVQ %d(R1), F%d", at+4*i, t.a()+i/4)
		} else {
			a.op("FMOVD %d(R1), F%d", at+4*i, t.a()+i/4)
		}
	}
	for v := range t.vectors {
		a.op("VSHL $16, V%d.S4, V%d.S4", t.odd()+v, t.even()+v)
		a.op("VAND V31.B16, V%d.B16, V%d.B16", t.odd()+v, t.odd()+v)
	}
	for odd := range 2 {
		for r := range t.rows {
			for v := range t.vectors {
				n, i := t.even()+odd*t.vectors+v, 2*r+odd
				a.word(fmla(t.sum(r, v, odd), n, t.a()+i/4, i%4), "FMLA V%d.4S, V%d.4S, V%d.S[%d]", t.sum(r, v, odd), n, t.a()+i/4, i%4)
			}
		}
	}
}

// addNEON adds the sums of a block to C.
func (a *assembly) addNEON(t neonTile, half int) {
	a.op("MOVD R3, R4")
	for r := range t.rows {
		for v := range t.vectors {
			s := t.sum(r, v, 0)
			a.word(fadd(s, s, t.sum(r, v, 1)), "FADD V%d.4S, V%d.4S, V%d.4S", s, s, t.sum(r, v, 1))
			a.op("FMOVQ %d(R4), F%d", 64*half+16*v, t.odd())
			a.word(fadd(s, t.odd(), s), "FADD V%d.4S, V%d.4S, V%d.4S", s, t.odd(), s)
			a.op("FMOVQ F%d, %d(R4)", s, 64*half+16*v)
		}
		a.op("ADD R13, R4")
	}
}

// packArgsNEON loads the arguments of a packing function; the stride in bytes.
func (a *assembly) packArgsNEON() {
	a.op("MOVD dst+0(FP), R0")
	a.op("MOVD src+8(FP), R1")
	a.op("MOVD stride+16(FP), R2")
	a.op("LSL $1, R2")
}

// packNEON writes pair p of row r at [p][r][2]; rows that are not there repeat
// the last.
func (a *assembly) packNEON(rows int) {
	a.function(sprintf("func packNEONx%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", rows), 0, 40)
	a.packArgsNEON()
	a.oddMask()
	a.op("MOVD rows+24(FP), R3")
	a.op("MOVD $%d, R8", rows)
	a.label("row")
	a.op("MOVD R0, R5")
	a.op("MOVD R1, R6")
	a.op("MOVD kb+32(FP), R7")
	a.label("block")
	for v := range 4 {
		a.op("FMOVQ %d(R6), F0", 16*v)
		a.op("VSHL $16, V0.S4, V1.S4")
		a.op("VAND V31.B16, V0.B16, V0.B16")
		a.op("VZIP1 V0.S4, V1.S4, V2.S4")
		a.op("VZIP2 V0.S4, V1.S4, V3.S4")
		for i := range 2 {
			at := (4*v + 2*i) * rows * 8
			a.op("FMOVD F%d, %d(R5)", 2+i, at)
			a.op("VMOV V%d.D[1], R4", 2+i)
			a.op("MOVD R4, %d(R5)", at+rows*8)
		}
	}
	a.op("ADD $64, R6")
	a.op("ADD $%d, R5", pairs*rows*8)
	a.op("SUB $1, R7")
	a.op("CBNZ R7, block")
	a.op("SUB $1, R3")
	a.op("CMP $0, R3")
	a.op("BLE last")
	a.op("ADD R2, R1")
	a.label("last")
	a.op("ADD $8, R0")
	a.op("SUB $1, R8")
	a.op("CBNZ R8, row")
	a.op("RET")
}

// packTNEON takes two rows of the source, a pair of each column, at a time.
func (a *assembly) packTNEON(rows int) {
	a.function(sprintf("func packTNEONx%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", rows), 0, 40)
	a.packArgsNEON()
	a.op("MOVD kb+32(FP), R3")
	a.op("LSL $4, R3")
	a.label("pair")
	a.op("FMOVQ (R1), F0")
	a.op("ADD R2, R1")
	a.op("FMOVQ (R1), F1")
	a.op("ADD R2, R1")
	for i, extend := range []string{"VUXTL V%d.H4, V%d.S4", "VUXTL2 V%d.H8, V%d.S4"} {
		if 4*i >= rows {
			break
		}
		for v := range 2 {
			a.op(extend, v, 2+v)
			a.op("VSHL $16, V%d.S4, V%d.S4", 2+v, 2+v)
		}
		for j, zip := range []string{"VZIP1", "VZIP2"} {
			at := 4*i + 2*j
			if at >= rows {
				break
			}
			a.op("%s V3.S4, V2.S4, V4.S4", zip)
			if rows == 1 {
				a.op("FMOVD F4, (R0)")
			} else {
				a.op("FMOVQ F4, %d(R0)", at*8)
			}
		}
	}
	a.op("ADD $%d, R0", rows*8)
	a.op("SUB $1, R3")
	a.op("CBNZ R3, pair")
	a.op("RET")
}

// packRowsNEON transposes 16 rows of 16 pairs in squares of 4.
func (a *assembly) packRowsNEON() {
	a.function("func packRowsNEON(dst, src *tensor.BF16, stride, kb int)", 0, 32)
	a.packArgsNEON()
	a.op("MOVD kb+24(FP), R3")
	a.label("block")
	a.op("MOVD R1, R4")
	for rows := 0; rows < 16; rows += 4 {
		for r := range 4 {
			for v := range 4 {
				a.op("FMOVQ %d(R4), F%d", 16*v, 4*v+r)
			}
			a.op("ADD R2, R4")
		}
		for v := range 4 {
			// Rows 0 and 1, 2 and 3 in turn, then both.
			a.op("VZIP1 V%d.S4, V%d.S4, V16.S4", 4*v+1, 4*v)
			a.op("VZIP2 V%d.S4, V%d.S4, V17.S4", 4*v+1, 4*v)
			a.op("VZIP1 V%d.S4, V%d.S4, V18.S4", 4*v+3, 4*v+2)
			a.op("VZIP2 V%d.S4, V%d.S4, V19.S4", 4*v+3, 4*v+2)
			for i, zip := range []string{"VZIP1 V18.D2, V16.D2, V20.D2", "VZIP2 V18.D2, V16.D2, V20.D2", "VZIP1 V19.D2, V17.D2, V20.D2", "VZIP2 V19.D2, V17.D2, V20.D2"} {
				a.op("%s", zip)
				a.op("FMOVQ F20, %d(R0)", (4*v+i)*pairBytes+rows*4)
			}
		}
	}
	a.op("ADD $64, R1")
	a.op("ADD $%d, R0", blockBytes)
	a.op("SUB $1, R3")
	a.op("CBNZ R3, block")
	a.op("RET")
}

// packColsNEON puts the values of two rows next to each other. R5 is what the
// next half adds to R0, R6 what the one after it does.
func (a *assembly) packColsNEON() {
	a.function("func packColsNEON(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)", 0, 40)
	a.op("MOVD dst+0(FP), R0")
	a.op("MOVD panelStride+8(FP), R6")
	a.op("LSL $1, R6")
	a.op("SUB $%d, R6", halfBytes)
	a.op("MOVD src+16(FP), R1")
	a.op("MOVD stride+24(FP), R2")
	a.op("LSL $1, R2")
	a.op("MOVD halves+32(FP), R3")
	a.op("MOVD $%d, R5", halfBytes)
	a.label("half")
	a.op("MOVD R1, R4")
	for p := range pairs {
		for r := range 2 {
			a.op("FMOVQ 0(R4), F%d", 2*r)
			a.op("FMOVQ 16(R4), F%d", 2*r+1)
			a.op("ADD R2, R4")
		}
		for v := range 2 {
			a.op("VZIP1 V%d.H8, V%d.H8, V4.H8", 2+v, v)
			a.op("VZIP2 V%d.H8, V%d.H8, V5.H8", 2+v, v)
			a.op("FMOVQ F4, %d(R0)", p*pairBytes+32*v)
			a.op("FMOVQ F5, %d(R0)", p*pairBytes+32*v+16)
		}
	}
	a.op("ADD $32, R1")
	a.op("ADD R5, R0")
	a.op("MOVD R5, R4")
	a.op("MOVD R6, R5")
	a.op("MOVD R4, R6")
	a.op("SUB $1, R3")
	a.op("CBNZ R3, half")
	a.op("RET")
}

// roundNEON rounds as tensor.FromFloat32 does.
func (a *assembly) roundNEON() {
	a.function("func roundNEON(y *tensor.BF16, stride int, c *float32, rows int)", 0, 32)
	a.op("MOVD y+0(FP), R0")
	a.op("MOVD stride+8(FP), R2")
	a.op("LSL $1, R2")
	a.op("MOVD c+16(FP), R1")
	a.op("MOVD rows+24(FP), R3")
	for i, bits := range []string{"0x400000", "1", "0x7fff"} {
		a.op("MOVD $%s, R4", bits)
		a.op("VDUP R4, V%d.S4", 29+i)
	}
	a.label("row")
	for v := range 8 {
		a.op("FMOVQ %d(R1), F8", 16*v)
		a.word(fcmeq(9, 8, 8), "FCMEQ V9.4S, V8.4S, V8.4S")
		a.op("VORR V29.B16, V8.B16, V10.B16")
		a.op("VUSHR $16, V8.S4, V11.S4")
		a.op("VAND V30.B16, V11.B16, V11.B16")
		a.op("VADD V31.S4, V11.S4, V11.S4")
		a.op("VADD V8.S4, V11.S4, V11.S4")
		a.word(bsl(9, 11, 10), "BSL V9.16B, V11.16B, V10.16B")
		a.op("VORR V9.B16, V9.B16, V%d.B16", v)
	}
	for v := range 4 {
		a.op("VUZP2 V%d.H8, V%d.H8, V8.H8", 2*v+1, 2*v)
		a.op("FMOVQ F8, %d(R0)", 16*v)
	}
	a.op("ADD $128, R1")
	a.op("ADD R2, R0")
	a.op("SUB $1, R3")
	a.op("CBNZ R3, row")
	a.op("RET")
}

// peakNEON does nothing but multiply and add: 24 times 4 a round.
func (a *assembly) peakNEON() {
	a.function("func peakNEON(rounds int)", 0, 8)
	a.op("MOVD rounds+0(FP), R0")
	for i := range 26 {
		a.op("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	a.label("round")
	for i := range 24 {
		a.word(fmla(i, 24, 25, 0), "FMLA V%d.4S, V24.4S, V25.S[0]", i)
	}
	a.op("SUB $1, R0")
	a.op("CBNZ R0, round")
	a.op("RET")
}

// readNEON reads memory and does nothing with it.
func (a *assembly) readNEON() {
	a.function("func readNEON(p unsafe.Pointer, kib int)", 0, 16)
	a.op("MOVD p+0(FP), R0")
	a.op("MOVD kib+8(FP), R1")
	a.label("line")
	for i := 0; i < 1024; i += 32 {
		if i%64 == 0 {
			a.op("PRFM %d(R0), PLDL1KEEP", 4096+i)
		}
		a.op("FLDPQ %d(R0), (F%d, F%d)", i, i/16%32, i/16%32+1)
	}
	a.op("ADD $1024, R0")
	a.op("SUB $1, R1")
	a.op("CBNZ R1, line")
	a.op("RET")
}
