package main

// flushDenormals sets FTZ and DAZ; the caller's state is kept at 8(SP).
func (a *assembly) flushDenormals() {
	a.op("STMXCSR 8(SP)")
	a.op("MOVL 8(SP), AX")
	a.op("ORL $0x8040, AX")
	a.op("MOVL AX, 12(SP)")
	a.op("LDMXCSR 12(SP)")
}

// leave restores the caller's state.
func (a *assembly) leave() {
	a.op("LDMXCSR 8(SP)")
	a.op("VZEROUPPER")
	a.op("RET")
}

// step is what the parts of a panel add to B and C, in bytes. All steps of a
// panel together add nothing.
type step struct{ b, c int }

// mulLoops writes the loops over panels, their parts and tiles around a tile's
// code. Registers:
//
//	DI arguments   SI A   DX B   R8 C   R9 a row of C   CX blocks: the tile's own
//	R10 A, R12 C of the tile   R13 B, BX C of the panel   AX tiles left
//	0(SP) panels left
func (a *assembly) mulLoops(steps []step, tile func()) {
	a.op("MOVQ %d(DI), R13", argB)
	a.op("MOVQ %d(DI), BX", argC)
	a.op("MOVQ %d(DI), AX", argPanels)
	a.op("MOVQ AX, 0(SP)")
	a.label("panel")
	if steps != nil {
		a.op("MOVQ $0, 16(SP)")
		a.label("step")
	}
	a.op("MOVQ %d(DI), R10", argA)
	a.op("MOVQ BX, R12")
	a.op("MOVQ %d(DI), AX", argTiles)
	a.label("tile")
	a.op("MOVQ R10, SI")
	a.op("MOVQ R13, DX")
	a.op("MOVQ R12, R8")
	tile()
	a.op("ADDQ %d(DI), R10", argATile)
	a.op("ADDQ %d(DI), R12", argCTile)
	a.op("DECQ AX")
	a.op("JNZ tile")
	if steps != nil {
		a.op("MOVQ 16(SP), AX")
		a.op("INCQ 16(SP)")
		for i, s := range steps {
			a.op("CMPQ AX, $%d", i)
			a.op("JNE not%d", i)
			a.op("ADDQ $%d, R13", s.b)
			a.op("ADDQ $%d, BX", s.c)
			a.label(sprintf("not%d", i))
		}
		a.op("CMPQ AX, $%d", len(steps)-1)
		a.op("JNE step")
	}
	a.op("ADDQ %d(DI), R13", argBPanel)
	a.op("ADDQ %d(DI), BX", argCPanel)
	a.op("DECQ 0(SP)")
	a.op("JNZ panel")
}

// packArgs loads the arguments of a packing function; the stride in bytes.
func (a *assembly) packArgs() {
	a.op("MOVQ dst+0(FP), DI")
	a.op("MOVQ src+8(FP), SI")
	a.op("MOVQ stride+16(FP), DX")
	a.op("SHLQ $1, DX")
}

// packColsArgs loads the arguments of packCols: R10 is what the next half adds
// to DI, R8 what the one after it does.
func (a *assembly) packColsArgs() {
	a.op("MOVQ dst+0(FP), DI")
	a.op("MOVQ panelStride+8(FP), R8")
	a.op("LEAQ -%d(R8)(R8*1), R8", halfBytes)
	a.op("MOVQ src+16(FP), SI")
	a.op("MOVQ stride+24(FP), DX")
	a.op("SHLQ $1, DX")
	a.op("MOVQ halves+32(FP), CX")
	a.op("MOVQ $%d, R10", halfBytes)
}

func (a *assembly) packColsNext() {
	a.op("ADDQ $32, SI")
	a.op("ADDQ R10, DI")
	a.op("XCHGQ R8, R10")
	a.op("DECQ CX")
	a.op("JNZ half")
	a.op("VZEROUPPER")
	a.op("RET")
}
