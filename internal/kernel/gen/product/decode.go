package main

// decoding is a coding of the package kernel.
type decoding struct {
	name   string
	blocks int    // of a unit
	table  string // of what codes of 4 bits stand for
	scales scaling
}

type scaling int

const (
	scalesF16 scaling = iota
	scalesBF16
	scalesOffset
	scalesTwo
)

var decodings = []decoding{
	{"Q8_0", 1, "", scalesF16},
	{"Q4_0", 1, "tableQ4_0", scalesF16},
	{"MXFP4", 1, "tableMXFP4", scalesBF16},
	{"Q4K", 8, "tableQ4K", scalesOffset},
	{"Q5K", 8, "", scalesOffset},
	{"Q6K", 8, "", scalesTwo},
}

// linear reports whether codes of 4 bits stand for themselves, or for themselves
// less 8 where there is no offset.
func (d *decoding) linear() bool { return d.name == "Q4_0" || d.name == "Q4K" }

const scaleBytes = 32 // of a block of 16 columns

func (d *decoding) headBytes() int {
	return map[scaling]int{scalesOffset: 64, scalesTwo: 32}[d.scales]
}

func (d *decoding) rowBytes() int {
	if d.table != "" {
		return 16
	}
	return 32
}

func (d *decoding) blockBytes() int { return scaleBytes + pairs*d.rowBytes() }

// decodeLoops writes the loops over units, halves and blocks around a block's
// code. Registers:
//
//	DI the half, R10 the block of what is written   SI what is read
//	CX units, R8 halves, R9 blocks left   R11 the half's head
func (a *assembly) decodeLoops(d *decoding, block func()) {
	a.op("MOVQ dst+0(FP), DI")
	a.op("MOVQ src+8(FP), SI")
	a.op("MOVQ units+16(FP), CX")
	a.label("unit")
	a.op("MOVQ $2, R8")
	a.label("half")
	a.op("MOVQ DI, R10")
	if d.blocks > 1 {
		a.op("MOVQ SI, R11")
		a.op("PREFETCHT0 %d(R11)", d.fetchBytes())
		a.op("ADDQ $%d, SI", d.headBytes())
		a.op("MOVQ $%d, R9", d.blocks)
		a.label("block")
	}
	block()
	a.op("ADDQ $%d, SI", d.blockBytes())
	if d.blocks > 1 {
		a.op("ADDQ $%d, R10", blockBytes)
		a.op("DECQ R9")
		a.op("JNZ block")
	}
	a.op("ADDQ $%d, DI", halfBytes)
	a.op("DECQ R8")
	a.op("JNZ half")
	if d.blocks > 1 {
		a.op("ADDQ $%d, DI", (d.blocks-1)*blockBytes)
	}
	a.op("DECQ CX")
	a.op("JNZ unit")
	a.op("VZEROUPPER")
	a.op("RET")
}

// fetchCodes fetches what is read later, line by line as rows are.
func (a *assembly) fetchCodes(d *decoding, pair int, base string) {
	perLine := 64 / d.rowBytes()
	if pair%perLine == 0 {
		a.op("PREFETCHT0 %d(%s)", d.fetchBytes()+pair*d.rowBytes(), base)
	}
	if pair == 0 {
		a.op("PREFETCHT0 %d(%s)", d.fetchBytes()+pairs*d.rowBytes(), base)
	}
}

// fetchBytes is how far ahead: the next unit, if they are large, so that both
// halves of one may be read at the same time.
func (d *decoding) fetchBytes() int {
	if d.blocks > 1 {
		return 2 * (d.headBytes() + d.blocks*d.blockBytes())
	}
	return 4096
}
