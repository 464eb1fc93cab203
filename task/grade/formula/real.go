package formula

import (
	"math"
	"math/big"
	"sync"
)

// Real arithmetic to 400 bits. It is done in whole numbers by math/big, so that it
// gives the same bits on every machine.
const (
	precision  = 400
	smallerBit = -precision - 20 // a term of this size ends a series
)

func float(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }
func zero() *big.Float           { return new(big.Float).SetPrec(precision) }
func add(x, y *big.Float) *big.Float {
	return zero().Add(x, y)
}
func sub(x, y *big.Float) *big.Float { return zero().Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return zero().Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return zero().Quo(x, y) }

// tiny reports whether a term no longer changes a sum of about one.
func tiny(x *big.Float) bool { return x.Sign() == 0 || x.MantExp(nil) < smallerBit }

// piValue is by Machin: 16 atan(1/5) - 4 atan(1/239).
var piValue = sync.OnceValue(func() *big.Float {
	return sub(mul(float(16), atanSeries(quo(float(1), float(5)))), mul(float(4), atanSeries(quo(float(1), float(239)))))
})

// ln2Value is 2 atanh(1/3).
var ln2Value = sync.OnceValue(func() *big.Float {
	x := quo(float(1), float(3))
	return mul(float(2), oddSeries(x, mul(x, x)))
})

// atanSeries is for |x| well below 1.
func atanSeries(x *big.Float) *big.Float { return oddSeries(x, zero().Neg(mul(x, x))) }

// oddSeries is x + x r/3 + x r^2/5 + ...
func oddSeries(x, r *big.Float) *big.Float {
	sum, term := zero(), zero().Set(x)
	for k := 1.0; !tiny(term); k += 2 {
		sum.Add(sum, quo(term, float(k)))
		term.Mul(term, r)
	}
	return sum
}

// expReal is e^x; ok is false where it is too large or small.
func expReal(x *big.Float) (*big.Float, bool) {
	k, _ := quo(x, ln2Value()).Float64()
	if math.Abs(k) > 1e8 {
		return nil, false
	}
	k = math.Round(k)
	const halvings = 12
	r := sub(x, mul(float(k), ln2Value()))
	r.SetMantExp(r, -halvings)
	sum, term := float(1), float(1)
	for i := 1.0; ; i++ {
		term.Quo(term.Mul(term, r), float(i))
		if tiny(term) {
			break
		}
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum.SetMantExp(sum, int(k)), true
}

// logReal is the natural logarithm of x > 0, by Halley's method.
func logReal(x *big.Float) *big.Float {
	m := zero()
	exponent := x.MantExp(m) // 0.5 <= m < 1
	near, _ := m.Float64()
	y := float(math.Log(near))
	for range 4 { // 50 bits, then 150, 400
		e, _ := expReal(y)
		y.Add(y, quo(mul(float(2), sub(m, e)), add(m, e)))
	}
	return add(y, mul(float(float64(exponent)), ln2Value()))
}

// sincosReal is for |x| up to 2^200.
func sincosReal(x *big.Float) (sin, cos *big.Float, ok bool) {
	if x.Sign() != 0 && x.MantExp(nil) > 200 {
		return nil, nil, false
	}
	turn := mul(float(2), piValue())
	turns, _ := quo(x, turn).Int(nil)
	r := sub(x, mul(zero().SetInt(turns), turn))
	const halvings = 8
	r.SetMantExp(r, -halvings)
	sin, cos = zero().Set(r), float(1)
	square := zero().Neg(mul(r, r))
	s, c := zero().Set(r), float(1)
	for i := 1.0; !tiny(s) || !tiny(c); i += 2 {
		c.Quo(c.Mul(c, square), float(i*(i+1)))
		s.Quo(s.Mul(s, square), float((i+1)*(i+2)))
		cos.Add(cos, c)
		sin.Add(sin, s)
	}
	for range halvings {
		sin, cos = mul(float(2), mul(sin, cos)), sub(mul(cos, cos), mul(sin, sin))
	}
	return sin, cos, true
}

// atanReal halves the angle until the series is short.
func atanReal(x *big.Float) *big.Float {
	const halvings = 8
	y := zero().Set(x)
	for range halvings {
		root := zero().Sqrt(add(float(1), mul(y, y)))
		y = quo(y, add(float(1), root))
	}
	sum := atanSeries(y)
	return sum.SetMantExp(sum, halvings)
}

// atan2Real is the angle of the point (x, y), in (-pi, pi].
func atan2Real(y, x *big.Float) *big.Float {
	switch {
	case x.Sign() == 0 && y.Sign() == 0:
		return zero()
	case x.Sign() == 0:
		half := quo(piValue(), float(2))
		if y.Sign() < 0 {
			return half.Neg(half)
		}
		return half
	case x.Sign() > 0:
		return atanReal(quo(y, x))
	case y.Sign() < 0:
		return sub(atanReal(quo(y, x)), piValue())
	}
	return add(atanReal(quo(y, x)), piValue())
}
