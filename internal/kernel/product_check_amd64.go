package kernel

import (
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// pairsAreSteps reports whether VDPBF16PS is two of the steps of a sum that
// MatMul states, the upper halves before the lower ones. The manuals leave its
// treatment of small products open, so the processor is asked: with factors of
// every size, half of the time such that their products are next to the smallest
// normal number, and with many zeros, so that single steps show.
func pairsAreSteps() bool {
	const rows, rounds = 8, 40
	var t struct {
		a, b       [blockLen]tensor.BF16
		plain      [rows * BlockK]float32
		pairs      [rows * BlockK]tensor.BF16
		want, have [rows * PanelN]float32
	}
	random := rand.New(rand.NewPCG(1, 1))
	for round := range uint32(rounds) {
		low := round * 250 / rounds // the least biased exponents
		other := low
		if round%2 == 0 {
			other = max(124, low) - low
		}
		drawFactors(t.a[:rows*BlockK], random, low)
		drawFactors(t.b[:], random, other)
		packAVX512x8(unsafe.Pointer(&t.plain), &t.a[0], BlockK, rows, 1)
		packAVX512BF16x8(unsafe.Pointer(&t.pairs), &t.a[0], BlockK, rows, 1)
		args := tileArgs{b: unsafe.Pointer(&t.b), kb: 1, panels: 1, tiles: 1, cRow: 4 * PanelN}
		args.a, args.c = unsafe.Pointer(&t.plain), unsafe.Pointer(&t.want)
		mulAVX512x8(&args)
		args.a, args.c = unsafe.Pointer(&t.pairs), unsafe.Pointer(&t.have)
		mulAVX512BF16x8(&args)
		for i, want := range t.want {
			if have := t.have[i]; math.Float32bits(want) != math.Float32bits(have) && (want == want || have == have) {
				return false
			}
		}
	}
	return true
}

// drawFactors draws numbers with a biased exponent of low to low+7, a fourth of
// them zero.
func drawFactors(x []tensor.BF16, random *rand.Rand, low uint32) {
	for i := range x {
		bits := random.Uint32()
		x[i] = tensor.BF16(bits&0x807f | min(low+bits>>8&7, 255)<<7)
		if bits>>16&3 == 0 {
			x[i] = 0
		}
	}
}
