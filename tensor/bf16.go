// Package tensor holds the number formats and the storage of arrays.
package tensor

import "math"

// BF16 is a bfloat16 number: the upper 16 bits of an IEEE 754 float32.
type BF16 uint16

// Float32 returns b exactly.
func (b BF16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// FromFloat32 rounds f to the nearest bfloat16, ties to even. Denormals are
// kept, values beyond the largest finite bfloat16 become infinite, and a NaN
// becomes a quiet NaN with the same sign.
func FromFloat32(f float32) BF16 {
	u := math.Float32bits(f)
	if u&0x7fffffff > 0x7f800000 {
		return BF16(u>>16 | 0x40)
	}
	return BF16((u + 0x7fff + u>>16&1) >> 16)
}
