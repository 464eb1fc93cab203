package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// avx512BF16Product multiplies larger tiles with VDPBF16PS, which does two steps
// of a sum: A is bf16 in quads along K, [quad][row][k2, k0, k3, k1].
var avx512BF16Product = productOps{
	tiles: []tileOp{
		avx512Product.tiles[0],
		avx512Product.tiles[1],
		avx512Product.tiles[2],
		{rows: 8, aBytes: 2, pack: packAVX512BF16x8, packT: packTAVX512BF16x8, mul: mulAVX512BF16x8},
		{rows: 12, aBytes: 2, pack: packAVX512BF16x12, packT: packTAVX512BF16x12, mul: mulAVX512BF16x12},
	},
	budgetA:  384 << 10,
	maxRows:  240,
	callWork: 4 << 20,
	gradRows: 240, gradCols: 512, gradK: 256,
	queries:  64,
	packRows: packRowsAVX512,
	packCols: packColsAVX512,
	round:    roundAVX512,
	peakOps:  peakOps{peak: peakAVX512BF16, peakFlops: 24 * 64, read: readAVX512},
}

//go:noescape
func mulAVX512BF16x8(t *tileArgs)

//go:noescape
func packAVX512BF16x8(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512BF16x8(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512BF16x12(t *tileArgs)

//go:noescape
func packAVX512BF16x12(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512BF16x12(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

func peakAVX512BF16(rounds int)
