package formula

import "math/big"

// Limits of exact arithmetic. What is beyond is compared by its digits.
const (
	maxBits      = 1 << 14 // of a numerator or denominator
	maxFactorial = 1000
)

// rational returns the value of a formula without variables that is a fraction of
// whole numbers and can be computed exactly.
func (n *node) rational() (*big.Rat, bool) {
	value, ok := n.exact()
	if !ok || value.Num().BitLen() > maxBits || value.Denom().BitLen() > maxBits {
		return nil, false
	}
	return value, true
}

func (n *node) exact() (*big.Rat, bool) {
	switch n.op {
	case oNumber:
		return n.value, true
	case oPM, oSub, oName, oWords, oList, oSet, oTuple, oRelation, oMatrix, oRow, oUnion, oMeet, oMinus, oDegrees:
		return nil, false
	}
	values := make([]*big.Rat, len(n.kids))
	for i, k := range n.kids {
		var ok bool
		if values[i], ok = k.rational(); !ok {
			return nil, false
		}
	}
	return n.combine(values)
}

func (n *node) combine(v []*big.Rat) (*big.Rat, bool) {
	switch n.op {
	case oAdd:
		return fold(v, (*big.Rat).Add)
	case oMul:
		return fold(v, (*big.Rat).Mul)
	case oNeg:
		return new(big.Rat).Neg(v[0]), true
	case oDiv, oRatio:
		if len(v) != 2 || v[1].Sign() == 0 {
			return nil, false
		}
		return new(big.Rat).Quo(v[0], v[1]), true
	case oPercent:
		return new(big.Rat).Quo(v[0], big.NewRat(100, 1)), true
	case oPow:
		return exactPower(v[0], v[1])
	case oRoot:
		return exactRoot(v[0], v[1])
	case oCall:
		return exactCall(n.name, v)
	}
	return nil, false
}

func fold(v []*big.Rat, combine func(z, x, y *big.Rat) *big.Rat) (*big.Rat, bool) {
	sum := new(big.Rat).Set(v[0])
	for _, x := range v[1:] {
		if combine(sum, sum, x); sum.Num().BitLen() > maxBits || sum.Denom().BitLen() > maxBits {
			return nil, false
		}
	}
	return sum, true
}

func exactPower(base, exponent *big.Rat) (*big.Rat, bool) {
	if !exponent.IsInt() {
		return nil, false
	}
	if base.IsInt() && base.Num().IsInt64() && base.Num().Int64() == 1 {
		return base, true
	}
	if !exponent.Num().IsInt64() {
		return nil, false
	}
	e := exponent.Num().Int64()
	size := int64(max(base.Num().BitLen(), base.Denom().BitLen()))
	if e > maxBits || e < -maxBits || size*max(e, -e) > maxBits || base.Sign() == 0 && e <= 0 {
		return nil, false
	}
	up := new(big.Int).Exp(base.Num(), big.NewInt(max(e, -e)), nil)
	down := new(big.Int).Exp(base.Denom(), big.NewInt(max(e, -e)), nil)
	if e < 0 {
		up, down = down, up
	}
	return new(big.Rat).SetFrac(up, down), true
}

// exactRoot knows square roots of squares; other roots are compared by digits.
func exactRoot(of, degree *big.Rat) (*big.Rat, bool) {
	if degree.Cmp(big.NewRat(2, 1)) != 0 || of.Sign() < 0 {
		return nil, false
	}
	up, down := new(big.Int).Sqrt(of.Num()), new(big.Int).Sqrt(of.Denom())
	root := new(big.Rat).SetFrac(up, down)
	if new(big.Rat).Mul(root, root).Cmp(of) != 0 {
		return nil, false
	}
	return root, true
}

func exactCall(name string, v []*big.Rat) (*big.Rat, bool) {
	switch name {
	case "abs":
		return new(big.Rat).Abs(v[0]), true
	case "floor":
		return new(big.Rat).SetInt(floor(v[0])), true
	case "ceil":
		return new(big.Rat).SetInt(new(big.Int).Neg(floor(new(big.Rat).Neg(v[0])))), true
	case "!":
		if !v[0].IsInt() || v[0].Sign() < 0 || v[0].Cmp(big.NewRat(maxFactorial, 1)) > 0 {
			return nil, false
		}
		return new(big.Rat).SetInt(new(big.Int).MulRange(1, v[0].Num().Int64())), true
	case "binom":
		if !v[0].IsInt() || !v[1].IsInt() || v[1].Sign() < 0 || v[0].Cmp(v[1]) < 0 || v[0].Cmp(big.NewRat(maxFactorial, 1)) > 0 {
			return nil, false
		}
		return new(big.Rat).SetInt(new(big.Int).Binomial(v[0].Num().Int64(), v[1].Num().Int64())), true
	}
	return nil, false
}

func floor(x *big.Rat) *big.Int {
	q, m := new(big.Int), new(big.Int)
	q.DivMod(x.Num(), x.Denom(), m) // the denominator is positive, so this rounds down
	return q
}

// folded computes what of a formula can be computed exactly.
func (n *node) folded() *node {
	if value, ok := n.rational(); ok {
		return number(value)
	}
	kids := make([]*node, len(n.kids))
	for i, k := range n.kids {
		kids[i] = k.folded()
	}
	return &node{op: n.op, kids: kids, value: n.value, name: n.name}
}
