package formula

import "math/big"

// complexNumber is a number with an imaginary part. Its parts are not changed.
type complexNumber struct{ re, im *big.Float }

func realNumber(x *big.Float) complexNumber { return complexNumber{x, zero()} }

func (z complexNumber) isReal() bool { return z.im.Sign() == 0 }
func (z complexNumber) isZero() bool { return z.re.Sign() == 0 && z.im.Sign() == 0 }

func (z complexNumber) add(w complexNumber) complexNumber {
	return complexNumber{add(z.re, w.re), add(z.im, w.im)}
}

func (z complexNumber) neg() complexNumber {
	return complexNumber{zero().Neg(z.re), zero().Neg(z.im)}
}

func (z complexNumber) mul(w complexNumber) complexNumber {
	if z.isReal() && w.isReal() {
		return realNumber(mul(z.re, w.re))
	}
	return complexNumber{sub(mul(z.re, w.re), mul(z.im, w.im)), add(mul(z.re, w.im), mul(z.im, w.re))}
}

// div divides by w, which is not zero.
func (z complexNumber) div(w complexNumber) complexNumber {
	if w.isReal() {
		return complexNumber{quo(z.re, w.re), quo(z.im, w.re)}
	}
	size := add(mul(w.re, w.re), mul(w.im, w.im))
	up := z.mul(complexNumber{w.re, zero().Neg(w.im)})
	return complexNumber{quo(up.re, size), quo(up.im, size)}
}

func (z complexNumber) abs() *big.Float {
	if z.isReal() {
		return zero().Abs(z.re)
	}
	return zero().Sqrt(add(mul(z.re, z.re), mul(z.im, z.im)))
}

func (z complexNumber) exp() (complexNumber, bool) {
	size, ok := expReal(z.re)
	if !ok || z.isReal() {
		return complexNumber{size, zero()}, ok
	}
	sin, cos, ok := sincosReal(z.im)
	if !ok {
		return complexNumber{}, false
	}
	return complexNumber{mul(size, cos), mul(size, sin)}, true
}

// log is the principal value for z that is not zero.
func (z complexNumber) log() complexNumber {
	return complexNumber{logReal(z.abs()), atan2Real(z.im, z.re)}
}

// power is z^w by the principal value. Whole exponents are exact as far as the
// precision goes.
func (z complexNumber) power(w complexNumber) (complexNumber, bool) {
	if z.isZero() {
		return z, w.isReal() && w.re.Sign() > 0
	}
	if w.isReal() && w.re.IsInt() {
		if n, accuracy := w.re.Int64(); accuracy == big.Exact && n >= -64 && n <= 64 {
			if size := exponentOf(z.abs()); max(size, -size) > maxBinary/64 {
				return z, false
			}
			return z.whole(n), true
		}
	}
	return z.log().mul(w).exp()
}

func (z complexNumber) whole(n int64) complexNumber {
	result := realNumber(float(1))
	for range max(n, -n) {
		result = result.mul(z)
	}
	if n < 0 {
		return realNumber(float(1)).div(result)
	}
	return result
}

// root is the real root where there is one, as at school: of -8 it is -2.
func (z complexNumber) root(degree int64) (complexNumber, bool) {
	switch {
	case degree < 1 || degree > 1000:
		return z, false
	case degree == 1 || z.isZero():
		return z, true
	case z.isReal() && z.re.Sign() < 0 && degree%2 == 1:
		positive, ok := z.neg().root(degree)
		return positive.neg(), ok
	case z.isReal() && degree == 2:
		if z.re.Sign() < 0 {
			return complexNumber{zero(), zero().Sqrt(zero().Neg(z.re))}, true
		}
		return realNumber(zero().Sqrt(z.re)), true
	}
	return z.power(realNumber(quo(float(1), float(float64(degree)))))
}

// near reports whether two numbers agree in all but the last bits. What is below
// 2^-300 beside one is nothing: it is what stays of numbers that cancel.
func (z complexNumber) near(w complexNumber) bool {
	difference := z.add(w.neg()).abs()
	if difference.Sign() == 0 {
		return true
	}
	size := max(exponentOf(z.abs()), exponentOf(w.abs()))
	return difference.MantExp(nil) < max(size-300, -320)
}

func exponentOf(x *big.Float) int {
	if x.Sign() == 0 {
		return -1 << 30
	}
	return x.MantExp(nil)
}
