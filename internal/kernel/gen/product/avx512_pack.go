package main

// split unpacks 16 pairs in z to fp32, even before odd: pairs 4l and 4l+1 in
// lane l of low, 4l+2 and 4l+3 in lane l of high.
func (a *assembly) split(z, low, high int) {
	a.op("VPSLLD $16, Z%d, Z%d", z, high)
	a.op("VPANDD Z31, Z%d, Z%d", z, z)
	a.op("VPUNPCKLDQ Z%d, Z%d, Z%d", z, high, low)
	a.op("VPUNPCKHDQ Z%d, Z%d, Z%d", z, high, high)
}

// join puts lanes 0 and 1 of x and y in turn into z, lanes 2 and 3 into x.
func (a *assembly) join(x, y, z int) {
	a.op("VMOVDQA64 Z%d, Z%d", x, z)
	a.op("VPERMT2Q Z%d, Z29, Z%d", y, z)
	a.op("VPERMT2Q Z%d, Z28, Z%d", y, x)
}

// packConstants sets what split and join use.
func (a *assembly) packConstants() {
	a.op("VPTERNLOGD $0xff, Z31, Z31, Z31")
	a.op("VPSLLD $16, Z31, Z31")
	a.op("VMOVDQU64 ·joinLow(SB), Z29")
	a.op("VMOVDQU64 ·joinHigh(SB), Z28")
}

// packPairsOfFew writes pair p of row r at [p][r][2], for tiles of 1 or 2 rows.
func (a *assembly) packPairsOfFew(rows int) {
	a.packFewAVX512("AVX512", rows, pairs, func() {
		a.split(0, 1, 2)
		a.join(1, 2, 3) // pairs in order in Z3, Z1
		if rows == 1 {
			a.op("VMOVDQU32 Z3, 0(R9)")
			a.op("VMOVDQU32 Z1, 64(R9)")
			return
		}
		a.scatter(3, 0, rows)
		a.scatter(1, 8, rows)
	})
}

// scatter writes the 8 times 8 bytes in z to steps along K from first on.
func (a *assembly) scatter(z, first, rows int) {
	for lane := range 4 {
		at := (first + 2*lane) * rows * 8
		a.op("VEXTRACTI32X4 $%d, Z%d, X4", lane, z)
		a.op("VMOVQ X4, %d(R9)", at)
		a.op("VPEXTRQ $1, X4, %d(R9)", at+rows*8)
	}
}

// packFewAVX512 writes the loops over rows and blocks around a block's code, which
// finds it in Z0 and writes so many steps of 8 bytes to R9.
func (a *assembly) packFewAVX512(name string, rows, steps int, block func()) {
	a.function(sprintf("func pack%sx%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", name, rows), 0, 40)
	a.packArgs()
	a.packConstants()
	a.op("MOVQ rows+24(FP), CX")
	a.label("row")
	a.op("MOVQ DI, R9")
	a.op("MOVQ SI, R10")
	a.op("MOVQ kb+32(FP), R11")
	a.label("block")
	a.op("VMOVDQU32 (R10), Z0")
	block()
	a.op("ADDQ $64, R10")
	a.op("ADDQ $%d, R9", steps*rows*8)
	a.op("DECQ R11")
	a.op("JNZ block")
	a.op("ADDQ DX, SI")
	a.op("ADDQ $8, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packAVX512 does four rows at a time.
func (a *assembly) packAVX512(rows int) {
	a.packGroupsAVX512("AVX512", rows, pairs, func() {
		for r := range 4 {
			a.split(r, 4+r, 8+r)
		}
		// Z(12+k) and Z(16+k): lane l holds pair 4l+k of two rows.
		for k := range 4 {
			name := []string{"VPUNPCKLQDQ", "VPUNPCKHQDQ"}[k%2]
			z := 4 + k/2*4
			a.op("%s Z%d, Z%d, Z%d", name, z+1, z, 12+k)
			a.op("%s Z%d, Z%d, Z%d", name, z+3, z+2, 16+k)
		}
		for k := range 4 {
			a.join(12+k, 16+k, 20+k)
			a.storeFour(20+k, k, 4+k, rows)
			a.storeFour(12+k, 8+k, 12+k, rows)
		}
	})
}

// storeFour writes 8 bytes of each of four rows, for two steps along K.
func (a *assembly) storeFour(z, first, second, rows int) {
	a.op("VMOVDQU64 Y%d, %d(R9)", z, first*rows*8)
	a.op("VEXTRACTI64X4 $1, Z%d, %d(R9)", z, second*rows*8)
}

// packGroupsAVX512 writes the loops over groups of four rows and blocks around a
// block's code, which finds the rows in Z0 to Z3 and writes so many steps of 8
// bytes a row to R9. Rows that are not there repeat the last.
func (a *assembly) packGroupsAVX512(name string, rows, steps int, block func()) {
	a.function(sprintf("func pack%sx%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", name, rows), 0, 40)
	a.packArgs()
	a.packConstants()
	a.op("MOVQ rows+24(FP), R12")
	a.op("DECQ R12")
	a.op("IMULQ DX, R12")
	a.op("ADDQ SI, R12") // the last row
	a.op("MOVQ $%d, AX", rows/4)
	a.label("group")
	from := []string{"SI", "R10", "R11", "R13"}
	for i := 1; i < 4; i++ {
		a.op("LEAQ (%s)(DX*1), %s", from[i-1], from[i])
		a.op("CMPQ %s, R12", from[i])
		a.op("CMOVQHI R12, %s", from[i])
	}
	a.op("MOVQ DI, R9")
	a.op("MOVQ kb+32(FP), CX")
	a.op("XORL BX, BX")
	a.label("block")
	for r := range 4 {
		a.op("VMOVDQU32 (%s)(BX*1), Z%d", from[r], r)
	}
	block()
	a.op("ADDQ $64, BX")
	a.op("ADDQ $%d, R9", steps*rows*8)
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("LEAQ (R13)(DX*1), SI")
	a.op("CMPQ SI, R12")
	a.op("CMOVQHI R12, SI")
	a.op("ADDQ $32, DI")
	a.op("DECQ AX")
	a.op("JNZ group")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packTAVX512 takes two rows of the source, a pair of each column, at a time.
func (a *assembly) packTAVX512(rows int) {
	a.function(sprintf("func packTAVX512x%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", rows), 0, 40)
	a.packArgs()
	a.packConstants()
	a.op("MOVQ kb+32(FP), CX")
	a.op("SHLQ $4, CX")
	a.label("pair")
	a.op("VPMOVZXWD (SI), Z0")
	a.op("VPMOVZXWD (SI)(DX*1), Z1")
	a.op("VPSLLD $16, Z0, Z0")
	a.op("VPSLLD $16, Z1, Z1")
	a.storeColumns(rows)
	a.op("LEAQ (SI)(DX*2), SI")
	a.op("ADDQ $%d, DI", rows*8)
	a.op("DECQ CX")
	a.op("JNZ pair")
	a.op("VZEROUPPER")
	a.op("RET")
}

// storeColumns writes the words of Z0 and Z1 next to each other, for so many
// columns.
func (a *assembly) storeColumns(rows int) {
	a.op("VPUNPCKLDQ Z1, Z0, Z2")
	switch rows {
	case 1:
		a.op("VMOVQ X2, (DI)")
	case 2:
		a.op("VMOVDQU X2, (DI)")
	default:
		a.op("VPUNPCKHDQ Z1, Z0, Z3")
		a.join(2, 3, 4)
		if rows == 4 {
			a.op("VMOVDQU Y4, (DI)")
		} else {
			a.op("VMOVDQU32 Z4, (DI)")
		}
		if rows == 12 {
			a.op("VMOVDQU Y2, 64(DI)")
		}
	}
}
