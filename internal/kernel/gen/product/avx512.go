package main

// avx512Rows are the tiles of AVX-512. Tiles of up to 4 rows take the 32
// columns of a panel at a time, so that a single row reads the weights in
// order; the others take 16 columns, so that half as many weights are unpacked
// for a product.
var avx512Rows = []int{1, 2, 4, 8, 12}

func avx512() string {
	a := newAssembly()
	for _, rows := range avx512Rows {
		a.mulAVX512(rows)
	}
	for _, rows := range avx512Rows {
		if rows < 4 {
			a.packFewAVX512(rows)
		} else {
			a.packAVX512(rows)
		}
		a.packTAVX512(rows)
	}
	a.packRowsAVX512()
	a.packColsAVX512()
	a.roundAVX512()
	a.peakAVX512()
	a.readAVX512()
	return a.String()
}

func (a *assembly) mulAVX512(rows int) {
	halves := 1
	if rows <= 4 {
		halves = 2
	}
	a.function(sprintf("func mulAVX512x%d(t *tileArgs)", rows), 40, 8)
	a.op("MOVQ t+0(FP), DI")
	a.flushDenormals()
	a.op("VPTERNLOGD $0xff, Z31, Z31, Z31")
	a.op("VPSLLD $16, Z31, Z31")
	a.op("VPXORD Z30, Z30, Z30")
	var steps []step
	if halves == 1 {
		steps = []step{{halfBytes, 64}, {-halfBytes, -64}}
	}
	a.mulLoops(steps, false, func() { a.tileAVX512(rows, halves) })
	a.leave()
}

// Sums of row r and half h: even Z(2*(r*halves+h)), odd the next.
func (a *assembly) tileAVX512(rows, halves int) {
	sums := 2 * rows * halves
	even := func(r, h int) int { return 2 * (r*halves + h) }
	a.op("CMPQ %d(DI), $0", argAdd)
	a.op("JNE begin")
	a.op("MOVQ R8, R9")
	for range rows {
		for h := range halves {
			a.op("VMOVUPS Z30, %d(R9)", 64*h)
		}
		a.op("ADDQ %d(DI), R9", argCRow)
	}
	a.label("begin")
	a.op("MOVQ %d(DI), CX", argDepth)
	a.op("ADDQ $%d, SI", pairs/2*rows*8) // offsets from the middle are short
	a.label("block")
	for i := range sums {
		a.op("VPXORD Z%d, Z%d, Z%d", i, i, i)
	}
	for p := range pairs {
		for h := range halves {
			a.fetchAVX512(halves, p, h)
			e, o := 24+2*h, 25+2*h
			a.op("VMOVDQU32 %d(DX), Z%d", h*halfBytes+p*pairBytes, o)
			a.op("VPSLLD $16, Z%d, Z%d", o, e)
			a.op("VPANDD Z31, Z%d, Z%d", o, o)
		}
		for r := range rows {
			at := ((p-pairs/2)*rows + r) * 8
			for h := range halves {
				a.op("VFMADD231PS.BCST %d(SI), Z%d, Z%d", at, 24+2*h, even(r, h))
			}
			for h := range halves {
				a.op("VFMADD231PS.BCST %d(SI), Z%d, Z%d", at+4, 25+2*h, even(r, h)+1)
			}
		}
	}
	a.op("ADDQ $%d, SI", pairs*rows*8)
	a.op("ADDQ $%d, DX", blockBytes)
	a.op("MOVQ R8, R9")
	for r := range rows {
		for h := range halves {
			a.op("VADDPS Z%d, Z%d, Z%d", even(r, h)+1, even(r, h), even(r, h))
		}
		for h := range halves {
			a.op("VADDPS %d(R9), Z%d, Z%d", 64*h, even(r, h), even(r, h))
			a.op("VMOVUPS Z%d, %d(R9)", even(r, h), 64*h)
		}
		if r < rows-1 {
			a.op("ADDQ %d(DI), R9", argCRow)
		}
	}
	a.op("DECQ CX")
	a.op("JNZ block")
}

// fetchAVX512 fetches weights in the order of memory, which the processor's own
// prefetching follows. Tiles of few rows use them so fast that they are fetched
// twice: from memory to the second cache, where more reads can be under way,
// and from there to the first.
func (a *assembly) fetchAVX512(halves, pair, half int) {
	if halves == 1 {
		a.op("PREFETCHT0 %d(DX)", 8192+pair*pairBytes)
		return
	}
	at := (2*pair + half) * pairBytes
	a.op("PREFETCHT1 %d(DX)", 16384+at)
	a.op("PREFETCHT0 %d(DX)", 2048+at)
}

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

// packFewAVX512 writes pair p of row r at [p][r][2], for tiles of 1 or 2 rows.
func (a *assembly) packFewAVX512(rows int) {
	a.function(sprintf("func packAVX512x%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", rows), 0, 40)
	a.packArgs()
	a.packConstants()
	a.op("MOVQ rows+24(FP), CX")
	a.label("row")
	a.op("MOVQ DI, R9")
	a.op("MOVQ SI, R10")
	a.op("MOVQ kb+32(FP), R11")
	a.label("block")
	a.op("VMOVDQU32 (R10), Z0")
	a.split(0, 1, 2)
	a.join(1, 2, 3) // pairs in order in Z3, Z1
	if rows == 1 {
		a.op("VMOVDQU32 Z3, 0(R9)")
		a.op("VMOVDQU32 Z1, 64(R9)")
	} else {
		for half, z := range []int{3, 1} {
			for lane := range 4 {
				at := (8*half + 2*lane) * rows * 8
				a.op("VEXTRACTI32X4 $%d, Z%d, X4", lane, z)
				a.op("VMOVQ X4, %d(R9)", at)
				a.op("VPEXTRQ $1, X4, %d(R9)", at+rows*8)
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

// packAVX512 does four rows at a time; rows that are not there repeat the last.
func (a *assembly) packAVX512(rows int) {
	a.function(sprintf("func packAVX512x%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", rows), 0, 40)
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
		for i, z := range []int{20 + k, 12 + k} {
			at := (8*i + k) * rows * 8
			a.op("VMOVDQU64 Y%d, %d(R9)", z, at)
			a.op("VEXTRACTI64X4 $1, Z%d, %d(R9)", z, at+4*rows*8)
		}
	}
	a.op("ADDQ $64, BX")
	a.op("ADDQ $%d, R9", pairs*rows*8)
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
	a.op("LEAQ (SI)(DX*2), SI")
	a.op("ADDQ $%d, DI", rows*8)
	a.op("DECQ CX")
	a.op("JNZ pair")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packRowsAVX512 transposes 16 rows of 16 pairs.
func (a *assembly) packRowsAVX512() {
	a.function("func packRowsAVX512(dst, src *tensor.BF16, stride, kb int)", 0, 32)
	a.packArgs()
	a.op("MOVQ kb+24(FP), CX")
	a.op("LEAQ (DX)(DX*2), R8")
	a.label("block")
	a.op("MOVQ SI, R9")
	for r := 0; r < 16; r += 4 {
		a.op("VMOVDQU32 (R9), Z%d", r)
		a.op("VMOVDQU32 (R9)(DX*1), Z%d", r+1)
		a.op("VMOVDQU32 (R9)(DX*2), Z%d", r+2)
		a.op("VMOVDQU32 (R9)(R8*1), Z%d", r+3)
		a.op("LEAQ (R9)(DX*4), R9")
	}
	a.transpose16()
	for p := range 16 {
		a.op("VMOVDQU32 Z%d, %d(DI)", p, p*pairBytes)
	}
	a.op("ADDQ $64, SI")
	a.op("ADDQ $%d, DI", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("VZEROUPPER")
	a.op("RET")
}

// transpose16 transposes the 16 x 16 words of 32 bits in Z0 to Z15.
func (a *assembly) transpose16() {
	for r := 0; r < 16; r += 2 {
		a.op("VPUNPCKLDQ Z%d, Z%d, Z%d", r+1, r, 16+r)
		a.op("VPUNPCKHDQ Z%d, Z%d, Z%d", r+1, r, 17+r)
	}
	for g := range 4 { // lane l of Z(4g+k): column 4l+k of rows 4g to 4g+3
		for k := range 4 {
			name := []string{"VPUNPCKLQDQ", "VPUNPCKHQDQ"}[k%2]
			z := 16 + 4*g + k/2
			a.op("%s Z%d, Z%d, Z%d", name, z+2, z, 4*g+k)
		}
	}
	for k := range 4 { // transpose the lanes of Z(k), Z(4+k), Z(8+k), Z(12+k)
		a.op("VSHUFI32X4 $0x88, Z%d, Z%d, Z16", 4+k, k)
		a.op("VSHUFI32X4 $0xdd, Z%d, Z%d, Z17", 4+k, k)
		a.op("VSHUFI32X4 $0x88, Z%d, Z%d, Z18", 12+k, 8+k)
		a.op("VSHUFI32X4 $0xdd, Z%d, Z%d, Z19", 12+k, 8+k)
		a.op("VSHUFI32X4 $0x88, Z18, Z16, Z%d", k)
		a.op("VSHUFI32X4 $0x88, Z19, Z17, Z%d", 4+k)
		a.op("VSHUFI32X4 $0xdd, Z18, Z16, Z%d", 8+k)
		a.op("VSHUFI32X4 $0xdd, Z19, Z17, Z%d", 12+k)
	}
}

// packColsAVX512 puts the values of two rows next to each other.
func (a *assembly) packColsAVX512() {
	a.function("func packColsAVX512(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)", 0, 40)
	a.packColsArgs()
	a.label("half")
	a.op("MOVQ SI, R9")
	for p := range pairs {
		a.op("VPMOVZXWD (R9), Z%d", p%8*2)
		a.op("VPMOVZXWD (R9)(DX*1), Z%d", p%8*2+1)
		a.op("VPSLLD $16, Z%d, Z%d", p%8*2+1, p%8*2+1)
		a.op("VPORD Z%d, Z%d, Z%d", p%8*2, p%8*2+1, p%8*2)
		a.op("VMOVDQU32 Z%d, %d(DI)", p%8*2, p*pairBytes)
		a.op("LEAQ (R9)(DX*2), R9")
	}
	a.packColsNext()
}

// roundAVX512 rounds as tensor.FromFloat32 does.
func (a *assembly) roundAVX512() {
	a.function("func roundAVX512(y *tensor.BF16, stride int, c *float32, rows int)", 0, 32)
	a.op("MOVQ y+0(FP), DI")
	a.op("MOVQ stride+8(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ c+16(FP), SI")
	a.op("MOVQ rows+24(FP), CX")
	for i, bits := range []string{"0x400000", "1", "0x7fff"} {
		z := 29 + i
		a.op("MOVL $%s, AX", bits)
		a.op("VPBROADCASTD AX, Z%d", z)
	}
	a.label("row")
	for h := range 2 {
		a.op("VMOVUPS %d(SI), Z%d", 64*h, h)
		a.op("VCMPPS $3, Z%d, Z%d, K%d", h, h, 1+h)
		a.op("VPSRLD $16, Z%d, Z%d", h, 2+h)
		a.op("VPANDD Z30, Z%d, Z%d", 2+h, 2+h)
		a.op("VPADDD Z%d, Z%d, Z%d", h, 2+h, 2+h)
		a.op("VPADDD Z31, Z%d, Z%d", 2+h, 2+h)
		a.op("VPORD Z29, Z%d, K%d, Z%d", h, 1+h, 2+h)
		a.op("VPSRLD $16, Z%d, Z%d", 2+h, 2+h)
		a.op("VPMOVDW Z%d, %d(DI)", 2+h, 32*h)
	}
	a.op("ADDQ $128, SI")
	a.op("ADDQ DX, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// peakAVX512 does nothing but multiply and add: 24 times 16 a round.
func (a *assembly) peakAVX512() {
	a.function("func peakAVX512(rounds int)", 0, 8)
	a.op("MOVQ rounds+0(FP), CX")
	for i := range 26 {
		a.op("VPXORD Z%d, Z%d, Z%d", i, i, i)
	}
	a.label("round")
	for i := range 24 {
		a.op("VFMADD231PS Z24, Z25, Z%d", i)
	}
	a.op("DECQ CX")
	a.op("JNZ round")
	a.op("VZEROUPPER")
	a.op("RET")
}

// readAVX512 reads memory and does nothing with it.
func (a *assembly) readAVX512() {
	a.function("func readAVX512(p unsafe.Pointer, kib int)", 0, 16)
	a.op("MOVQ p+0(FP), SI")
	a.op("MOVQ kib+8(FP), CX")
	a.label("line")
	for i := range 16 {
		a.op("PREFETCHT0 %d(SI)", 4096+64*i)
		a.op("VMOVDQU32 %d(SI), Z%d", 64*i, i)
	}
	a.op("ADDQ $1024, SI")
	a.op("DECQ CX")
	a.op("JNZ line")
	a.op("VZEROUPPER")
	a.op("RET")
}
