package formula

import (
	"math/big"
	"strings"
)

// points is at how many points formulas with variables are compared.
const points = 4

// values compares two formulas that are numbers, or functions of variables.
func (c *comparer) values(gold, answer *node) bool {
	gold, answer = withoutUnit(gold, answer)
	if c.numbers(gold, answer) {
		return true
	}
	g, a := gold.bare(), answer.bare()
	if g.equal(gold) == a.equal(answer) { // 50% is 50 and 0.5, but not 0.5%
		return false
	}
	return c.numbers(g, a)
}

// numbers compares exactly where that can be done.
func (c *comparer) numbers(gold, answer *node) bool {
	g, gExact := gold.rational()
	a, aExact := answer.rational()
	if gExact && aExact {
		return c.close(g, a)
	}
	if gold.folded().equal(answer.folded()) { // too large to be computed
		return true
	}
	if c.tolerance != nil {
		return c.closeValues(gold, answer)
	}
	return c.everywhere(gold, answer, func(g, a complexNumber) bool { return g.near(a) })
}

// close reports whether two fractions differ by no more than the tolerance.
func (c *comparer) close(g, a *big.Rat) bool {
	if c.tolerance == nil {
		return g.Cmp(a) == 0
	}
	difference := new(big.Rat).Sub(g, a)
	bound := new(big.Rat).Mul(c.tolerance, g)
	return difference.Abs(difference).Cmp(bound.Abs(bound)) <= 0
}

func (c *comparer) closeValues(gold, answer *node) bool {
	tolerance := zero().SetRat(c.tolerance)
	return c.everywhere(gold, answer, func(g, a complexNumber) bool {
		return g.near(a) || g.add(a.neg()).abs().Cmp(mul(tolerance, g.abs())) <= 0
	})
}

// everywhere reports whether two formulas agree at all points at which both have
// a value, and that there are two of these at least.
func (c *comparer) everywhere(gold, answer *node, agree func(g, a complexNumber) bool) bool {
	names := map[string]bool{}
	gold.variables(names)
	answer.variables(names)
	number := points
	if len(names) == 0 {
		number = 1
	}
	absolute := false
	for _, n := range []*node{gold, answer} {
		n.walk(func(m *node) { absolute = absolute || m.op == oCall && m.name == "abs" })
	}
	found := 0
	for point := range number {
		g, a, ok := c.at(gold, answer, point, absolute && point >= 2)
		if !ok {
			continue
		}
		if !agree(g, a) {
			return false
		}
		found++
	}
	return found >= min(number, 2)
}

// at computes two formulas at a point.
func (c *comparer) at(gold, answer *node, point int, negative bool) (g, a complexNumber, ok bool) {
	e := &evaluator{point: point, negative: negative, work: &c.work}
	if g, ok = e.value(gold); !ok || !g.sane() {
		return g, a, false
	}
	a, ok = e.value(answer)
	return g, a, ok && a.sane()
}

// proportional reports whether two formulas have the same ratio at all points.
func (c *comparer) proportional(gold, answer *node) bool {
	var first [2]complexNumber
	found := 0
	for point := range points {
		g, a, ok := c.at(gold, answer, point, false)
		if !ok {
			continue
		}
		if g.isZero() || a.isZero() || exponentOf(g.abs()) < -300 || exponentOf(a.abs()) < -300 {
			return false // an equation that always holds says nothing
		}
		if found == 0 {
			first = [2]complexNumber{g, a}
		} else if !g.mul(first[1]).near(a.mul(first[0])) {
			return false
		}
		found++
	}
	return found >= 2
}

// unitLetters are units of one letter.
const unitLetters = "mgshLJNWVAKCFHTN"

// withoutUnit takes a unit of one letter off a number where the other formula has
// no variables at all: 5 m beside 5.
func withoutUnit(gold, answer *node) (g, a *node) {
	if hasVariables(gold) == hasVariables(answer) {
		return gold, answer
	}
	return dropUnit(gold), dropUnit(answer)
}

func hasVariables(n *node) bool {
	names := map[string]bool{}
	n.variables(names)
	return len(names) > 0
}

func dropUnit(n *node) *node {
	if n.op == oMul && len(n.kids) == 2 && n.kids[0].op == oNumber {
		unit := n.kids[1]
		if unit.op == oPow && unit.kids[1].op == oNumber {
			unit = unit.kids[0]
		}
		if unit.op == oName && len(unit.name) == 1 && strings.Contains(unitLetters, unit.name) {
			return n.kids[0]
		}
	}
	return n
}
