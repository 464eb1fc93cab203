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
		a.mulAVX512BF16(rows)
	}
	for _, rows := range avx512Rows {
		if rows < 4 {
			a.packPairsOfFew(rows)
			a.packFewAVX512BF16(rows)
		} else {
			a.packAVX512(rows)
			a.packAVX512BF16(rows)
		}
		a.packTAVX512(rows)
		a.packTAVX512BF16(rows)
	}
	a.packRowsAVX512()
	a.packColsAVX512()
	a.roundAVX512()
	a.peakAVX512(false)
	a.peakAVX512(true)
	a.readAVX512()
	return a.String()
}

func (a *assembly) mulAVX512(rows int) {
	halves := halvesAVX512(rows)
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
	a.mulLoops(steps, func() { a.tileAVX512(rows, halves, 1, 4, a.pairsAVX512) })
	a.leave()
}

// halvesAVX512 is the number of halves of a panel that a tile takes at a time.
func halvesAVX512(rows int) int {
	if rows <= 4 {
		return 2
	}
	return 1
}

// evenSum is the register of the even sum of a row and half; the odd one is the
// next.
func evenSum(r, h, halves int) int { return 2 * (r*halves + h) }

// tileAVX512 writes the loop over blocks around a block's products; a number of A
// has aBytes. SI is the middle of a block of A, so that offsets are short. The
// panel's parts, of so many halves, follow one another in each block.
func (a *assembly) tileAVX512(rows, halves, parts, aBytes int, block func(rows, halves, first int)) {
	even := func(r, h int) int { return evenSum(r, h, halves) }
	a.op("CMPQ %d(DI), $0", argAdd)
	a.op("JNE begin")
	a.op("MOVQ R8, R9")
	for range rows {
		for h := range halves * parts {
			a.op("VMOVUPS Z30, %d(R9)", 64*h)
		}
		a.op("ADDQ %d(DI), R9", argCRow)
	}
	a.label("begin")
	a.op("MOVQ %d(DI), CX", argDepth)
	a.op("ADDQ $%d, SI", pairs*rows*aBytes)
	a.label("block")
	for first := 0; first < halves*parts; first += halves {
		for i := range 2 * rows * halves {
			a.op("VPXORD Z%d, Z%d, Z%d", i, i, i)
		}
		block(rows, halves, first)
		a.op("MOVQ R8, R9")
		for r := range rows {
			for h := range halves {
				a.op("VADDPS Z%d, Z%d, Z%d", even(r, h)+1, even(r, h), even(r, h))
			}
			for h := range halves {
				at := 64 * (first + h)
				a.op("VADDPS %d(R9), Z%d, Z%d", at, even(r, h), even(r, h))
				a.op("VMOVUPS Z%d, %d(R9)", even(r, h), at)
			}
			if r < rows-1 {
				a.op("ADDQ %d(DI), R9", argCRow)
			}
		}
	}
	a.op("ADDQ $%d, SI", 2*pairs*rows*aBytes)
	a.op("ADDQ $%d, DX", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
}

// pairsAVX512 multiplies the pairs of a block.
func (a *assembly) pairsAVX512(rows, halves, _ int) {
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
				a.op("VFMADD231PS.BCST %d(SI), Z%d, Z%d", at, 24+2*h, evenSum(r, h, halves))
			}
			for h := range halves {
				a.op("VFMADD231PS.BCST %d(SI), Z%d, Z%d", at+4, 25+2*h, evenSum(r, h, halves)+1)
			}
		}
	}
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

// peakAVX512 does nothing but multiply and add: 24 times 16 a round, or twice as
// many with pairs of bf16.
func (a *assembly) peakAVX512(bf16 bool) {
	name := "AVX512"
	if bf16 {
		name = "AVX512BF16"
	}
	a.function(sprintf("func peak%s(rounds int)", name), 0, 8)
	a.op("MOVQ rounds+0(FP), CX")
	for i := range 26 {
		a.op("VPXORD Z%d, Z%d, Z%d", i, i, i)
	}
	a.label("round")
	for i := range 24 {
		if bf16 {
			a.raw(dotPair(byte(i), 25, 24), "VDPBF16PS Z24, Z25, Z%d", i)
		} else {
			a.op("VFMADD231PS Z24, Z25, Z%d", i)
		}
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
