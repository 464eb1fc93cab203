package main

// mulAVX512BF16 multiplies with VDPBF16PS, which does two steps of a sum: first
// the product of the upper halves, then that of the lower ones. So a word holds
// two numbers of one sum, an earlier one above a later one: of a quad along K, k0
// and k2 for the even sum, k1 and k3 for the odd. A is written so, and B is
// brought into this form as it is read.
//
//	K1 the lower halves of words, K2 the upper
func (a *assembly) mulAVX512BF16(rows int) {
	halves := halvesAVX512(rows)
	a.function(sprintf("func mulAVX512BF16x%d(t *tileArgs)", rows), 40, 8)
	a.op("MOVQ t+0(FP), DI")
	a.flushDenormals()
	a.wordMasks()
	a.op("VPXORD Z30, Z30, Z30")
	a.mulLoops(nil, func() { a.tileAVX512(rows, halves, 2/halves, 2, a.quadsAVX512) })
	a.leave()
}

// quadsAVX512 multiplies the quads of a block.
func (a *assembly) quadsAVX512(rows, halves, firstHalf int) {
	for q := range quads {
		for h := range halves {
			a.fetchAVX512(2, 2*q, firstHalf+h)
			a.fetchAVX512(2, 2*q+1, firstHalf+h)
			e, o := 30-2*halves+2*h, 31-2*halves+2*h
			first := (firstHalf+h)*halfBytes + 2*q*pairBytes
			second := first + pairBytes
			a.op("VPSLLD $16, %d(DX), Z%d", first, e)
			a.op("VMOVDQU16 %d(DX), K1, Z%d", second, e)
			a.op("VPSRLD $16, %d(DX), Z%d", second, o)
			a.op("VMOVDQU16 %d(DX), K2, Z%d", first, o)
		}
		for r := range rows {
			at := ((q-quads/2)*rows + r) * 8
			for odd := range 2 {
				for h := range halves {
					b, sum := 30-2*halves+2*h+odd, evenSum(r, h, halves)+odd
					a.raw(dotPairEach(byte(sum), byte(b), "SI", at+4*odd), "VDPBF16PS.BCST %d(SI), Z%d, Z%d", at+4*odd, b, sum)
				}
			}
		}
	}
}

// quads of numbers in a block along K.
const quads = pairs / 2

// packFewAVX512BF16 is packAVX512BF16 for tiles of 1 or 2 rows.
func (a *assembly) packFewAVX512BF16(rows int) {
	a.packFewAVX512("AVX512BF16", rows, quads, func() {
		a.shuffleQuads(0)
		if rows == 1 {
			a.op("VMOVDQU32 Z0, (R9)")
			return
		}
		a.scatter(0, 0, rows)
	})
}

// shuffleQuads puts the numbers of quads in the order of A: k2, k0, k3, k1.
func (a *assembly) shuffleQuads(z int) {
	a.op("VPSHUFLW $0x72, Z%d, Z%d", z, z)
	a.op("VPSHUFHW $0x72, Z%d, Z%d", z, z)
}

// packAVX512BF16 writes quad q of row r at [q][r].
func (a *assembly) packAVX512BF16(rows int) {
	a.packGroupsAVX512("AVX512BF16", rows, quads, func() {
		for r := range 4 {
			a.shuffleQuads(r)
		}
		for k, name := range []string{"VPUNPCKLQDQ", "VPUNPCKHQDQ"} {
			a.op("%s Z1, Z0, Z%d", name, 12+k)
			a.op("%s Z3, Z2, Z%d", name, 16+k)
			a.join(12+k, 16+k, 20+k)
			a.storeFour(20+k, k, 2+k, rows)
			a.storeFour(12+k, 4+k, 6+k, rows)
		}
	})
}

// packTAVX512BF16 takes four rows of the source, a quad of each column, at a time.
func (a *assembly) packTAVX512BF16(rows int) {
	a.function(sprintf("func packTAVX512BF16x%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", rows), 0, 40)
	a.packArgs()
	a.packConstants()
	a.op("MOVQ kb+32(FP), CX")
	a.op("SHLQ $3, CX")
	a.label("quad")
	a.op("LEAQ (SI)(DX*2), R8")
	for i, at := range []string{"(SI)", "(SI)(DX*1)"} {
		a.op("VPMOVZXWD %s, Z%d", at, i)
		a.op("VPSLLD $16, Z%d, Z%d", i, i)
	}
	for i, at := range []string{"(R8)", "(R8)(DX*1)"} {
		a.op("VPMOVZXWD %s, Z%d", at, 2+i)
		a.op("VPORD Z%d, Z%d, Z%d", 2+i, i, i)
	}
	a.storeColumns(rows)
	a.op("LEAQ (SI)(DX*4), SI")
	a.op("ADDQ $%d, DI", rows*8)
	a.op("DECQ CX")
	a.op("JNZ quad")
	a.op("VZEROUPPER")
	a.op("RET")
}
