package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// avx512BF16Product multiplies with VDPBF16PS, which does two steps of a sum: A is
// bf16 in quads along K, [quad][row][k2, k0, k3, k1].
var avx512BF16Product = productOps{
	tiles: []tileOp{
		{rows: 1, aBytes: 2, pack: packAVX512BF16x1, packT: packTAVX512BF16x1, mul: mulAVX512BF16x1},
		{rows: 2, aBytes: 2, pack: packAVX512BF16x2, packT: packTAVX512BF16x2, mul: mulAVX512BF16x2},
		{rows: 4, aBytes: 2, pack: packAVX512BF16x4, packT: packTAVX512BF16x4, mul: mulAVX512BF16x4},
		{rows: 8, aBytes: 2, pack: packAVX512BF16x8, packT: packTAVX512BF16x8, mul: mulAVX512BF16x8},
		{rows: 12, aBytes: 2, pack: packAVX512BF16x12, packT: packTAVX512BF16x12, mul: mulAVX512BF16x12},
	},
	budgetA:  512 << 10,
	maxRows:  360,
	callWork: 4 << 20,
	gradRows: 384, gradCols: 512, gradK: 256,
	queries:  64,
	packRows: packRowsAVX512,
	packCols: packColsAVX512,
	round:    roundAVX512,
	peakOps:  peakOps{peak: peakAVX512BF16, peakFlops: 24 * 64, read: readAVX512},
}

//go:noescape
func mulAVX512BF16x1(t *tileArgs)

//go:noescape
func packAVX512BF16x1(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512BF16x1(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512BF16x2(t *tileArgs)

//go:noescape
func packAVX512BF16x2(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512BF16x2(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAVX512BF16x4(t *tileArgs)

//go:noescape
func packAVX512BF16x4(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAVX512BF16x4(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

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
