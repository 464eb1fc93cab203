package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// neonProduct expands A to fp32, pair by pair: [pair][row][even, odd].
var neonProduct = productOps{
	tiles: []tileOp{
		{rows: 1, aBytes: 4, pack: packNEONx1, packT: packTNEONx1, mul: mulNEONx1},
		{rows: 2, aBytes: 4, pack: packNEONx2, packT: packTNEONx2, mul: mulNEONx2},
		{rows: 4, aBytes: 4, pack: packNEONx4, packT: packTNEONx4, mul: mulNEONx4},
		{rows: 6, aBytes: 4, pack: packNEONx6, packT: packTNEONx6, mul: mulNEONx6},
	},
	budgetA:  192 << 10,
	maxRows:  240,
	callWork: 1 << 20,
	gradRows: 120, gradCols: 256, gradK: 256,
	queries:  64,
	packRows: packRowsNEON,
	packCols: packColsNEON,
	round:    roundNEON,
	peakOps:  peakOps{peak: peakNEON, peakFlops: 24 * 8, read: readNEON},
}

// mulMarked multiplies, and does again by the definition the parts of tiles in
// which something was flushed to zero: Arm decides before rounding what is too
// small, the definition after it.
func mulMarked(t *tileArgs, rows int, tiles func(t *tileArgs)) {
	parts := 4 // of a panel
	if rows <= 2 {
		parts = 1
	}
	n := t.panels * parts * t.tiles
	if cap(t.marks) < n {
		t.marks = make([]uint8, n)
	}
	t.marks = t.marks[:n]
	tiles(t)
	for i, mark := range t.marks {
		if mark != 0 {
			part := i / t.tiles
			mulAgain(t, rows, i%t.tiles, part/parts, part%parts*PanelN/parts, PanelN/parts)
		}
	}
}

// mulAgain multiplies some columns of a tile.
func mulAgain(t *tileArgs, rows, tile, panel, column, columns int) {
	for r := range rows {
		for n := column; n < column+columns; n++ {
			c := (*float32)(unsafe.Add(t.c, panel*t.cPanel+tile*t.cTile+r*t.cRow+n*4))
			for kb := range t.kb {
				a := unsafe.Add(t.a, tile*t.aTile+(kb*BlockK*rows+2*r)*4)
				b := unsafe.Add(t.b, panel*t.bPanel+(kb*blockLen+n/halfN*halfLen+n%halfN*2)*2)
				var e, o float64
				for p := range BlockK / 2 {
					x := (*[2]float32)(unsafe.Add(a, p*rows*8))
					y := (*[2]tensor.BF16)(unsafe.Add(b, p*pairLen*2))
					e = fmaFlush(float64(flush(x[0])), float64(expand(y[0])), e)
					o = fmaFlush(float64(flush(x[1])), float64(expand(y[1])), o)
				}
				*c = flush(flush(*c) + flush(float32(e)+float32(o)))
			}
		}
	}
}

//go:noescape
func tilesNEONx1(t *tileArgs)

func mulNEONx1(t *tileArgs) { mulMarked(t, 1, tilesNEONx1) }

//go:noescape
func packNEONx1(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTNEONx1(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func tilesNEONx2(t *tileArgs)

func mulNEONx2(t *tileArgs) { mulMarked(t, 2, tilesNEONx2) }

//go:noescape
func packNEONx2(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTNEONx2(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func tilesNEONx4(t *tileArgs)

func mulNEONx4(t *tileArgs) { mulMarked(t, 4, tilesNEONx4) }

//go:noescape
func packNEONx4(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTNEONx4(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func tilesNEONx6(t *tileArgs)

func mulNEONx6(t *tileArgs) { mulMarked(t, 6, tilesNEONx6) }

//go:noescape
func packNEONx6(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTNEONx6(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func packRowsNEON(dst, src *tensor.BF16, stride, kb int)

//go:noescape
func packColsNEON(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)

//go:noescape
func roundNEON(y *tensor.BF16, stride int, c *float32, rows int)

func peakNEON(rounds int)

//go:noescape
func readNEON(p unsafe.Pointer, kib int)
