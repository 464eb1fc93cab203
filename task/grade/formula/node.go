package formula

import (
	"math/big"
	"slices"
	"strings"
)

type op uint8

const (
	oNumber   op = iota // value
	oName               // a variable or constant: name
	oWords              // name
	oAdd                // kids
	oMul                // kids
	oDiv                // two kids
	oPow                // two kids
	oNeg                // one
	oPM                 // one or two: ±; name is ± or ∓
	oCall               // name, kids
	oRoot               // radicand and degree
	oPercent            // one
	oDegrees            // one
	oSub                // a name or number with an index
	oRatio              // kids: a:b
	oList               // kids, in no order: with commas
	oSet                // kids, in no order: in braces
	oTuple              // kids, in order; name is its two brackets
	oRelation           // kids; name has the signs between, with spaces
	oUnion              // kids
	oMeet               // kids: intersection
	oMinus              // two sets
	oMatrix             // rows
	oRow                // kids
)

type node struct {
	op    op
	kids  []*node
	value *big.Rat
	name  string
}

// equal reports whether two formulas are written alike.
func (n *node) equal(m *node) bool {
	if n.op != m.op || len(n.kids) != len(m.kids) {
		return false
	}
	switch n.op {
	case oNumber:
		return n.value.Cmp(m.value) == 0
	case oWords:
		return plain(n.name) == plain(m.name)
	}
	return n.name == m.name && slices.EqualFunc(n.kids, m.kids, (*node).equal)
}

// walk calls visit for the node and all below it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, k := range n.kids {
		k.walk(visit)
	}
}

// variables adds the names of a formula's variables.
func (n *node) variables(into map[string]bool) {
	n.walk(func(m *node) {
		switch {
		case m.op == oSub && m.kids[0].op == oName:
			into[m.symbol()] = true
		case m.op == oName && constants[m.name] == "" && m.name != "∞":
			into[m.name] = true
		}
	})
}

// symbol is the name of a variable with an index.
func (n *node) symbol() string {
	if n.op == oSub {
		return n.kids[0].symbol() + "_" + n.kids[1].String()
	}
	return n.name
}

// constants are the names that have a value.
var constants = map[string]string{"π": "pi", "e": "e", "i": "i"}

// String writes a formula so that different ones look different.
func (n *node) String() string {
	switch n.op {
	case oNumber:
		return n.value.RatString()
	case oName, oWords:
		return n.name
	}
	parts := make([]string, len(n.kids))
	for i, k := range n.kids {
		parts[i] = k.String()
	}
	return opNames[n.op] + n.name + "(" + strings.Join(parts, ", ") + ")"
}

var opNames = [...]string{
	"number", "name", "words", "add", "mul", "div", "pow", "neg", "pm", "call", "root", "percent", "degrees", "sub", "ratio",
	"list", "set", "tuple", "relation", "union", "meet", "minus", "matrix", "row",
}

// bare is a value without what says how it is counted: degrees, percent.
func (n *node) bare() *node {
	for n.op == oPercent || n.op == oDegrees {
		n = n.kids[0]
	}
	if n.op == oNeg {
		return &node{op: oNeg, kids: []*node{n.kids[0].bare()}}
	}
	return n
}

// isName reports whether a formula is what something is called: x, x_1, f(x),
// f^{-1}(x), P, words.
func (n *node) isName() bool {
	switch n.op {
	case oName, oWords:
		return true
	case oSub:
		return n.kids[0].isName()
	case oPow:
		return n.kids[0].op == oName && n.kids[0].name == "f"
	case oMul: // a name before brackets is read as a product
		if len(n.kids) == 2 && (n.kids[1].op == oName || n.kids[1].op == oTuple) {
			return n.kids[0].isName() && n.kids[0].op != oWords
		}
		for _, k := range n.kids {
			if k.op != oName {
				return false
			}
		}
		return true
	}
	return false
}
