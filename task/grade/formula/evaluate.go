package formula

import (
	"crypto/sha256"
	"math/big"
)

// maxWork bounds the functions that are evaluated for one comparison.
const maxWork = 3000

// evaluator computes formulas at one point.
type evaluator struct {
	point int
	// negative lets variables be below zero.
	negative bool
	work     *int
}

// variable is the value of a variable at a point: between 1/2 and 5/2, at even
// points between 0 and 1, from a hash of its name.
func (e *evaluator) variable(name string) complexNumber {
	h := sha256.Sum256(append([]byte{byte(e.point)}, name...))
	x := zero().SetInt(new(big.Int).SetBytes(h[:16]))
	x.SetMantExp(x, -128)
	if e.point%2 == 1 {
		x = add(mul(x, float(2)), float(0.5))
	}
	if e.negative && h[16]%2 == 0 {
		x.Neg(x)
	}
	return realNumber(x)
}

// value computes a formula; ok is false where it has no value, or one that is too
// large to compute.
func (e *evaluator) value(n *node) (z complexNumber, ok bool) {
	if *e.work--; *e.work < 0 {
		return z, false
	}
	if exact, ok := n.rationalLeaf(); ok {
		return realNumber(zero().SetRat(exact)), true
	}
	switch n.op {
	case oName:
		return e.name(n.name)
	case oSub:
		if n.kids[0].op != oName && n.kids[0].op != oSub {
			return z, false
		}
		return e.variable(n.symbol()), true
	case oPow:
		return e.power(n)
	case oRoot:
		return e.root(n)
	case oCall:
		return e.call(n)
	case oAdd, oMul, oNeg, oDiv, oRatio, oPercent, oDegrees:
		return e.arithmetic(n)
	}
	return z, false
}

// rationalLeaf is the value of a number, so that it is rounded once.
func (n *node) rationalLeaf() (*big.Rat, bool) {
	if n.op == oNumber {
		return n.value, true
	}
	return nil, false
}

func (e *evaluator) name(name string) (complexNumber, bool) {
	switch name {
	case "π":
		return realNumber(piValue()), true
	case "e":
		z, ok := expReal(float(1))
		return realNumber(z), ok
	case "i":
		return complexNumber{zero(), float(1)}, true
	case "∞", "∅", "…":
		return complexNumber{}, false
	}
	return e.variable(name), true
}

func (e *evaluator) all(kids []*node) ([]complexNumber, bool) {
	values := make([]complexNumber, len(kids))
	for i, k := range kids {
		var ok bool
		if values[i], ok = e.value(k); !ok || !values[i].sane() {
			return nil, false
		}
	}
	return values, true
}

// sane reports whether a number can be computed with.
func (z complexNumber) sane() bool {
	return sanePart(z.re) && sanePart(z.im)
}

// maxBinary bounds the binary exponents that are computed with, so that products
// of products stay far from those that math/big does not have.
const maxBinary = 1 << 28

func sanePart(x *big.Float) bool {
	if x.Sign() == 0 {
		return true
	}
	exponent := x.MantExp(nil)
	return !x.IsInf() && exponent < maxBinary && exponent > -maxBinary
}

func (e *evaluator) arithmetic(n *node) (z complexNumber, ok bool) {
	v, ok := e.all(n.kids)
	if !ok {
		return z, false
	}
	z = v[0]
	switch n.op {
	case oAdd:
		for _, w := range v[1:] {
			z = z.add(w)
		}
	case oMul:
		for _, w := range v[1:] {
			if z = z.mul(w); !z.sane() {
				return z, false
			}
		}
	case oNeg:
		z = z.neg()
	case oDiv, oRatio:
		if len(v) != 2 || v[1].isZero() {
			return z, false
		}
		z = z.div(v[1])
	case oPercent:
		z = z.div(realNumber(float(100)))
	case oDegrees:
		z = z.mul(realNumber(quo(piValue(), float(180))))
	}
	return z, true
}

func (e *evaluator) power(n *node) (z complexNumber, ok bool) {
	v, ok := e.all(n.kids)
	if !ok {
		return z, false
	}
	if exponent, ok := n.kids[1].rational(); ok && !exponent.IsInt() && exponent.Denom().IsInt64() && v[0].isReal() {
		root, ok := v[0].root(exponent.Denom().Int64())
		if !ok || !exponent.Num().IsInt64() {
			return z, false
		}
		return root.power(realNumber(zero().SetInt(exponent.Num())))
	}
	return v[0].power(v[1])
}

func (e *evaluator) root(n *node) (z complexNumber, ok bool) {
	v, ok := e.all(n.kids)
	if !ok {
		return z, false
	}
	if v[1].isReal() && v[1].re.IsInt() {
		degree, accuracy := v[1].re.Int64()
		if accuracy != big.Exact {
			return z, false
		}
		return v[0].root(degree)
	}
	if v[1].isZero() {
		return z, false
	}
	return v[0].power(realNumber(float(1)).div(v[1]))
}

// call computes a function. In those of angles a degree is pi/180.
func (e *evaluator) call(n *node) (z complexNumber, ok bool) {
	if *e.work -= 20; *e.work < 0 {
		return z, false
	}
	if exact, ok := n.rational(); ok {
		return realNumber(zero().SetRat(exact)), true
	}
	v, ok := e.all(n.kids)
	if !ok {
		return z, false
	}
	switch n.name {
	case "abs":
		return realNumber(v[0].abs()), true
	case "exp":
		return v[0].exp()
	case "ln", "log", "lg":
		return logarithm(n.name, v)
	case "binom", "!", "floor", "ceil", "det", "overline", "vec", "hat", "bar":
		return z, false
	case "max", "min", "gcd", "lcm":
		return z, false
	}
	if !v[0].isReal() || len(v) > 1 {
		return z, false
	}
	x, ok := realFunction(n.name, v[0].re)
	return realNumber(x), ok
}

func logarithm(name string, v []complexNumber) (z complexNumber, ok bool) {
	if v[0].isZero() {
		return z, false
	}
	base := realNumber(float(10))
	switch {
	case len(v) > 1:
		base = v[1]
	case name == "ln":
		return v[0].log(), true
	}
	if base.isZero() || base.log().isZero() {
		return z, false
	}
	return v[0].log().div(base.log()), true
}

func realFunction(name string, x *big.Float) (*big.Float, bool) {
	switch name {
	case "arctan":
		return atanReal(x), true
	case "arcsin", "arccos":
		rest := sub(float(1), mul(x, x))
		if rest.Sign() < 0 {
			return nil, false
		}
		root := zero().Sqrt(rest)
		if name == "arcsin" {
			return atan2Real(x, root), true
		}
		return atan2Real(root, x), true
	case "sinh", "cosh", "tanh":
		up, ok := expReal(x)
		if !ok || up.Sign() == 0 {
			return nil, false
		}
		down := quo(float(1), up)
		return ratioOf(name == "cosh", sub(up, down), add(up, down), name == "tanh")
	}
	sin, cos, ok := sincosReal(x)
	if !ok {
		return nil, false
	}
	switch name {
	case "sin":
		return sin, true
	case "cos":
		return cos, true
	case "tan":
		return divide(sin, cos)
	case "cot":
		return divide(cos, sin)
	case "sec":
		return divide(float(1), cos)
	case "csc":
		return divide(float(1), sin)
	}
	return nil, false
}

func ratioOf(cosh bool, difference, sum *big.Float, tanh bool) (*big.Float, bool) {
	switch {
	case tanh:
		return quo(difference, sum), true
	case cosh:
		return quo(sum, float(2)), true
	}
	return quo(difference, float(2)), true
}

// divide gives nothing where y is but rounding: the tangent of a right angle.
func divide(x, y *big.Float) (*big.Float, bool) {
	if exponentOf(y) < -300 {
		return nil, false
	}
	return quo(x, y), true
}
