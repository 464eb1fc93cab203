package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// pairColumns are the columns that pairs of numbers belong to.
//
//lint:ignore U1000 read by the assembly
var pairColumns = [32]uint32{
	0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
	8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15,
}

// evenOdd are the even numbers of two vectors, and then the odd ones.
//
//lint:ignore U1000 read by the assembly
var evenOdd = [32]uint32{
	0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
	1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
}

// wordsMXFP4 is tableMXFP4 twice.
//
//lint:ignore U1000 read by the assembly
var wordsMXFP4 = func() (words [32]tensor.BF16) {
	for i := range words {
		words[i] = tensor.FromFloat32(float32(tableMXFP4[i%16]))
	}
	return words
}()

var decodeAVX512BF16 = decodeOps{
	formatQ8_0:  decodeQ8_0AVX512BF16,
	formatQ4_0:  decodeQ4_0AVX512BF16,
	formatMXFP4: decodeMXFP4AVX512BF16,
	formatQ4K:   decodeQ4KAVX512BF16,
	formatQ5K:   decodeQ5KAVX512BF16,
	formatQ6K:   decodeQ6KAVX512BF16,
}

var decodeAVX512 = decodeOps{
	formatQ8_0:  decodeQ8_0AVX512,
	formatQ4_0:  decodeQ4_0AVX512,
	formatMXFP4: decodeMXFP4AVX512,
	formatQ4K:   decodeQ4KAVX512,
	formatQ5K:   decodeQ5KAVX512,
	formatQ6K:   decodeQ6KAVX512,
}

var decodeAVX2 = decodeOps{
	formatQ8_0:  decodeQ8_0AVX2,
	formatQ4_0:  decodeQ4_0AVX2,
	formatMXFP4: decodeMXFP4AVX2,
	formatQ4K:   decodeQ4KAVX2,
	formatQ5K:   decodeQ5KAVX2,
	formatQ6K:   decodeQ6KAVX2,
}

//go:noescape
func decodeQ8_0AVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0AVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4AVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KAVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KAVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KAVX512BF16(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ8_0AVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0AVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4AVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KAVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KAVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KAVX512(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ8_0AVX2(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4_0AVX2(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeMXFP4AVX2(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ4KAVX2(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ5KAVX2(dst *tensor.BF16, src *byte, units int)

//go:noescape
func decodeQ6KAVX2(dst *tensor.BF16, src *byte, units int)

var mulCodedAVX512BF16 = mulCodedOps{
	1: {
		formatQ8_0:  mulCodedQ8_0AVX512BF16x1,
		formatQ4_0:  mulCodedQ4_0AVX512BF16x1,
		formatMXFP4: mulCodedMXFP4AVX512BF16x1,
		formatQ4K:   mulCodedQ4KAVX512BF16x1,
		formatQ5K:   mulCodedQ5KAVX512BF16x1,
		formatQ6K:   mulCodedQ6KAVX512BF16x1,
	},
	2: {
		formatQ8_0:  mulCodedQ8_0AVX512BF16x2,
		formatQ4_0:  mulCodedQ4_0AVX512BF16x2,
		formatMXFP4: mulCodedMXFP4AVX512BF16x2,
		formatQ4K:   mulCodedQ4KAVX512BF16x2,
		formatQ5K:   mulCodedQ5KAVX512BF16x2,
		formatQ6K:   mulCodedQ6KAVX512BF16x2,
	},
	4: {
		formatQ8_0:  mulCodedQ8_0AVX512BF16x4,
		formatQ4_0:  mulCodedQ4_0AVX512BF16x4,
		formatMXFP4: mulCodedMXFP4AVX512BF16x4,
		formatQ4K:   mulCodedQ4KAVX512BF16x4,
		formatQ5K:   mulCodedQ5KAVX512BF16x4,
		formatQ6K:   mulCodedQ6KAVX512BF16x4,
	},
	8: {
		formatQ8_0:  mulCodedQ8_0AVX512BF16x8,
		formatQ4_0:  mulCodedQ4_0AVX512BF16x8,
		formatMXFP4: mulCodedMXFP4AVX512BF16x8,
		formatQ4K:   mulCodedQ4KAVX512BF16x8,
		formatQ5K:   mulCodedQ5KAVX512BF16x8,
		formatQ6K:   mulCodedQ6KAVX512BF16x8,
	},
}

//go:noescape
func mulCodedQ8_0AVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ8_0AVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ8_0AVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ8_0AVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX512BF16x2(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX512BF16x4(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX512BF16x8(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

var mildAVX512Ops = mildOps{
	mulMild: [numFormats]mulCoded{formatMXFP4: mulMildMXFP4AVX512x1},
	allMild: mildAVX512,
}

//go:noescape
func mulMildMXFP4AVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

var mildAVX512BF16Ops = mildOps{
	mulMild: [numFormats]mulCoded{formatMXFP4: mulMildMXFP4AVX512BF16x1},
	allMild: mildAVX512BF16,
}

//go:noescape
func mulMildMXFP4AVX512BF16x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mildAVX512BF16(a unsafe.Pointer, blocks int, low, high uint32) bool

//go:noescape
func mildAVX512(a unsafe.Pointer, blocks int, low, high uint32) bool

var mulCodedAVX512 = mulCodedOps{
	1: {
		formatQ8_0:  mulCodedQ8_0AVX512x1,
		formatQ4_0:  mulCodedQ4_0AVX512x1,
		formatMXFP4: mulCodedMXFP4AVX512x1,
		formatQ4K:   mulCodedQ4KAVX512x1,
		formatQ5K:   mulCodedQ5KAVX512x1,
		formatQ6K:   mulCodedQ6KAVX512x1,
	},
}

//go:noescape
func mulCodedQ8_0AVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX512x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

var mulCodedAVX2 = mulCodedOps{
	1: {
		formatQ8_0:  mulCodedQ8_0AVX2x1,
		formatQ4_0:  mulCodedQ4_0AVX2x1,
		formatMXFP4: mulCodedMXFP4AVX2x1,
		formatQ4K:   mulCodedQ4KAVX2x1,
		formatQ5K:   mulCodedQ5KAVX2x1,
		formatQ6K:   mulCodedQ6KAVX2x1,
	},
}

//go:noescape
func mulCodedQ8_0AVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4_0AVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedMXFP4AVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ4KAVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ5KAVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mulCodedQ6KAVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

var mildAVX2Ops = mildOps{
	mulMild: [numFormats]mulCoded{formatMXFP4: mulMildMXFP4AVX2x1},
	allMild: mildAVX2,
}

//go:noescape
func mulMildMXFP4AVX2x1(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

//go:noescape
func mildAVX2(a unsafe.Pointer, blocks int, low, high uint32) bool
