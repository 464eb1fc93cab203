package kernel

import "math"

// fma returns a*b + c rounded once, on every processor: the portable form of
// the fused multiply-add of float32, denormals included.
//
// The product of two float32 is exact in float64, so the sum is the only
// rounding before the final one. The two together differ from a single one
// only if the first lands halfway between two float32; the last bits of such
// a sum, and of sums in the denormal range, are settled by fmaOdd.
func fma(a, b, c float32) float32 {
	s := float64(float64(a)*float64(b)) + float64(c)
	u := math.Float64bits(s)
	const low, half, minNormal = 1<<29 - 1, 1 << 28, (1023 - 126) << 52
	if u&low != half && u<<1>>1 >= minNormal {
		return float32(s)
	}
	return fmaOdd(a, b, c)
}

// fmaOdd is fma by way of rounding to odd: if the sum in float64 is not exact,
// its last bit is made 1, so that it can not look like a tie to the rounding
// to float32 (Boldo and Melquiond, Emulation of FMA and correctly rounded sums,
// IEEE Transactions on Computers 57, 2008).
func fmaOdd(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	t := s - p
	e := (p - (s - t)) + (q - t) // s + e is exactly p + q (Knuth's TwoSum)
	if u := math.Float64bits(s); u&1 == 0 && (e > 0 || e < 0) {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
		s = math.Float64frombits(u)
	}
	return float32(s)
}
