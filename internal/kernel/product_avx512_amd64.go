package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// avx512Product expands A to fp32, pair by pair: [pair][row][even, odd]. A tile
// keeps the even and the odd sums of all its outputs in registers and takes A
// as a broadcast operand; the weights are unpacked as they are read.
var avx512Product = productOps{
	tiles: []tileOp{
		{rows: 1, aBytes: 4, pack: packAVX512x1, packT: packTAVX512x1, mul: mulAVX512x1},
		{rows: 2, aBytes: 4, pack: packAVX512x2, packT: packTAVX512x2, mul: mulAVX512x2},
		{rows: 4, aBytes: 4, pack: packAVX512x4, packT: packTAVX512x4, mul: mulAVX512x4},
		{rows: 8, aBytes: 4, pack: packAVX512x8, packT: packTAVX512x8, mul: mulAVX512x8},
		{rows: 12, aBytes: 4, pack: packAVX512x12, packT: packTAVX512x12, mul: mulAVX512x12},
	},
	budgetA:  384 << 10,
	maxRows:  240,
	callWork: 2 << 20,
	gradRows: 240, gradCols: 512, gradK: 256,
	queries:  64,
	packRows: packRowsAVX512,
	packCols: packColsAVX512,
	round:    roundAVX512,
	peakOps:  peakOps{peak: peakAVX512, peakFlops: 24 * 32, read: readAVX512},
}

// joinLow and joinHigh choose lanes 0 and 1, or 2 and 3, of two vectors in turn.
//
//lint:ignore U1000 read by the assembly
var joinLow = [8]uint64{0, 1, 8, 9, 2, 3, 10, 11}

//lint:ignore U1000 read by the assembly
var joinHigh = [8]uint64{4, 5, 12, 13, 6, 7, 14, 15}

//go:noescape
func mulAVX512x1(t *tileArgs)

//go:noescape
func packAVX512x1(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512x1(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512x2(t *tileArgs)

//go:noescape
func packAVX512x2(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512x2(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512x4(t *tileArgs)

//go:noescape
func packAVX512x4(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512x4(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512x8(t *tileArgs)

//go:noescape
func packAVX512x8(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512x8(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512x12(t *tileArgs)

//go:noescape
func packAVX512x12(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512x12(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func packRowsAVX512(dst, src *tensor.BF16, stride, kb int)

//go:noescape
func packColsAVX512(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)

//go:noescape
func roundAVX512(y *tensor.BF16, stride int, c *float32, rows int)

func peakAVX512(rounds int)

//go:noescape
func readAVX512(p unsafe.Pointer, kib int)
