package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// amxProduct multiplies tiles of 16 x 16. Everything else, and a product of one
// or two rows by weights in bf16, which only reads them, is AVX-512: see
// machinePaths.
var amxProduct = productOps{
	tiles: []tileOp{
		{rows: 16, aBytes: 2, pack: packAMXx16, packT: packTAMXx16, mul: mulAMXx16},
		{rows: 32, aBytes: 2, pack: packAMXx32, packT: packTAMXx32, mul: mulAMXx32, mulRound: mulAMXx32Round},
	},
	budgetA:  512 << 10,
	nearRows: 32, nearA: 128 << 10, nearB: 1 << 20,
	kc:       512,
	maxRows:  512,
	callWork: 32 << 20,
	gradRows: 2048, gradCols: 512, gradK: 512, gradStrip: 32,
	packsFar: true,
	queries:  64,
	packRows: packRowsAVX512,
	packCols: packColsAVX512,
	round:    roundAMX,
	peakOps:  peakOps{peak: peakAMX, peakFlops: 4 * 2 * 16 * 16 * 32, read: readAVX512},
}

// amxConfig is palette 1 with eight full tiles: 16 rows of 64 bytes.
//
//lint:ignore U1000 read by the assembly
var amxConfig = func() (c [64]byte) {
	c[0] = 1
	for t := range 8 {
		c[16+2*t] = 64
		c[48+t] = 16
	}
	return c
}()

//go:noescape
func mulAMXx16(t *tileArgs)

//go:noescape
func packAMXx16(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAMXx16(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func mulAMXx32(t *tileArgs)

//go:noescape
func mulAMXx32Round(t *tileArgs)

//go:noescape
func packAMXx32(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)

//go:noescape
func packTAMXx32(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)

//go:noescape
func roundAMX(y *tensor.BF16, stride int, c *float32, rows int)

func peakAMX(rounds int)
