package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// avx2Product has A in the form of avx512Product.
var avx2Product = productOps{
	tiles: []tileOp{
		{rows: 1, aBytes: 4, pack: packAVX2x1, packT: packTAVX2x1, mul: mulAVX2x1},
		{rows: 2, aBytes: 4, pack: packAVX2x2, packT: packTAVX2x2, mul: mulAVX2x2},
		{rows: 3, aBytes: 4, pack: packAVX2x3, packT: packTAVX2x3, mul: mulAVX2x3},
	},
	budgetA:  192 << 10,
	maxRows:  240,
	callWork: 2 << 20,
	gradRows: 120, gradCols: 256, gradK: 256,
	queries:  64,
	packRows: packRowsAVX2,
	packCols: packColsAVX2,
	round:    roundAVX2,
	peakOps:  peakOps{peak: peakAVX2, peakFlops: 12 * 16, read: readAVX2},
}

//go:noescape
func mulAVX2x1(t *tileArgs)

//go:noescape
func packAVX2x1(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX2x1(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX2x2(t *tileArgs)

//go:noescape
func packAVX2x2(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX2x2(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX2x3(t *tileArgs)

//go:noescape
func packAVX2x3(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX2x3(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func packRowsAVX2(dst, src *tensor.BF16, stride, kb int)

//go:noescape
func packColsAVX2(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)

//go:noescape
func roundAVX2(y *tensor.BF16, stride int, c *float32, rows int)

func peakAVX2(rounds int)

//go:noescape
func readAVX2(p unsafe.Pointer, kib int)
