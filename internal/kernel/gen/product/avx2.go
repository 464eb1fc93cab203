package main

// avx2Rows are the tiles of AVX2. All take 16 columns at a time, which three
// rows fill the registers with. Those of 1 and 2 rows take the halves of a
// block in turn, in the order of memory.
var avx2Rows = []int{1, 2, 3}

// avx2 uses the general registers as avx512 does.
func avx2() string {
	a := newAssembly()
	for _, rows := range avx2Rows {
		a.mulAVX2(rows)
	}
	for _, rows := range avx2Rows {
		a.packAVX2(rows)
		a.packTAVX2(rows)
	}
	a.packRowsAVX2()
	a.packColsAVX2()
	a.roundAVX2()
	a.peakAVX2()
	a.readAVX2()
	return a.String()
}

// highHalves sets Y15 to the mask of the odd numbers of pairs.
func (a *assembly) highHalves() {
	a.op("VPCMPEQD Y15, Y15, Y15")
	a.op("VPSLLD $16, Y15, Y15")
}

func (a *assembly) mulAVX2(rows int) {
	a.function(sprintf("func mulAVX2x%d(t *tileArgs)", rows), 40, 8)
	a.op("MOVQ t+0(FP), DI")
	a.flushDenormals()
	a.highHalves()
	if rows <= 2 {
		a.mulLoops(nil, func() { a.tileAVX2(rows, 2) })
	} else {
		a.mulLoops([]step{{halfBytes, 64}, {-halfBytes, -64}}, func() { a.tileAVX2(rows, 1) })
	}
	a.leave()
}

// tileAVX2 multiplies a tile by a number of halves in turn. Sums of row r and
// vector v: even Y(4*r+v), odd Y(4*r+2+v).
func (a *assembly) tileAVX2(rows, halves int) {
	a.op("CMPQ %d(DI), $0", argAdd)
	a.op("JNE begin")
	a.op("MOVQ R8, R9")
	a.op("VXORPS Y0, Y0, Y0")
	for range rows {
		for v := range 2 * halves {
			a.op("VMOVUPS Y0, %d(R9)", 32*v)
		}
		a.op("ADDQ %d(DI), R9", argCRow)
	}
	a.label("begin")
	a.op("MOVQ %d(DI), CX", argDepth)
	a.op("ADDQ $128, SI") // so that more offsets are short
	a.label("block")
	for h := range halves {
		for i := range 4 * rows {
			a.op("VXORPS Y%d, Y%d, Y%d", i, i, i)
		}
		for p := range pairs {
			at := h*halfBytes + p*pairBytes
			a.op("PREFETCHT0 %d(DX)", 8192+at)
			a.evenAVX2(rows, at, p*rows*8-128)
			a.oddAVX2(rows, at, p*rows*8-128)
		}
		a.op("MOVQ R8, R9")
		for r := range rows {
			for v := range 2 {
				y, at := 4*r+v, 64*h+32*v
				a.op("VADDPS Y%d, Y%d, Y%d", y+2, y, y)
				a.op("VADDPS %d(R9), Y%d, Y%d", at, y, y)
				a.op("VMOVUPS Y%d, %d(R9)", y, at)
			}
			if r < rows-1 {
				a.op("ADDQ %d(DI), R9", argCRow)
			}
		}
	}
	a.op("ADDQ $%d, SI", pairs*rows*8)
	a.op("ADDQ $%d, DX", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
}

// evenAVX2 and oddAVX2 multiply the halves of a pair, read from B each time:
// with three rows there is no register to keep it.
func (a *assembly) evenAVX2(rows, b, at int) {
	for v := range 2 {
		a.op("VMOVDQU %d(DX), Y%d", b+32*v, 12+v)
		a.op("VPSLLD $16, Y%d, Y%d", 12+v, 12+v)
	}
	a.rowsAVX2(rows, at, 0)
}

func (a *assembly) oddAVX2(rows, b, at int) {
	for v := range 2 {
		a.op("VPAND %d(DX), Y15, Y%d", b+32*v, 12+v)
	}
	a.rowsAVX2(rows, at+4, 2)
}

func (a *assembly) rowsAVX2(rows, at, sum int) {
	for r := range rows {
		a.op("VBROADCASTSS %d(SI), Y14", at+r*8)
		for v := range 2 {
			a.op("VFMADD231PS Y14, Y%d, Y%d", 12+v, 4*r+sum+v)
		}
	}
}

// packAVX2 writes pair p of row r at [p][r][2], one row after the other.
func (a *assembly) packAVX2(rows int) {
	a.function(sprintf("func packAVX2x%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", rows), 0, 40)
	a.packArgs()
	a.highHalves()
	a.op("MOVQ rows+24(FP), CX")
	a.label("row")
	a.op("MOVQ DI, R9")
	a.op("MOVQ SI, R10")
	a.op("MOVQ kb+32(FP), R11")
	a.label("block")
	for v := range 2 {
		low, high := 2*v, 2*v+1
		a.op("VMOVDQU %d(R10), Y4", 32*v)
		a.op("VPSLLD $16, Y4, Y5")
		a.op("VPAND Y15, Y4, Y4")
		a.op("VPUNPCKLDQ Y4, Y5, Y%d", low)  // pairs 0, 1; 4, 5
		a.op("VPUNPCKHDQ Y4, Y5, Y%d", high) // pairs 2, 3; 6, 7
		for lane := range 2 {
			for i, y := range []int{low, high} {
				at := (8*v + 4*lane + 2*i) * rows * 8
				if lane > 0 {
					a.op("VEXTRACTI128 $1, Y%d, X%d", y, y)
				}
				if rows == 1 {
					a.op("VMOVDQU X%d, %d(R9)", y, at)
					continue
				}
				a.op("VMOVLPS X%d, %d(R9)", y, at)
				a.op("VMOVHPS X%d, %d(R9)", y, at+rows*8)
			}
		}
	}
	a.op("ADDQ $64, R10")
	a.op("ADDQ $%d, R9", pairs*rows*8)
	a.op("DECQ R11")
	a.op("JNZ block")
	a.op("ADDQ DX, SI")
	a.op("ADDQ $8, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packTAVX2 takes two rows of the source, a pair of each column, at a time.
func (a *assembly) packTAVX2(rows int) {
	a.function(sprintf("func packTAVX2x%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", rows), 0, 40)
	a.packArgs()
	a.op("MOVQ kb+32(FP), CX")
	a.op("SHLQ $4, CX")
	a.label("pair")
	a.op("VPMOVZXWD (SI), Y0")
	a.op("VPMOVZXWD (SI)(DX*1), Y1")
	a.op("VPSLLD $16, Y0, Y0")
	a.op("VPSLLD $16, Y1, Y1")
	a.op("VPUNPCKLDQ Y1, Y0, Y2")
	switch rows {
	case 1:
		a.op("VMOVQ X2, (DI)")
	case 2:
		a.op("VMOVDQU X2, (DI)")
	default:
		a.op("VPUNPCKHDQ Y1, Y0, Y3")
		a.op("VMOVDQU X2, (DI)")
		a.op("VMOVQ X3, 16(DI)")
	}
	a.op("LEAQ (SI)(DX*2), SI")
	a.op("ADDQ $%d, DI", rows*8)
	a.op("DECQ CX")
	a.op("JNZ pair")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packRowsAVX2 transposes 16 rows of 16 pairs in four squares of 8.
func (a *assembly) packRowsAVX2() {
	a.function("func packRowsAVX2(dst, src *tensor.BF16, stride, kb int)", 0, 32)
	a.packArgs()
	a.op("MOVQ kb+24(FP), CX")
	a.op("LEAQ (DX)(DX*2), R8")
	a.label("block")
	for square := range 4 {
		rows, cols := square/2*8, square%2*8
		if cols == 0 {
			a.op("MOVQ SI, R9")
			if rows > 0 {
				a.op("LEAQ (R9)(DX*8), R9")
			}
			a.op("LEAQ (R9)(DX*4), R10")
		}
		for i, from := range []string{"R9", "R10"} {
			a.op("VMOVDQU %d(%s), Y%d", cols*4, from, 4*i)
			a.op("VMOVDQU %d(%s)(DX*1), Y%d", cols*4, from, 4*i+1)
			a.op("VMOVDQU %d(%s)(DX*2), Y%d", cols*4, from, 4*i+2)
			a.op("VMOVDQU %d(%s)(R8*1), Y%d", cols*4, from, 4*i+3)
		}
		a.transpose8()
		for p := range 8 {
			a.op("VMOVDQU Y%d, %d(DI)", p, (cols+p)*pairBytes+rows*4)
		}
	}
	a.op("ADDQ $64, SI")
	a.op("ADDQ $%d, DI", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("VZEROUPPER")
	a.op("RET")
}

// transpose8 transposes the 8 x 8 words of 32 bits in Y0 to Y7.
func (a *assembly) transpose8() {
	for r := 0; r < 8; r += 2 {
		a.op("VPUNPCKLDQ Y%d, Y%d, Y%d", r+1, r, 8+r)
		a.op("VPUNPCKHDQ Y%d, Y%d, Y%d", r+1, r, 9+r)
	}
	for g := range 2 { // lane l of Y(4g+k): column 4l+k of rows 4g to 4g+3
		for k := range 4 {
			name := []string{"VPUNPCKLQDQ", "VPUNPCKHQDQ"}[k%2]
			y := 8 + 4*g + k/2
			a.op("%s Y%d, Y%d, Y%d", name, y+2, y, 4*g+k)
		}
	}
	for k := range 4 {
		a.op("VPERM2I128 $0x20, Y%d, Y%d, Y8", 4+k, k)
		a.op("VPERM2I128 $0x31, Y%d, Y%d, Y%d", 4+k, k, 4+k)
		a.op("VMOVDQA Y8, Y%d", k)
	}
}

// packColsAVX2 puts the values of two rows next to each other.
func (a *assembly) packColsAVX2() {
	a.function("func packColsAVX2(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)", 0, 40)
	a.packColsArgs()
	a.label("half")
	a.op("MOVQ SI, R9")
	for p := range pairs {
		for v := range 2 {
			y := 4*(p%2) + 2*v
			a.op("VPMOVZXWD %d(R9), Y%d", 16*v, y)
			a.op("VPMOVZXWD %d(R9)(DX*1), Y%d", 16*v, y+1)
			a.op("VPSLLD $16, Y%d, Y%d", y+1, y+1)
			a.op("VPOR Y%d, Y%d, Y%d", y, y+1, y)
			a.op("VMOVDQU Y%d, %d(DI)", y, p*pairBytes+32*v)
		}
		a.op("LEAQ (R9)(DX*2), R9")
	}
	a.packColsNext()
}

// roundAVX2 rounds as tensor.FromFloat32 does.
func (a *assembly) roundAVX2() {
	a.function("func roundAVX2(y *tensor.BF16, stride int, c *float32, rows int)", 0, 32)
	a.op("MOVQ y+0(FP), DI")
	a.op("MOVQ stride+8(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ c+16(FP), SI")
	a.op("MOVQ rows+24(FP), CX")
	for i, bits := range []string{"0x400000", "1", "0x7fff"} {
		a.op("MOVL $%s, AX", bits)
		a.op("VMOVD AX, X%d", 13+i)
		a.op("VPBROADCASTD X%d, Y%d", 13+i, 13+i)
	}
	a.label("row")
	for v := range 4 {
		a.op("VMOVUPS %d(SI), Y8", 32*v)
		a.op("VCMPPS $3, Y8, Y8, Y9")
		a.op("VPOR Y13, Y8, Y10")
		a.op("VPSRLD $16, Y8, Y11")
		a.op("VPAND Y14, Y11, Y11")
		a.op("VPADDD Y8, Y11, Y11")
		a.op("VPADDD Y15, Y11, Y11")
		a.op("VBLENDVPS Y9, Y10, Y11, Y11")
		a.op("VPSRLD $16, Y11, Y%d", v)
	}
	for h := range 2 {
		a.op("VPACKUSDW Y%d, Y%d, Y%d", 2*h+1, 2*h, 2*h)
		a.op("VPERMQ $0xd8, Y%d, Y%d", 2*h, 2*h)
		a.op("VMOVDQU Y%d, %d(DI)", 2*h, 32*h)
	}
	a.op("ADDQ $128, SI")
	a.op("ADDQ DX, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// peakAVX2 does nothing but multiply and add: 12 times 8 a round.
func (a *assembly) peakAVX2() {
	a.function("func peakAVX2(rounds int)", 0, 8)
	a.op("MOVQ rounds+0(FP), CX")
	for i := range 14 {
		a.op("VXORPS Y%d, Y%d, Y%d", i, i, i)
	}
	a.label("round")
	for i := range 12 {
		a.op("VFMADD231PS Y12, Y13, Y%d", i)
	}
	a.op("DECQ CX")
	a.op("JNZ round")
	a.op("VZEROUPPER")
	a.op("RET")
}

// readAVX2 reads memory and does nothing with it.
func (a *assembly) readAVX2() {
	a.function("func readAVX2(p unsafe.Pointer, kib int)", 0, 16)
	a.op("MOVQ p+0(FP), SI")
	a.op("MOVQ kib+8(FP), CX")
	a.label("line")
	for i := range 32 {
		if i%2 == 0 {
			a.op("PREFETCHT0 %d(SI)", 4096+32*i)
		}
		a.op("VMOVDQU %d(SI), Y%d", 32*i, i%16)
	}
	a.op("ADDQ $1024, SI")
	a.op("DECQ CX")
	a.op("JNZ line")
	a.op("VZEROUPPER")
	a.op("RET")
}
