package kernel

import "math"

// These functions stand in for those of package math where the result enters
// the bits of a model: math has assembly for some processors, and compilers may
// fuse float64 too, while here every rounding is explicit.

const (
	twoOverPi = 0x1.45f306dc9c883p-1
	// pi/2 in three parts; the first two have 33 bits, so that their multiples
	// up to 2^20 are exact.
	halfPi1 = 0x1.921fb544p+0
	halfPi2 = 0x1.0b4611a6p-34
	halfPi3 = 0x1.3198a2e037073p-69

	ln2Hi64 = 0x1.62e42fefa38p-1 // 42 bits: exact multiples up to 2^11
	ln2Lo64 = 0x1.ef35793c7673p-45
)

// SinCos returns the sine and the cosine of x with an absolute error below
// 2^-52, for |x| up to 2^20; beyond that, and for a NaN, both are NaN.
func SinCos(x float64) (sin, cos float64) {
	if !(math.Abs(x) <= 1<<20) {
		return math.NaN(), math.NaN()
	}
	n := math.RoundToEven(x * twoOverPi)
	// r + t is the rest, t what the rounding of r lost.
	a := x - float64(n*halfPi1)
	b := float64(n * halfPi2)
	r := a - b
	t := (a - r) - b - float64(n*halfPi3)
	r, t = r+t, t-((r+t)-r)
	s, c := sinSeries(r, t), cosSeries(r, t)
	switch int64(n) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// sinSeries is the Taylor series of sin(r+t) for |r| <= pi/4 and a tiny t.
func sinSeries(r, t float64) float64 {
	z := float64(r * r)
	p := -1.0 / 1307674368000
	for _, c := range [...]float64{1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6} {
		p = float64(p*z) + c
	}
	return r + (float64(float64(r*z)*p) + float64(t*(1-float64(0.5*z))))
}

// cosSeries is the Taylor series of cos(r+t) for |r| <= pi/4 and a tiny t.
func cosSeries(r, t float64) float64 {
	z := float64(r * r)
	p := 1.0 / 20922789888000
	for _, c := range [...]float64{-1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24} {
		p = float64(p*z) + c
	}
	h := float64(0.5 * z)
	w := 1 - h
	return w + (((1 - w) - h) + (float64(float64(z*z)*p) - float64(r*t)))
}

// Log returns the natural logarithm of x with an error below 2 ulp. Log(0) is
// -Inf, Log(+Inf) is +Inf; a negative x or a NaN gives a NaN.
func Log(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case !(x > 0):
		return math.NaN()
	case x > math.MaxFloat64:
		return x
	}
	m, e := fraction(x)
	// log(1+f) = f - s*(f - R) with s = f/(2+f) and R = 2*s*s*(1/3 + s*s/5 + ...).
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	p := 1.0 / 25
	for _, c := range [...]float64{1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3} {
		p = float64(p*z) + c
	}
	r := float64(2 * float64(z*p))
	n := float64(e)
	return float64(n*ln2Hi64) + (f - (float64(s*(f-r)) - float64(n*ln2Lo64)))
}

// fraction returns m and e so that x = m * 2^e and m is in [sqrt(1/2), sqrt(2)),
// for x that is positive and finite.
func fraction(x float64) (m float64, e int) {
	const least, mantissa = 0x3fe6a09e667f3bcd, 52 // the bits of sqrt(1/2)
	u := math.Float64bits(x)
	if u < 1<<mantissa { // denormal
		u, e = math.Float64bits(x*0x1p54), -54
	}
	n := int64(u-least) >> mantissa
	return math.Float64frombits(u - uint64(n)<<mantissa), e + int(n)
}

// Exp64 returns e to the power of x with an error below 2 ulp: 0 below -708,
// +Inf above 709.78.
func Exp64(x float64) float64 {
	switch {
	case x < -708:
		return 0
	case !(x <= 709.78):
		return x + math.Inf(1)
	}
	n := math.RoundToEven(x * math.Log2E)
	r := float64(x-float64(n*ln2Hi64)) - float64(n*ln2Lo64)
	p := 1.0
	for k := 17; k >= 1; k-- {
		p = 1 + float64(float64(r*p)/float64(k))
	}
	return math.Ldexp(p, int(n))
}

// Pow returns x to the power of y for x > 0. A whole y up to 2^20 is a product
// of squares; otherwise it is exp(y*log(x)), whose relative error is about
// |y*log(x)| * 2^-52. x of 0 or less gives a NaN, but Pow(0, y) is 0 for y > 0,
// and Pow(x, 0) is 1.
func Pow(x, y float64) float64 {
	switch {
	case y == 0:
		return 1
	case x == 0 && y > 0:
		return 0
	case !(x > 0):
		return math.NaN()
	case y == math.Trunc(y) && math.Abs(y) <= 1<<20:
		return powInt(x, y)
	}
	return Exp64(float64(y * Log(x)))
}

func powInt(x, y float64) float64 {
	p := 1.0
	for n := int64(math.Abs(y)); n > 0; n >>= 1 {
		if n&1 == 1 {
			p = float64(p * x)
		}
		x = float64(x * x)
	}
	if y < 0 {
		return 1 / p
	}
	return p
}
