package kernel

import (
	"math/bits"

	"github.com/polymath-lm/polymath/tensor"
)

// decodeAMX and mulColumnsAMX are for weights in columns.
var decodeAMX = decodeOps{
	formatQ8_0:  decodeQ8_0AMX,
	formatQ4_0:  decodeQ4_0AMX,
	formatMXFP4: decodeMXFP4AMX,
	formatQ4K:   decodeQ4KAMX,
	formatQ5K:   decodeQ5KAMX,
	formatQ6K:   decodeQ6KAMX,
}

//go:noescape
func decodeQ8_0AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4AMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KAMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KAMX(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KAMX(dst *tensor.BF16, src *byte, units int)

var mulColumnsAMX = columnsOps{
	mulColumns: [numFormats]func(t *columnsArgs){
		formatQ8_0:  mulColumnsQ8_0AMX,
		formatQ4_0:  mulColumnsQ4_0AMX,
		formatMXFP4: mulColumnsMXFP4AMX,
		formatQ4K:   mulColumnsQ4KAMX,
		formatQ5K:   mulColumnsQ5KAMX,
		formatQ6K:   mulColumnsQ6KAMX,
	},
	oneRow: &amxOneRow, moreRows: &amxConfig,
}

// amxOneRow is amxConfig with one column in the tiles of sums and of B.
var amxOneRow = func() [64]byte {
	c := amxConfig
	for _, t := range []int{0, 1, 6} {
		c[16+2*t] = 4
	}
	return c
}()

//go:noescape
func mulColumnsQ8_0AMX(t *columnsArgs)

//go:noescape
func mulColumnsQ4_0AMX(t *columnsArgs)

//go:noescape
func mulColumnsMXFP4AMX(t *columnsArgs)

//go:noescape
func mulColumnsQ4KAMX(t *columnsArgs)

//go:noescape
func mulColumnsQ5KAMX(t *columnsArgs)

//go:noescape
func mulColumnsQ6KAMX(t *columnsArgs)

// biasedPlaces are, in the second byte of each number, where the codes of a half of
// a column are in each 16 bytes of two columns.
//
//lint:ignore U1000 read by the assembly
var biasedPlaces = [16]uint32{
	0x000, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x700,
	0x800, 0x900, 0xa00, 0xb00, 0xc00, 0xd00, 0xe00, 0xf00,
}

// oddWords make words of bf16 from scales, in a format whose codes stand for 0 and
// for 1, 3, 5 and 7 times powers of two; assembly knows the offsets. A word is
// that of the odd number, with the rest added to exponent and sign.
type oddWords struct {
	odd     [16]float32  // four times each of the odd numbers
	places  [4][64]uint8 // bytes of two columns' codes, in the words of eight columns
	add     [32]uint16
	nonzero uint64 // bytes
}

//lint:ignore U1000 read by the assembly
var oddWordsQ4_0, oddWordsMXFP4 = newOddWords(&tableQ4_0), newOddWords(&tableMXFP4)

func newOddWords(table *[16]int8) (w oddWords) {
	for i := range w.odd {
		w.odd[i] = float32(2*(i/4) + 1)
	}
	for i := range w.add {
		q := int(table[i%16])
		if q == 0 {
			continue
		}
		w.nonzero |= 3 << (2 * i)
		if q < 0 {
			w.add[i], q = 0x8000, -q
		}
		twos := bits.TrailingZeros(uint(q))
		w.add[i] += uint16(twos << 7)
		for c := range w.places {
			word := uint8(c/2*16 + q>>twos/2*4 + c%2*2 + i/16)
			w.places[c][2*i], w.places[c][2*i+1] = 2*word, 2*word+1
		}
	}
	return w
}
