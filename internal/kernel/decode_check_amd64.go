package kernel

import (
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// pairsAreSteps reports whether VDPBF16PS, with a zero in each pair, is the step
// of a sum that MatMul states. The manuals leave its treatment of small products
// open, so the processor is asked: with sums of every size, next to the smallest
// normal number above all.
func pairsAreSteps() bool {
	r := rand.New(rand.NewPCG(1, 1))
	c := &codings[formatQ8_0]
	panel := alignedBytes(2 * c.halfBytes())
	var weights [blockLen]tensor.BF16
	var a [BlockK]float32
	for round := range 64 {
		for i := range panel {
			panel[i] = byte(r.Uint32())
		}
		for i := range PanelN {
			scale := panel[i/halfN*c.halfBytes()+i%halfN*2:]
			scale[1] = scale[1]&0x80 | byte(r.UintN(0x78)) // finite
		}
		for i := range a {
			a[i] = expand(tensor.BF16(r.UintN(2)<<15 | (1+r.UintN(4+3*uint(round)))<<7 | r.UintN(128)))
		}
		var want, got [PanelN]float32
		decodeQ8_0AVX512BF16(&weights[0], &panel[0], 1)
		args := tileArgs{a: unsafe.Pointer(&a), b: unsafe.Pointer(&weights), c: unsafe.Pointer(&want), kb: 1, panels: 1, tiles: 1, cRow: 4 * PanelN}
		mulAVX512x1(&args)
		mulCodedQ8_0AVX512BF16x1(&got[0], &a[0], &panel[0], 1, false)
		for i := range want {
			if math.Float32bits(want[i]) != math.Float32bits(got[i]) && want[i] != got[i] {
				return false
			}
		}
	}
	return true
}
