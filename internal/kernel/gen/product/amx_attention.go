package main

import "math"

// Offsets of the fields of attendArgs, and of attendBlock.
const (
	attendQ       = 0
	attendBlocks  = 8
	attendAcc     = 16
	attendMax     = 24
	attendSum     = 32
	attendScratch = 40
	attendCount   = 48
	attendTiles   = 56
	attendAdd     = 64
	attendScale   = 72

	attendKeys   = 0
	attendValues = 8
	attendBounds = 16
	attendBlock  = 24
)

// Sizes of attention in bytes: a tile is 16 rows of scores with 64 keys, and
// weights, as A, are [2 blocks of keys][16][32].
const (
	scoreRow   = 64 * 4
	scoreTile  = 16 * scoreRow
	weightTile = 2 * 1024

	// scratch: two tiles of scores and two of weights, -max and alpha by row, and
	// sums that nobody reads
	atWeights = 2 * scoreTile
	atDown    = atWeights + 2*weightTile
	atAlpha   = atDown + 64
	atZero    = atAlpha + 64
	atNobody  = atZero + 1024
)

// amxAttention writes the passes of attention that keep scores near, for heads
// of so many blocks of 32.
func amxAttention() string {
	a := newAssembly()
	for depth := 1; depth <= 4; depth++ {
		a.attendAMX(depth)
		a.attendGradAMX(depth)
	}
	a.roundTAMX()
	return a.String()
}

// attendAMX takes tiles of 16 rows with one block of 64 keys after another.
// While the scores of a tile become weights, the products of the next tile's
// queries with the keys and those of the tile before with the values run.
//
//	R9 64, the row of a tile of A or B   R10 A of the next tile, DX its keys
//	R14 scores of the tile, R8 of the next, R11 their row
//	BX weights of the tile, AX of the one before, SI its values
//	R12 sums of the tile before, CX their row   R13 scratch
//	R15 keys and values of the block after the next tile's
//	0(SP) tiles to go   8(SP) those of the block   16(SP) sums of the tile
//	24(SP) bounds   32(SP) max   40(SP) sum   48(SP) AX   56(SP) the tile's block
//	64(SP) whether there are sums
func (a *assembly) attendAMX(depth int) {
	a.function(sprintf("func attendAMX%d(t *attendArgs)", 32*depth), 72, 8)
	a.op("MOVQ t+0(FP), DI")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.loadShortConstants()
	a.op("VBROADCASTSS %d(DI), Z23", attendScale)
	a.op("MOVQ %d(DI), AX", attendCount)
	a.op("IMULQ %d(DI), AX", attendTiles)
	a.op("MOVQ AX, 0(SP)")
	a.op("MOVQ %d(DI), AX", attendAdd)
	a.op("MOVQ AX, 64(SP)")
	a.op("MOVQ %d(DI), R15", attendBlocks)
	a.firstTile("AX", "R15")
	a.op("MOVQ %d(R15), DX", attendKeys)
	a.op("MOVQ %d(R15), SI", attendValues)
	a.op("MOVQ %d(R15), R15", attendBlock+attendKeys)
	a.op("MOVQ %d(DI), R10", attendQ)
	a.op("MOVQ %d(DI), R13", attendScratch)
	a.op("LEAQ %d(R13), R12", atNobody)
	a.op("MOVQ R13, R8")
	a.op("LEAQ %d(R13), R14", scoreTile)
	a.op("LEAQ %d(R13), BX", atWeights)
	a.op("LEAQ %d(R13), AX", atWeights+weightTile)
	a.op("MOVL $64, R9")
	a.op("MOVL $%d, R11", scoreRow)
	a.op("MOVL $%d, CX", 128*depth)
	for _, do := range line(a.tileScores(depth)...) {
		do()
	}
	a.label("tile")
	a.op("XCHGQ R8, R14")
	a.op("ADDQ $%d, R10", 1024*depth)
	a.op("CMPQ 8(SP), $1")
	a.op("JNE same")
	a.op("MOVQ %d(DI), R10", attendQ)
	a.op("MOVQ 56(SP), R15")
	a.op("MOVQ %d(R15), DX", attendBlock+attendKeys)
	a.op("MOVQ %d(R15), R15", 2*attendBlock+attendKeys)
	a.label("same")
	a.maskTile()
	s := stream{line(append(a.tileScores(depth), a.tileOutputs(depth)...)...), 0}
	a.rowMaxima(&s)
	for r := range 16 {
		a.weighRow(r, &s)
		a.fetchNext(fetchLines)
	}
	a.rowSums()
	s.spend(1)
	a.op("MOVQ 16(SP), R12")
	a.scaleRows(depth)
	a.op("ADDQ $%d, 16(SP)", 16*128*depth)
	a.op("XCHGQ AX, BX")
	a.op("MOVQ 56(SP), SI")
	a.op("MOVQ %d(SI), SI", attendValues)
	a.op("DECQ 8(SP)")
	a.op("JNZ within")
	a.op("MOVQ AX, 48(SP)")
	a.op("MOVQ 56(SP), R9")
	a.op("ADDQ $%d, R9", attendBlock)
	a.firstTile("AX", "R9")
	a.op("MOVL $64, R9")
	a.op("MOVQ R9, 64(SP)")
	a.op("MOVQ 48(SP), AX")
	a.label("within")
	a.op("DECQ 0(SP)")
	a.op("JNZ tile")
	for _, do := range line(a.tileOutputs(depth)...) {
		do()
	}
	a.op("VZEROUPPER")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// fetchLines is the number of lines of keys and values fetched with each row.
const fetchLines = 4

// firstTile begins with the tiles of a block.
func (a *assembly) firstTile(temp, block string) {
	a.op("MOVQ %s, 56(SP)", block)
	a.op("MOVQ %d(%s), %s", attendBounds, block, temp)
	a.op("MOVQ %s, 24(SP)", temp)
	for _, x := range [][2]int{{attendTiles, 8}, {attendAcc, 16}, {attendMax, 32}, {attendSum, 40}} {
		a.op("MOVQ %d(DI), %s", x[0], temp)
		a.op("MOVQ %s, %d(SP)", temp, x[1])
	}
}

// tileScores multiplies the queries of the next tile by the keys.
func (a *assembly) tileScores(depth int) (units []unit) {
	for panel := range 2 {
		begin := func(tile byte, _ int) func() { return a.loadTile(tile, "R13", "R9", atZero) }
		end := func(tile byte, half int) func() { return a.storeTile(tile, "R8", "R11", 128*panel+64*half) }
		units = append(units, a.unit(byte(2*(panel%2)), depth, "R10", "DX", panel, begin, end))
	}
	return units
}

// tileOutputs adds the weights of the tile before times the values.
func (a *assembly) tileOutputs(depth int) (units []unit) {
	for panel := range depth {
		begin := func(tile byte, half int) func() { return a.loadTile(tile, "R12", "CX", 128*panel+64*half) }
		end := func(tile byte, half int) func() { return a.storeTile(tile, "R12", "CX", 128*panel+64*half) }
		units = append(units, a.unit(byte(2*(panel%2)), 2, "AX", "SI", panel, begin, end))
	}
	return units
}

// maskConstants has the numbers of 64 keys in Z0 to Z3 and -Inf in Z4.
func (a *assembly) maskConstants() {
	a.broadcast("Z4", float32(math.Inf(-1)))
	a.op("MOVL $16, AX")
	a.op("VPBROADCASTD AX, Z5")
	a.op("VMOVDQU32 ·laneNumbers(SB), Z0")
	for i := range 3 {
		a.op("VPADDD Z%d, Z5, Z%d", i, i+1)
	}
}

// outOfBounds has in K1 which of 16 keys are not within the bounds at base+disp.
func (a *assembly) outOfBounds(base string, disp, keys int) {
	a.op("VPCMPD.BCST $1, %d(%s), Z%d, K1", disp, base, keys)
	a.op("VPCMPD.BCST $5, %d(%s), Z%d, K2", disp+4, base, keys)
	a.op("KORW K1, K2, K1")
}

// maskTile writes -Inf where a row's bounds end, if there are bounds.
func (a *assembly) maskTile() {
	a.op("CMPQ 24(SP), $0")
	a.op("JEQ unmasked")
	a.op("MOVQ AX, 48(SP)")
	a.maskConstants()
	a.op("MOVQ 24(SP), AX")
	for r := range 16 {
		for i := range 4 {
			a.outOfBounds("AX", 8*r, i)
			a.op("VMOVUPS Z4, K1, %d(R14)", r*scoreRow+i*64)
		}
	}
	a.op("ADDQ $%d, 24(SP)", 16*8)
	a.op("MOVQ 48(SP), AX")
	a.label("unmasked")
}

// rowMaxima updates the maxima of 16 rows and computes alpha, which Z22 keeps.
func (a *assembly) rowMaxima(s *stream) {
	for r := range 16 {
		a.op("VMOVUPS %d(R14), Z%d", r*scoreRow, r)
		for i := 1; i < 4; i++ {
			a.op("VMAXPS %d(R14), Z%d, Z%d", r*scoreRow+i*64, r, r)
		}
		s.spend(float64(r) / 64)
	}
	a.acrossRows("VMAXPS")
	a.op("MOVQ AX, 48(SP)")
	a.op("MOVQ 32(SP), AX")
	a.op("ADDQ $64, 32(SP)")
	a.op("VMOVUPS (AX), Z1")
	a.op("VMULPS Z23, Z0, Z0")
	a.op("VMAXPS Z1, Z0, Z0")
	a.op("VMOVUPS Z0, (AX)")
	a.op("VSUBPS Z0, Z1, Z1")
	a.broadcast("Z2", float32(math.Copysign(0, -1)))
	a.op("VPXORD Z2, Z0, Z0")
	a.op("VMOVUPS Z0, %d(R13)", atDown)
	a.expShort([]int{22}, []int{1}, []int{2}, []int{3})
	a.op("VMOVUPS Z22, %d(R13)", atAlpha)
	a.op("MOVQ 48(SP), AX")
}

// fetchNext fetches lines of the next block of keys into the second cache.
func (a *assembly) fetchNext(lines int) {
	for i := range lines {
		a.op("PREFETCHT1 %d(R15)", 64*i)
	}
	a.op("ADDQ $%d, R15", 64*lines)
}

// weighRow makes the weights of row r, and leaves the lanes of their sum in the
// place of the first scores.
func (a *assembly) weighRow(r int, s *stream) {
	x, t, f := []int{0, 1, 2, 3}, []int{4, 5, 6, 7}, []int{8, 9, 10, 11}
	for i, v := range x {
		a.op("VMOVUPS %d(R14), Z%d", r*scoreRow+i*64, v)
	}
	for _, v := range x {
		a.op("VFMADD213PS.BCST %d(R13), Z23, Z%d", atDown+4*r, v)
	}
	a.expShort(f, x, t, f)
	for pair := range 2 {
		low, high := f[2*pair], f[2*pair+1]
		a.raw(roundPair(byte(t[pair]), byte(high), byte(low)), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", low, high, t[pair])
		a.op("VMOVDQU32 Z%d, %d(BX)", t[pair], pair*1024+r*64)
	}
	a.op("VADDPS Z%d, Z%d, Z%d", f[1], f[0], x[0])
	a.op("VADDPS Z%d, Z%d, Z%d", f[2], x[0], x[0])
	a.op("VADDPS Z%d, Z%d, Z%d", f[3], x[0], x[0])
	a.op("VMOVUPS Z%d, %d(R14)", x[0], r*scoreRow)
	s.spend(0.25 + 0.7*float64(r+1)/16)
}

// rowSums updates the sums of 16 rows.
func (a *assembly) rowSums() {
	for r := range 16 {
		a.op("VMOVUPS %d(R14), Z%d", r*scoreRow, r)
	}
	a.acrossRows("VADDPS")
	a.op("MOVQ AX, 48(SP)")
	a.op("MOVQ 40(SP), AX")
	a.op("ADDQ $64, 40(SP)")
	a.op("VMOVUPS (AX), Z1")
	a.op("VFMADD213PS Z0, Z22, Z1")
	a.op("VMOVUPS Z1, (AX)")
	a.op("MOVQ 48(SP), AX")
}

// scaleRows multiplies the sums of those rows whose alpha is not 1.
func (a *assembly) scaleRows(depth int) {
	a.op("CMPQ 64(SP), $0")
	a.op("JEQ scaled")
	a.op("MOVQ AX, 48(SP)")
	a.op("VCMPPS $4, Z25, Z22, K1")
	a.op("KMOVW K1, CX")
	a.label("scale")
	a.op("TESTL CX, CX")
	a.op("JEQ done")
	a.op("BSFL CX, AX")
	a.op("BTRL AX, CX")
	a.op("VBROADCASTSS %d(R13)(AX*4), Z0", atAlpha)
	a.op("IMULQ $%d, AX", 128*depth)
	a.op("ADDQ R12, AX")
	for i := range 2 * depth {
		a.op("VMULPS %d(AX), Z0, Z%d", i*64, i+1)
		a.op("VMOVUPS Z%d, %d(AX)", i+1, i*64)
	}
	a.op("JMP scale")
	a.label("done")
	a.op("MOVL $%d, CX", 128*depth)
	a.op("MOVQ 48(SP), AX")
	a.label("scaled")
}
