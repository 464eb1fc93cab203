package problem

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// mostNumber bounds all numbers of arithmetic, those on the way included; none is
// below 0. mostLeaf bounds those that are given. There are few sums so that a small model
// can know them all: a problem is to try whether it takes one step after another.
const (
	mostNumber = 49
	mostLeaf   = 9
)

// arithmetic is an expression, or the same told as what is done to a number.
type arithmetic struct {
	tree        *node
	style       int
	name, thing string
}

// Styles of arithmetic.
const (
	asExpression = iota
	asOrders
	asThings
	asPassengers
)

var sums = notation{
	leaf:    func(n *node) string { return strconv.Itoa(n.value) },
	signs:   map[byte]string{'+': " + ", '-': " - ", '*': " * "},
	sparing: true,
}

func newArithmetic(r *random.Source, steps, _, style int) work {
	a := &arithmetic{style: style, name: random.Pick(r, names), thing: random.Pick(r, things)}
	switch style {
	case asExpression:
		a.tree, _ = sumOf(r, steps)
		return a
	case asPassengers:
		a.thing = random.Pick(r, vehicles)
	}
	a.tree = &node{value: r.Between(2, mostLeaf)}
	at := a.tree.value
	done := map[node]bool{}
	for range steps {
		n := operation(r, at)
		for range 20 { // the same again is told from what is done only by counting
			if !done[n] {
				break
			}
			n = operation(r, at)
		}
		done[n] = true
		a.tree = &node{op: n.op, left: a.tree, right: &node{value: n.value}}
		at = (&node{op: n.op, left: &node{value: at}, right: a.tree.right}).outcome()
	}
	return a
}

// sumOf makes an expression and returns its value too.
func sumOf(r *random.Source, operations int) (*node, int) {
	if operations == 0 {
		n := &node{value: r.Between(2, mostLeaf)}
		return n, n.value
	}
	before := r.Below(operations)
	left, a := sumOf(r, before)
	right, b := sumOf(r, operations-1-before)
	var fit []byte
	if a+b <= mostNumber {
		fit = append(fit, '+')
	}
	if a != b {
		fit = append(fit, '-')
	}
	if a > 1 && b > 1 && a*b <= mostNumber {
		fit = append(fit, '*')
	}
	if len(fit) == 0 {
		fit = append(fit, '-')
	}
	n := &node{op: random.Pick(r, fit), left: left, right: right}
	if n.op == '-' && a < b {
		n.left, n.right, a, b = right, left, b, a
	}
	return n, (&node{op: n.op, left: &node{value: a}, right: &node{value: b}}).outcome()
}

// operation chooses what is done to a number, and with which.
func operation(r *random.Source, at int) node {
	with := r.Between(2, mostLeaf)
	var fit []byte
	if at+with <= mostNumber {
		fit = append(fit, '+')
	}
	if at > 2 {
		fit = append(fit, '-')
	}
	if at > 1 && 2*at <= mostNumber {
		fit = append(fit, '*')
	}
	op := random.Pick(r, fit)
	switch op {
	case '-':
		with = min(with, r.Between(1, at-1))
	case '*':
		with = r.Between(2, min(5, mostNumber/at))
	}
	return node{op: op, value: with}
}

// told implements work.
func (a *arithmetic) told() string {
	if a.style == asExpression {
		return "The expression is " + sums.text(a.tree) + "."
	}
	return strings.Join(a.sentences(a.tree), " ")
}

func (a *arithmetic) sentences(n *node) []string {
	if n.op == 0 {
		switch a.style {
		case asOrders:
			return []string{fmt.Sprintf("Start with %d.", n.value)}
		case asThings:
			return []string{fmt.Sprintf("%s has %d %s.", a.name, n.value, a.thing)}
		}
		return []string{fmt.Sprintf("A %s carries %d people.", a.thing, n.value)}
	}
	with := n.right.value
	var s string
	switch [2]int{a.style, int(n.op)} {
	case [2]int{asOrders, '+'}:
		s = fmt.Sprintf("Add %d.", with)
	case [2]int{asOrders, '-'}:
		s = fmt.Sprintf("Subtract %d.", with)
	case [2]int{asOrders, '*'}:
		s = fmt.Sprintf("Multiply by %d.", with)
	case [2]int{asThings, '+'}:
		s = fmt.Sprintf("%s gets %d more.", a.name, with)
	case [2]int{asThings, '-'}:
		s = fmt.Sprintf("%s gives %d away.", a.name, with)
	case [2]int{asThings, '*'}:
		s = fmt.Sprintf("Then %s has %d times as many.", a.name, with)
	case [2]int{asPassengers, '+'}:
		s = fmt.Sprintf("%d get on.", with)
	case [2]int{asPassengers, '-'}:
		s = fmt.Sprintf("%d get off.", with)
	case [2]int{asPassengers, '*'}:
		s = fmt.Sprintf("The number becomes %d times as large.", with)
	}
	return append(a.sentences(n.left), s)
}

// solve implements work: each line carries out an operation, and says what is left of
// an expression. What is told becomes the same problem, a step shorter.
//
// Whoever writes numbers and sign side by side before the result has to remember one
// sum at a time, and need not find its parts in a text meanwhile.
func (a *arithmetic) solve(s *slip) (lines []string, answer string) {
	tree := a.tree.clone()
	for n := tree.next(); n != nil; n = tree.next() {
		line, value := sums.text(n), n.outcome()
		if s.here() {
			value = misreckoned(s.r, value)
		}
		n.become(value)
		switch line += " = " + strconv.Itoa(value); {
		case a.style != asExpression:
			line += ". " + strings.Join(a.sentences(tree), " ")
		case tree.op != 0:
			line += ", leaving " + sums.text(tree)
		}
		lines = append(lines, line)
	}
	return lines, strconv.Itoa(tree.value)
}

// misreckoned is a number near another, as a mistake in carrying or by one gives it.
func misreckoned(r *random.Source, value int) int {
	by := random.Pick(r, []int{1, 1, 2, 10})
	if value >= by && r.Below(2) == 0 {
		by = -by
	}
	return value + by
}
