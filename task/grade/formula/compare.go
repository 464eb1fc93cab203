package formula

import (
	"math/big"
	"slices"
	"strings"
)

// comparer compares what was read. Its work is bounded.
type comparer struct {
	tolerance *big.Rat // nil: none
	work      int
	pairs     int
}

// maxPairs bounds the comparisons of elements of collections.
const maxPairs = 2000

// same reports whether an answer equals the gold one.
func (c *comparer) same(gold, answer *node) bool {
	if c.pairs++; c.pairs > maxPairs {
		return false
	}
	if gold.equal(answer) {
		return true
	}
	gold, answer = settle(gold), settle(answer)
	if gold.equal(answer) {
		return true
	}
	if (gold.op == oRelation) != (answer.op == oRelation) {
		g, gNamed := named(gold)
		a, aNamed := named(answer)
		return (gNamed || aNamed) && c.same(g, a)
	}
	switch {
	case gold.op == oRelation:
		return c.relations(gold, answer)
	case gold.op == oWords || answer.op == oWords:
		return letterOf(gold) != "" && letterOf(gold) == letterOf(answer)
	case gold.collection() || answer.collection():
		return c.collections(gold, answer)
	}
	return c.values(gold, answer)
}

// settle writes a formula in the form in which it is compared: intervals for
// inequalities and for all numbers, both values for ±, an element for the set of
// it.
func settle(n *node) *node {
	switch {
	case n.op == oRelation && strings.HasSuffix(n.name, "∈") && len(n.kids) == 2 && n.kids[0].isName():
		return settle(n.kids[1])
	case n.op == oRelation:
		if interval := intervalOf(n); interval != nil {
			return interval
		}
	case n.op == oName && n.name == "ℝ":
		return interval("(", minus(infinity), infinity, ")")
	case n.op == oSet && len(n.kids) == 1:
		return settle(n.kids[0])
	case n.op == oMatrix && n.isVector():
		return vector(n)
	case n.op == oNeg && n.kids[0].op == oNumber:
		return number(new(big.Rat).Neg(n.kids[0].value))
	}
	if !n.collection() && n.op != oRelation || n.op == oList || n.op == oSet {
		return bothSigns(n)
	}
	return n
}

func minus(n *node) *node { return &node{op: oNeg, kids: []*node{n}} }

var infinity = &node{op: oName, name: "∞"}

func interval(open string, low, high *node, end string) *node {
	return &node{op: oTuple, kids: []*node{low, high}, name: open + end}
}

// collection reports whether a formula has elements.
func (n *node) collection() bool {
	switch n.op {
	case oList, oSet, oTuple, oUnion, oMeet, oMinus, oMatrix, oRow:
		return true
	}
	return n.op == oRatio && len(n.kids) > 2
}

func (n *node) isVector() bool {
	if len(n.kids) == 1 {
		return true
	}
	return !slices.ContainsFunc(n.kids, func(row *node) bool { return len(row.kids) != 1 })
}

func vector(n *node) *node {
	v := &node{op: oTuple, name: "()"}
	for _, row := range n.kids {
		v.kids = append(v.kids, row.kids...)
	}
	return v
}

// named takes the name off: x = 3 is 3, and so for each element of a list.
func named(n *node) (*node, bool) {
	if n.op == oRelation {
		last := len(n.kids) - 1
		if strings.HasSuffix(n.name, "=") && !strings.ContainsAny(n.name, "<>!") {
			if n.kids[0].isName() {
				return n.kids[last], true
			}
			if n.kids[last].isName() && len(n.kids) == 2 { // 3 = x
				return n.kids[0], true
			}
		}
		return n, false
	}
	return n, false
}

// bothSigns makes of a formula with ± the list of its two values.
func bothSigns(n *node) *node {
	found := false
	n.walk(func(m *node) { found = found || m.op == oPM })
	if !found {
		return n
	}
	list := &node{op: oList}
	kids := []*node{n}
	if n.op == oList || n.op == oSet {
		kids = n.kids
	}
	for _, k := range kids {
		list.kids = append(list.kids, k.withSign(false), k.withSign(true))
	}
	return list
}

// withSign takes the upper or the lower sign of each ± and ∓.
func (n *node) withSign(lower bool) *node {
	kids := make([]*node, len(n.kids))
	for i, k := range n.kids {
		kids[i] = k.withSign(lower)
	}
	if n.op != oPM {
		return &node{op: n.op, kids: kids, value: n.value, name: n.name}
	}
	last := len(kids) - 1
	if lower == (n.name == "±") {
		kids[last] = minus(kids[last])
	}
	if last == 0 {
		return kids[0]
	}
	return &node{op: oAdd, kids: kids}
}

func letterOf(n *node) string {
	letter := strings.Trim(n.name, "().: ")
	if n.op != oName && n.op != oWords || len(letter) != 1 {
		return ""
	}
	return strings.ToUpper(letter)
}

// relations compares equations and inequalities. Equations are also equal where
// the differences of their sides have a constant ratio.
func (c *comparer) relations(gold, answer *node) bool {
	if gold.name == answer.name && c.inOrder(gold.kids, answer.kids) {
		return true
	}
	if len(gold.kids) != 2 || len(answer.kids) != 2 {
		return slices.Equal(flipped(gold.name), strings.Fields(answer.name)) && c.inOrder(reversed(gold.kids), answer.kids)
	}
	if gold.name == "=" && answer.name == "=" {
		return c.proportional(difference(gold), difference(answer))
	}
	return slices.Equal(flipped(gold.name), strings.Fields(answer.name)) && c.inOrder(reversed(gold.kids), answer.kids)
}

func difference(n *node) *node {
	return &node{op: oAdd, kids: []*node{n.kids[0], minus(n.kids[1])}}
}

// flipped is the signs as they are when read from the other side.
func flipped(name string) []string {
	signs := strings.Fields(name)
	slices.Reverse(signs)
	for i, s := range signs {
		switch s[0] {
		case '<':
			signs[i] = ">" + s[1:]
		case '>':
			signs[i] = "<" + s[1:]
		}
	}
	return signs
}

func reversed(kids []*node) []*node {
	kids = slices.Clone(kids)
	slices.Reverse(kids)
	return kids
}

// intervalOf makes an interval of an inequality of one name between numbers; nil
// where it is none.
func intervalOf(n *node) *node {
	signs, kids := strings.Fields(n.name), n.kids
	if strings.ContainsAny(n.name, "=") && strings.Contains(" "+n.name+" ", " = ") || strings.ContainsAny(n.name, "!∈") {
		return nil
	}
	if len(kids) == 2 && kids[1].isName() && !kids[0].isName() || len(kids) == 3 && signs[0][0] == '>' {
		signs, kids = flipped(n.name), reversed(kids)
	}
	switch {
	case len(kids) == 2 && kids[0].isName() && !kids[1].isName():
		if signs[0][0] == '<' {
			return interval("(", minus(infinity), kids[1], bracket(signs[0], "]", ")"))
		}
		return interval(bracket(signs[0], "[", "("), kids[1], infinity, ")")
	case len(kids) == 3 && kids[1].isName() && signs[0][0] == '<' && signs[1][0] == '<':
		return interval(bracket(signs[0], "[", "("), kids[0], kids[2], bracket(signs[1], "]", ")"))
	}
	return nil
}

func bracket(sign, closed, open string) string {
	if strings.HasSuffix(sign, "=") {
		return closed
	}
	return open
}

// collections compares what has elements. In lists and sets order does not count,
// nor how often one is there. One element alone is not put into a list.
func (c *comparer) collections(gold, answer *node) bool {
	unordered := func(n *node) bool { return n.op == oList || n.op == oSet }
	switch {
	case unordered(gold) && unordered(answer):
		return c.anyOrder(gold.kids, answer.kids)
	case unordered(gold) && answer.op == oTuple, gold.op == oTuple && unordered(answer):
		closed := gold.op == oTuple && gold.name != "()" || answer.op == oTuple && answer.name != "()"
		if closed && (gold.op == oSet || answer.op == oSet) {
			return false // an interval
		}
		return c.inOrder(unnamed(gold.kids), unnamed(answer.kids))
	case gold.op != answer.op || gold.op == oTuple && !sameBrackets(gold, answer):
		return false
	case gold.op == oUnion || gold.op == oMeet:
		return c.anyOrder(gold.kids, answer.kids)
	}
	return c.inOrder(gold.kids, answer.kids)
}

func unnamed(kids []*node) []*node {
	kids = slices.Clone(kids)
	for i, k := range kids {
		kids[i], _ = named(k)
	}
	return kids
}

// sameBrackets tells intervals apart. Brackets of longer tuples do not matter.
func sameBrackets(a, b *node) bool { return len(a.kids) != 2 || a.name == b.name }

func (c *comparer) inOrder(gold, answer []*node) bool {
	return slices.EqualFunc(gold, answer, c.same)
}

func (c *comparer) anyOrder(gold, answer []*node) bool {
	has := func(in []*node, n *node, flip bool) bool {
		return slices.ContainsFunc(in, func(m *node) bool {
			if flip {
				return c.same(m, n)
			}
			return c.same(n, m)
		})
	}
	for _, g := range gold {
		if !has(answer, g, false) {
			return false
		}
	}
	for _, a := range answer {
		if !has(gold, a, true) {
			return false
		}
	}
	return true
}
