package main

// Offsets of the fields of attendGradArgs.
const (
	gradQ       = 0
	gradDO      = 8
	gradQT      = 16
	gradDOT     = 24
	gradKeys    = 32
	gradValues  = 40
	gradKeyRows = 48
	gradDQ      = 56
	gradDK      = 64
	gradDV      = 72
	gradDown    = 80
	gradDelta   = 88
	gradBounds  = 96
	gradScratch = 104
	gradQBlocks = 112
	gradKBlocks = 120
	gradScale   = 128
)

// scratch of attendGradAMX: scores of 32 queries and their derivatives, the
// weights and theirs as B, and those as A.
const (
	pairTile  = 32 * scoreRow
	pairBlock = 2 * 2048 // a panel of 64 rows, or 32 rows of A
	atScores  = 0
	atDP      = pairTile
	atP       = 2 * pairTile
	atDS      = atP + 2*pairBlock
	atRows    = atDS + 2*pairBlock
	atNothing = atRows + 2*pairBlock
)

// attendGradAMX takes 64 queries with 64 keys. The derivatives by keys and values
// are summed transposed: so the weights are B as they come, two rows at a time.
//
//	R9 64, the row of a tile of A or B   R11 the row of scores, DK and DV   CX that
//	of DQ   SI A   DX B   R8 C   R13 scratch
//	0(SP) blocks of 32 queries to go   8(SP) A of Q   16(SP) that of DO   24(SP) down
//	32(SP) delta   40(SP) bounds
func (a *assembly) attendGradAMX(depth int) {
	a.function(sprintf("func attendGradAMX%d(t *attendGradArgs)", 32*depth), 56, 8)
	a.op("MOVQ t+0(FP), DI")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.loadShortConstants()
	a.op("VBROADCASTSS %d(DI), Z23", gradScale)
	a.op("VMOVDQU32 ·pairWords(SB), Z22")
	a.op("MOVL $64, R9")
	a.op("MOVL $%d, R11", scoreRow)
	a.op("MOVL $%d, CX", 128*depth)
	a.op("MOVQ %d(DI), R13", gradScratch)
	for i, at := range []int{gradQBlocks, gradQ, gradDO, gradDown, gradDelta, gradBounds} {
		a.op("MOVQ %d(DI), AX", at)
		a.op("MOVQ AX, %d(SP)", 8*i)
	}
	a.op("LEAQ %d(R13), R10", atP)
	a.op("LEAQ %d(R13), R12", atRows)
	a.label("queries")
	a.gradScores(depth, 8, gradKeys, atScores)
	a.gradScores(depth, 16, gradValues, atDP)
	a.maskGrad()
	a.weighGrad()
	a.op("DECQ 0(SP)")
	a.op("JNZ queries")
	a.op("CMPQ %d(DI), $0", gradDK)
	a.op("JEQ noKeys")
	a.gradKeySums(depth, "dv", gradDOT, atP, gradDV)
	a.gradKeySums(depth, "dk", gradQT, atDS, gradDK)
	a.label("noKeys")
	a.op("MOVQ %d(DI), R8", gradDQ)
	a.op("TESTQ R8, R8")
	a.op("JEQ end")
	a.op("MOVQ %d(DI), DX", gradKeyRows)
	a.op("LEAQ %d(R13), SI", atRows)
	for tile := range 2 {
		if tile == 1 {
			a.op("CMPQ %d(DI), $1", gradQBlocks)
			a.op("JEQ end")
		}
		for panel := range depth {
			a.quad(sprintf("dq%d%d", tile, panel), "CX", 32*128*depth*tile+128*panel, 16*128*depth, gradKBlocks, tile*pairBlock, panel*pairBlock)
		}
	}
	a.label("end")
	a.op("VZEROUPPER")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// blockQuad multiplies 32 rows of A by a block of a panel.
func (a *assembly) blockQuad(x, b int) {
	for _, do := range []func(){
		a.loadTile(6, "DX", "R9", b), a.loadTile(4, "SI", "R9", x), a.loadTile(7, "DX", "R9", b+halfBytes), a.addTile(0, 4, 6),
		a.loadTile(5, "SI", "R9", x+1024), a.addTile(1, 4, 7), a.addTile(2, 5, 6), a.addTile(3, 5, 7),
	} {
		do()
	}
}

// quad adds the product of one or two blocks to C, whose rows 16 on are half
// bytes away.
func (a *assembly) quad(name, row string, c, half, blocks, x, b int) {
	for t := range 4 {
		a.loadTile(byte(t), "R8", row, c+t/2*half+t%2*64)()
	}
	a.blockQuad(x, b)
	a.op("CMPQ %d(DI), $1", blocks)
	a.op("JEQ %s", name)
	a.blockQuad(x+2048, b+blockBytes)
	a.label(name)
	for t := range 4 {
		a.storeTile(byte(t), "R8", row, c+t/2*half+t%2*64)()
	}
}

// gradScores multiplies 32 rows at a place of the stack, which goes on to the
// next, by both panels of B.
func (a *assembly) gradScores(depth, at, b, to int) {
	a.op("MOVQ %d(SP), SI", at)
	a.op("MOVQ %d(DI), DX", b)
	a.op("ADDQ $%d, %d(SP)", 2048*depth, at)
	for panel := range 2 {
		for t := range 4 {
			a.loadTile(byte(t), "R13", "R9", atNothing)()
		}
		for block := range depth {
			a.blockQuad(2048*block, (panel*depth+block)*blockBytes)
		}
		for t := range 4 {
			a.storeTile(byte(t), "R13", "R11", to+t/2*scoreTile+panel*128+t%2*64)()
		}
	}
}

// gradKeySums adds the transpose at x times the weights in scratch.
func (a *assembly) gradKeySums(depth int, name string, x, b, c int) {
	a.op("MOVQ %d(DI), R8", c)
	a.op("MOVQ %d(DI), SI", x)
	a.op("LEAQ %d(R13), DX", b)
	for tile := range depth {
		for panel := range 2 {
			a.quad(sprintf("%s%d%d", name, tile, panel), "R11", pairTile*tile+128*panel, scoreTile, gradQBlocks, tile*pairBlock, panel*pairBlock)
		}
	}
}

// maskGrad writes -Inf to the scores beyond a row's bounds, if there are bounds,
// and 0 to their derivatives.
func (a *assembly) maskGrad() {
	a.op("MOVQ 40(SP), SI")
	a.op("TESTQ SI, SI")
	a.op("JEQ unmasked")
	a.maskConstants()
	a.op("VPXORD Z5, Z5, Z5")
	a.op("LEAQ %d(R13), R8", atScores)
	a.op("MOVL $32, AX")
	a.label("mask")
	for i := range 4 {
		a.outOfBounds("SI", 0, i)
		a.op("VMOVUPS Z4, K1, %d(R8)", i*64)
		a.op("VMOVUPS Z5, K1, %d(R8)", i*64+atDP)
	}
	a.op("ADDQ $8, SI")
	a.op("ADDQ $%d, R8", scoreRow)
	a.op("DECQ AX")
	a.op("JNZ mask")
	a.op("MOVQ SI, 40(SP)")
	a.label("unmasked")
}

// weighGrad makes weights and their derivatives from the scores of 32 queries,
// two at a time. R10 is where they go as B, R12 as A.
func (a *assembly) weighGrad() {
	a.op("LEAQ %d(R13), R8", atScores)
	a.op("MOVQ 24(SP), SI")
	a.op("MOVQ 32(SP), DX")
	a.op("MOVL $16, AX")
	a.label("pair")
	for part := range 2 {
		a.weighGradPart(part)
	}
	a.op("ADDQ $%d, R8", 2*scoreRow)
	a.op("ADDQ $8, SI")
	a.op("ADDQ $8, DX")
	a.op("ADDQ $64, R10")
	a.op("ADDQ $128, R12")
	a.op("DECQ AX")
	a.op("JNZ pair")
	a.op("MOVQ SI, 24(SP)")
	a.op("MOVQ DX, 32(SP)")
	a.op("ADDQ $1024, R10")
	a.op("ADDQ $2048, R12")
}

// weighGradPart does 32 keys of two rows.
func (a *assembly) weighGradPart(part int) {
	x, t, f, d := []int{0, 1, 2, 3}, []int{4, 5, 6, 7}, []int{8, 9, 10, 11}, []int{12, 13, 14, 15}
	at := func(i int) int { return i%2*scoreRow + part*128 + i/2*64 } // row i%2
	for i := range 4 {
		a.op("VMOVUPS %d(R8), Z%d", at(i), x[i])
	}
	for i := range 4 {
		a.op("VFMADD213PS.BCST %d(SI), Z23, Z%d", i%2*4, x[i])
	}
	a.expShort(f, x, t, f)
	for i := range 4 {
		a.op("VMOVUPS %d(R8), Z%d", at(i)+atDP, d[i])
	}
	for i := range 4 {
		a.op("VSUBPS.BCST %d(DX), Z%d, Z%d", i%2*4, d[i], d[i])
	}
	for i := range 4 {
		a.op("VMULPS Z%d, Z%d, Z%d", d[i], f[i], d[i])
	}
	for i := range 4 {
		a.op("VMULPS Z23, Z%d, Z%d", d[i], d[i])
	}
	for half := range 2 {
		to := part*pairBlock + half*1024
		a.raw(roundPair(byte(t[half]), byte(f[2*half+1]), byte(f[2*half])), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", f[2*half], f[2*half+1], t[half])
		a.op("VPERMW Z%d, Z22, Z%d", t[half], t[half])
		a.op("VMOVDQU32 Z%d, %d(R10)", t[half], to)
		u := x[half]
		a.raw(roundPair(byte(u), byte(d[2*half+1]), byte(d[2*half])), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", d[2*half], d[2*half+1], u)
		a.op("VMOVDQU32 Y%d, %d(R12)", u, part*2048+half*32)
		a.op("VEXTRACTI64X4 $1, Z%d, %d(R12)", u, part*2048+half*32+64)
		a.op("VPERMW Z%d, Z22, Z%d", u, u)
		a.op("VMOVDQU32 Z%d, %d(R10)", u, to+atDS-atP)
	}
}

// roundTAMX writes the transpose of 16 rows of 64 sums, rounded, to 64 rows of y.
func (a *assembly) roundTAMX() {
	a.function("func roundTAMX(y *tensor.BF16, stride int, c *float32)", 0, 24)
	a.op("MOVQ y+0(FP), DI")
	a.op("MOVQ stride+8(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ c+16(FP), SI")
	a.op("MOVL $4, CX")
	a.label("tile")
	for r := range 16 {
		a.op("VMOVUPS %d(SI), Z%d", r*scoreRow, r)
	}
	a.transpose16()
	for r := range 16 {
		a.raw(roundPair(byte(r), byte(r), byte(r)), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", r, r, r)
		a.op("VMOVDQU32 Y%d, (DI)", r)
		a.op("ADDQ DX, DI")
	}
	a.op("ADDQ $64, SI")
	a.op("DECQ CX")
	a.op("JNZ tile")
	a.op("VZEROUPPER")
	a.op("RET")
}
