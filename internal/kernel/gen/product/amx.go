package main

// amx writes the tiles of 16 and 32 rows. A is [block][16 rows][32 values] for
// each 16 rows, B is read as it is packed.
func amx() string {
	a := newAssembly()
	for _, tiles := range []int{1, 2} {
		a.mulAMX(tiles)
		a.packAMX(tiles)
		a.packTAMX(tiles)
	}
	a.mulRoundAMX()
	a.roundAMX()
	a.peakAMX()
	return a.String()
}

// mulAMX multiplies one or two tiles of 16 rows by the two of a panel. A tile
// of rows meets all panels before the next one does: it stays in the first
// cache, and the panels come from the second.
//
//	T0 to T3 sums (row tile, column tile)   T4, T5 A   T6, T7 B
//	SI A   DX B   CX blocks to go   R9 64, the row of a tile of A or B
//	R10 the tile of A   R13 the panel   BX C of the tile   R12 C of tile and panel
//	0(SP) tiles to go   AX panels to go
//	R15 what comes nearer meanwhile, for later calls: two lines for each block
func (a *assembly) mulAMX(tiles int) {
	a.beginAMX(sprintf("mulAMXx%d", 16*tiles), 8)
	a.op("MOVQ %d(DI), R11", argCRow)
	a.op("MOVQ %d(DI), AX", argTiles)
	a.op("MOVQ AX, 0(SP)")
	a.label("tile")
	a.op("MOVQ %d(DI), R13", argB)
	a.op("MOVQ BX, R12")
	a.op("MOVQ %d(DI), AX", argPanels)
	a.label("panel")
	a.beginSums(tiles)
	a.nextSums()
	a.blocksAMX(tiles, func() { // a row of the next sums
		a.raw(fetchToWrite("R8", 0), "PREFETCHW (R8)")
		a.raw(fetchToWrite("R8", 64), "PREFETCHW 64(R8)")
		a.op("ADDQ R11, R8")
	})
	a.eachSum(tiles, tileStore, "TILESTORED")
	a.nextPanel()
	a.op("DECQ AX")
	a.op("JNZ panel")
	a.nextTile()
	a.op("DECQ 0(SP)")
	a.op("JNZ tile")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// mulRoundAMX is mulAMX for two tiles of rows whose sums leave as bfloat16, by
// way of memory that is near and while the next panel is multiplied. C is where the
// sums begin, if at all.
//
//	0(SP) tiles, 8(SP) panels to go   AX the sums that are to be rounded
//	16(SP) their end   R8 where they go   R11 bytes between rows of Y
//	R14 Y of the panel   24(SP) Y of the tile
func (a *assembly) mulRoundAMX() {
	a.beginAMX("mulAMXx32Round", 32)
	a.op("MOVQ %d(DI), AX", argTiles)
	a.op("MOVQ AX, 0(SP)")
	a.op("MOVQ %d(DI), AX", argRows)
	a.op("ADDQ $4096, AX")
	a.op("MOVQ AX, 16(SP)")
	a.op("MOVQ %d(DI), R14", argY)
	a.label("tile")
	a.op("MOVQ R14, 24(SP)")
	a.op("MOVQ %d(DI), R13", argB)
	a.op("MOVQ BX, R12")
	a.op("MOVQ %d(DI), CX", argPanels)
	a.op("MOVQ CX, 8(SP)")
	a.label("panel")
	a.op("MOVQ %d(DI), R11", argCRow)
	a.beginSums(2)
	a.op("MOVQ %d(DI), R11", argYRow)
	done := 0
	round := func() {
		done++
		a.op("CMPQ AX, 16(SP)")
		a.op("JEQ rounded%d", done)
		a.roundRow()
		a.label(sprintf("rounded%d", done))
	}
	a.blocksAMX(2, round)
	a.label("rest") // of a panel with few blocks
	a.op("CMPQ AX, 16(SP)")
	a.op("JEQ round")
	a.roundRow()
	a.op("JMP rest")
	a.label("round")
	a.op("SUBQ $4096, AX")
	a.op("MOVL $128, CX")
	for t := range 4 {
		at := int32(t/2*16*128 + t%2*64)
		a.raw(tileStore(byte(t), "AX", "CX", at), "TILESTORED T%d, %d(AX)(CX*1)", t, at)
	}
	a.op("MOVQ R14, R8")
	a.op("ADDQ $64, R14")
	a.nextPanel()
	a.op("DECQ 8(SP)")
	a.op("JNZ panel")
	a.nextTile()
	a.op("MOVQ 24(SP), R14")
	a.op("ADDQ %d(DI), R14", argYTile)
	a.op("DECQ 0(SP)")
	a.op("JNZ tile")
	a.label("last")
	a.roundRow()
	a.op("CMPQ AX, 16(SP)")
	a.op("JNE last")
	a.op("VZEROUPPER")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}

// beginAMX begins a function that multiplies tiles.
func (a *assembly) beginAMX(name string, frame int) {
	a.function(sprintf("func %s(t *tileArgs)", name), frame, 8)
	a.op("MOVQ t+0(FP), DI")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.op("MOVL $64, R9")
	a.op("MOVQ %d(DI), R10", argA)
	a.op("MOVQ %d(DI), BX", argC)
	a.op("MOVQ %d(DI), R15", argAhead)
}

// eachSum loads or stores the sums. CX is where C of the second row tile is.
func (a *assembly) eachSum(tiles int, what func(tile byte, base, index string, disp int32) []byte, name string) {
	for r := range tiles {
		base := "R12"
		if r > 0 {
			a.op("MOVQ R11, CX")
			a.op("SHLQ $4, CX")
			a.op("ADDQ R12, CX")
			base = "CX"
		}
		for c := range 2 {
			a.raw(what(byte(2*r+c), base, "R11", int32(64*c)), "%s T%d, %d(%s)(R11*1)", name, 2*r+c, 64*c, base)
		}
	}
}

func (a *assembly) beginSums(tiles int) {
	a.op("CMPQ %d(DI), $0", argAdd)
	a.op("JEQ zero")
	a.eachSum(tiles, tileLoad, "TILELOADD")
	a.op("JMP begin")
	a.label("zero")
	for t := range 2 * tiles {
		a.raw(tileZero(byte(t)), "TILEZERO T%d", t)
	}
	a.label("begin")
}

// blocksAMX multiplies a tile of rows by a panel and does something else twice, or
// once for one tile, in each block.
func (a *assembly) blocksAMX(tiles int, meanwhile func()) {
	a.op("MOVQ R10, SI")
	a.op("MOVQ R13, DX")
	a.op("MOVQ %d(DI), CX", argDepth)
	a.label("block")
	load := func(f func(byte, string, string, int32) []byte, name string, tile byte, base string, disp int32) {
		a.raw(f(tile, base, "R9", disp), "%s T%d, %d(%s)(R9*1)", name, tile, disp, base)
	}
	product := func(sum, x, y byte) { a.raw(tileProduct(sum, x, y), "TDPBF16PS T%d += T%d T%d", sum, x, y) }
	ahead := func() {
		a.op("PREFETCHT1 (R15)")
		a.op("ADDQ %d(DI), R15", argAheadLine)
	}
	load(tileLoadOnce, "TILELOADDT1", 6, "DX", 0)
	load(tileLoad, "TILELOADD", 4, "SI", 0)
	load(tileLoadOnce, "TILELOADDT1", 7, "DX", halfBytes)
	product(0, 4, 6)
	ahead()
	if tiles == 2 {
		load(tileLoad, "TILELOADD", 5, "SI", halfBytes)
	}
	product(1, 4, 7)
	ahead()
	meanwhile()
	if tiles == 2 {
		product(2, 5, 6)
		meanwhile()
		product(3, 5, 7)
	}
	a.op("ADDQ $%d, SI", tiles*1024)
	a.op("ADDQ $%d, DX", blockBytes)
	a.op("DECQ CX")
	a.op("JNZ block")
}

func (a *assembly) nextPanel() {
	a.op("ADDQ %d(DI), R13", argBPanel)
	a.op("ADDQ %d(DI), R12", argCPanel)
}

func (a *assembly) nextTile() {
	a.op("ADDQ %d(DI), R10", argATile)
	a.op("ADDQ %d(DI), BX", argCTile)
}

// roundRow rounds a row of sums.
func (a *assembly) roundRow() {
	a.op("VMOVUPS (AX), Z0")
	a.op("VMOVUPS 64(AX), Z1")
	a.raw(roundPair(0, 1, 0), "VCVTNE2PS2BF16 Z0, Z1, Z0")
	a.op("VMOVDQU32 Z0, (R8)")
	a.op("ADDQ $128, AX")
	a.op("ADDQ R11, R8")
}

// nextSums sets R8 to the sums of the next panel or, after the last, of the next
// tile; where there is none, to these.
func (a *assembly) nextSums() {
	a.op("MOVQ R12, R8")
	a.op("ADDQ %d(DI), R8", argCPanel)
	a.op("CMPQ AX, $1")
	a.op("JNE fetch")
	a.op("MOVQ R12, R8")
	a.op("CMPQ 0(SP), $1")
	a.op("JEQ fetch")
	a.op("MOVQ BX, R8")
	a.op("ADDQ %d(DI), R8", argCTile)
	a.label("fetch")
}

// packAMX copies rows, one after the other.
func (a *assembly) packAMX(tiles int) {
	a.function(sprintf("func packAMXx%d(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)", 16*tiles), 0, 40)
	a.packArgs()
	a.op("MOVQ rows+24(FP), CX")
	a.op("XORL AX, AX") // the row
	a.label("row")
	a.op("MOVQ DI, R9")
	a.op("MOVQ SI, R10")
	a.op("MOVQ kb+32(FP), R11")
	a.label("block")
	a.op("VMOVDQU32 (R10), Z0")
	a.op("VMOVDQU32 Z0, (R9)")
	a.op("ADDQ $64, R10")
	a.op("ADDQ $%d, R9", tiles*1024)
	a.op("DECQ R11")
	a.op("JNZ block")
	a.op("ADDQ DX, SI")
	a.op("ADDQ $64, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// packTAMX makes pairs of two rows of the source and transposes them.
func (a *assembly) packTAMX(tiles int) {
	a.function(sprintf("func packTAMXx%d(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)", 16*tiles), 0, 40)
	a.packArgs()
	a.op("MOVQ kb+32(FP), CX")
	a.label("block")
	a.op("MOVQ $%d, R8", tiles)
	a.op("MOVQ SI, R10")
	a.label("tile")
	a.op("MOVQ R10, R9")
	for p := range pairs {
		a.op("VPMOVZXWD (R9), Z%d", p)
		a.op("VPMOVZXWD (R9)(DX*1), Z16")
		a.op("VPSLLD $16, Z16, Z16")
		a.op("VPORD Z%d, Z16, Z%d", p, p)
		a.op("LEAQ (R9)(DX*2), R9")
	}
	a.transpose16()
	for r := range 16 {
		a.op("VMOVDQU32 Z%d, %d(DI)", r, r*64)
	}
	a.op("ADDQ $1024, DI")
	a.op("ADDQ $32, R10")
	a.op("DECQ R8")
	a.op("JNZ tile")
	a.op("MOVQ R9, SI") // 32 rows on, and the last tile's column
	a.op("SUBQ $%d, SI", 32*(tiles-1))
	a.op("DECQ CX")
	a.op("JNZ block")
	a.op("VZEROUPPER")
	a.op("RET")
}

// roundAMX rounds with the instruction that processors with AMX have. It takes
// denormals for zero; sums have none.
func (a *assembly) roundAMX() {
	a.function("func roundAMX(y *tensor.BF16, stride int, c *float32, rows int)", 0, 32)
	a.op("MOVQ y+0(FP), DI")
	a.op("MOVQ stride+8(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ c+16(FP), SI")
	a.op("MOVQ rows+24(FP), CX")
	a.label("row")
	a.op("VMOVUPS 0(SI), Z0")
	a.op("VMOVUPS 64(SI), Z1")
	a.raw(roundPair(2, 1, 0), "VCVTNE2PS2BF16 Z0, Z1, Z2")
	a.op("VMOVDQU32 Z2, (DI)")
	a.op("ADDQ $128, SI")
	a.op("ADDQ DX, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.op("VZEROUPPER")
	a.op("RET")
}

// peakAMX does nothing but multiply and add: 4 products of tiles a round.
func (a *assembly) peakAMX() {
	a.function("func peakAMX(rounds int)", 0, 8)
	a.op("MOVQ rounds+0(FP), CX")
	a.op("MOVQ $·amxConfig(SB), R8")
	a.raw(tileConfig("R8"), "LDTILECFG (R8)")
	a.label("round")
	for i := range byte(4) {
		a.raw(tileProduct(i, 4+i/2, 6+i%2), "TDPBF16PS T%d += T%d T%d", i, 4+i/2, 6+i%2)
	}
	a.op("DECQ CX")
	a.op("JNZ round")
	a.raw(tileRelease(), "TILERELEASE")
	a.op("RET")
}
