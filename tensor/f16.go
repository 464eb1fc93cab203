package tensor

import "math"

// F16 is an IEEE 754 half-precision number: 1 sign, 5 exponent and 10 mantissa
// bits.
type F16 uint16

// Float32 returns h exactly. A NaN stays a NaN with its payload.
func (h F16) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch exp {
	case 0: // zero or denormal: frac * 2^-24, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f: // infinite or NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// F16FromFloat32 rounds f to the nearest half-precision number, ties to even.
// Denormals are kept, values that round beyond 65504 become infinite, and a
// NaN becomes a quiet NaN with the same sign.
func F16FromFloat32(f float32) F16 {
	u := math.Float32bits(f)
	sign := F16(u >> 16 & 0x8000)
	u &= 0x7fffffff
	switch {
	case u > 0x7f800000:
		return sign | 0x7e00 | F16(u>>13&0x1ff)
	case u >= 0x477ff000: // 65520 and above, a tie with the even 2^16
		return sign | 0x7c00
	case u >= 0x38800000: // 2^-14, the smallest normal
		return sign | F16((u-(127-15)<<23+0xfff+u>>13&1)>>13)
	}
	// Adding 0.5 leaves the multiple of 2^-24, rounded to even, in the low bits.
	rounded := math.Float32bits(math.Float32frombits(u) + 0.5)
	return sign | F16(rounded-0x3f000000)
}

// IsInf reports whether h is an infinity, of either sign.
func (h F16) IsInf() bool { return h&0x7fff == 0x7c00 }
