package kernel

import "math"

// Constants of the exponential: x = n*ln2 + r with |r| <= ln2/2, and a
// polynomial for exp(r) with a relative error of 3.2e-9 (fitted to the maximum
// norm, each coefficient rounded to float32 before the next was fitted).
const (
	log2e   = 0x1.715476p+0
	ln2High = 0x1.62e430p-1
	ln2Low  = -0x1.05c610p-29 // ln2 - ln2High

	// expMagic pushes n to the last bits of a float32, with the exponent's
	// bias added: shifted to the left by 23 bits it is 2^n.
	expMagic = 0x1.8p+23 + 127

	expC2 = 0x1.fffffcp-2
	expC3 = 0x1.555492p-3
	expC4 = 0x1.5558b6p-5
	expC5 = 0x1.1239a2p-7
	expC6 = 0x1.6a4748p-10

	expMin = -0x1.5d589ep+6 // 126*ln2, toward zero: below it exp is 0
	expMax = 0x1.62e42ep+6  // the largest x whose exp is finite in float32
)

// expReduced returns the two factors of exp(x): p = exp(r) in [0.7, 1.42] and
// the bits of 2^n, right for -126 <= n <= 127.
func expReduced(x float32) (p float32, scale uint32) {
	t := fma(x, log2e, expMagic)
	n := t - expMagic
	r := fma(n, -ln2High, x)
	r = fma(n, -ln2Low, r)
	p = fma(expC6, r, expC5)
	p = fma(p, r, expC4)
	p = fma(p, r, expC3)
	p = fma(p, r, expC2)
	p = fma(p, r, 1)
	p = fma(p, r, 1)
	return p, math.Float32bits(t) << 23
}

// expDown is exp32 for x up to 88, the form that the sums of weights use,
// where x is never above 0 by more than the error of a rounding.
func expDown(x float32) float32 {
	if x < expMin {
		return 0
	}
	p, scale := expReduced(x)
	return float32(p * math.Float32frombits(scale))
}

// Constants of the short exponential: a polynomial for 2^f, |f| <= 1/2, with a
// relative error of 2.8e-6, fitted like the other.
const (
	shortC1 = 0x1.62e12cp-1
	shortC2 = 0x1.ec0376p-3
	shortC3 = 0x1.c9fc88p-5
	shortC4 = 0x1.3a035cp-7

	shortMin = -87 // below it the short exponential is 0
	shortMax = 87
)

// expShort returns exp(x) for x up to 88 with a relative error below 5e-6, for
// values that are rounded to bf16. It is never denormal, 1 for 0, and a NaN for
// a NaN.
func expShort(x float32) float32 {
	if x < shortMin {
		return 0
	}
	t := fma(x, log2e, expMagic)
	f := fma(x, log2e, expMagic-t)
	p := fma(shortC4, f, shortC3)
	p = fma(p, f, shortC2)
	p = fma(p, f, shortC1)
	p = fma(p, f, 1)
	return float32(p * math.Float32frombits(math.Float32bits(t)<<23))
}

// sigmoidShort returns 1/(1+exp(-x)) with the error of expShort; below -87 it
// is 0.
func sigmoidShort(x float32) float32 {
	if shortMax < x {
		x = shortMax
	}
	e := expShort(x)
	return e / (1 + e)
}

// exp32 returns e to the power of x with an error below 1 ulp. exp32(0) is 1.
// Below -126*ln2 (-87.34) the result is exactly 0, so it is never denormal;
// above 88.72 it is +Inf, and a NaN gives a NaN.
func exp32(x float32) float32 {
	if x < expMin {
		return 0
	}
	if !(x <= expMax) {
		return x + float32(math.Inf(1))
	}
	// 2^128 is no float32: add n to the exponent of p instead.
	p, scale := expReduced(x)
	return math.Float32frombits(math.Float32bits(p) + scale - 127<<23)
}

// Exp sets dst[i] = exp32(x[i]). dst may be x.
func Exp(dst, x []float32) {
	mustMatch("Exp", len(dst), len(x))
	n := whole(len(x))
	cpu.exp(dst[:n], x[:n])
	for i := n; i < len(x); i++ {
		dst[i] = exp32(x[i])
	}
}

func portableExp(dst, x []float32) {
	for i, v := range x {
		dst[i] = exp32(v)
	}
}

// log32 returns the natural logarithm of x, rounded from float64. log32(0) is
// -Inf; a negative x or a NaN gives a NaN.
func log32(x float32) float32 { return float32(Log(float64(x))) }

// rsqrt returns 1/sqrt(x): a correctly rounded root, then a correctly rounded
// division.
func rsqrt(x float32) float32 { return 1 / sqrt(x) }

// sqrt returns the correctly rounded square root (rounding twice is harmless
// here, as float64 has more than twice the bits of float32).
func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
