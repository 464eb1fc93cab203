package problem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// numStatements is how many expressions a problem has: with one of them half of all
// answers would be right by chance.
const numStatements = 3

var (
	letters   = []string{"A", "B", "C"}
	variables = []string{"p", "q", "r"}
)

// boolean are expressions of equally many operations.
type boolean struct {
	trees  [numStatements]*node
	values []int // of the variables, if there are some
	words  *notation
}

var (
	inWords   = notation{leaf: boolLeaf, signs: map[byte]string{'&': " and ", '|': " or ", '!': "not "}}
	inSymbols = notation{leaf: boolLeaf, signs: map[byte]string{'&': " & ", '|': " | ", '!': "!"}}
)

func boolLeaf(n *node) string {
	if n.name != "" {
		return n.name
	}
	return truth(n.value)
}

// valued writes values beside names, as "p=true".
func (o notation) valued() *notation {
	o.leaf = func(n *node) string {
		if n.name != "" {
			return n.name + "=" + truth(n.value)
		}
		return truth(n.value)
	}
	return &o
}

func truth(value int) string {
	if value == 1 {
		return "true"
	}
	return "false"
}

func newBoolean(r *random.Source, steps, _, style int) work {
	b := &boolean{words: &inWords}
	if style%2 == 1 {
		b.words = &inSymbols
	}
	if style >= numStyles/2 {
		for range variables {
			b.values = append(b.values, r.Below(2))
		}
	}
	if len(b.values) > 0 && !slices.Contains(b.values, 1) || len(b.values) > 0 && !slices.Contains(b.values, 0) {
		b.values[r.Below(len(b.values))] ^= 1 // else some outcomes could not be had
	}
	for i := range b.trees {
		want := r.Below(2) // both are equally frequent
		for {
			b.trees[i] = b.expression(r, steps, false)
			if _, value := reduced(b.trees[i], b.words, nil); value == want {
				break
			}
		}
	}
	return b
}

// expression makes one of so many operations; a negation has none directly below it.
func (b *boolean) expression(r *random.Source, operations int, negated bool) *node {
	if operations == 0 {
		if len(b.values) == 0 {
			return &node{value: r.Below(2)}
		}
		i := r.Below(len(b.values))
		return &node{value: b.values[i], name: variables[i]}
	}
	if !negated && r.Below(3) == 0 {
		return &node{op: '!', right: b.expression(r, operations-1, true)}
	}
	before := r.Below(operations)
	return &node{op: random.Pick(r, []byte("&|")), left: b.expression(r, before, false), right: b.expression(r, operations-1-before, false)}
}

// told implements work.
func (b *boolean) told() string {
	var parts []string
	for i, v := range b.values {
		parts = append(parts, fmt.Sprintf("%s is %s.", variables[i], truth(v)))
	}
	for i, tree := range b.trees {
		parts = append(parts, fmt.Sprintf("%s: %s.", letters[i], b.words.text(tree)))
	}
	return strings.Join(parts, " ")
}

// solve implements work: a line for each expression, which becomes shorter from arrow
// to arrow.
func (b *boolean) solve(s *slip) (lines []string, answer string) {
	var values []string
	for i, tree := range b.trees {
		var own *slip
		if s.here() {
			own = &slip{at: s.r.Below(tree.operations()), r: s.r}
		}
		forms, value := reduced(tree, b.words, own)
		lines = append(lines, letters[i]+": "+strings.Join(forms, " -> "))
		values = append(values, truth(value))
	}
	return lines, strings.Join(values, ", ")
}

// reduced carries out one operation after the other and returns all forms of the
// expression on the way: first with the values beside the variables, if it has some, then
// with these in their place.
func reduced(tree *node, words *notation, s *slip) (forms []string, value int) {
	tree = tree.clone()
	forms = append(forms, words.valued().text(tree))
	if tree.unname() {
		forms = append(forms, words.text(tree))
	}
	for n := tree.next(); n != nil; n = tree.next() {
		v := n.outcome()
		if s.here() {
			v = 1 - v
		}
		n.become(v)
		forms = append(forms, words.text(tree))
	}
	return forms, tree.value
}

// unname puts the values for the variables and reports whether there are any.
func (n *node) unname() bool {
	if n == nil {
		return false
	}
	had := n.name != ""
	n.name = ""
	left, right := n.left.unname(), n.right.unname()
	return had || left || right
}

// operations counts them.
func (n *node) operations() int {
	if n == nil || n.op == 0 {
		return 0
	}
	return 1 + n.left.operations() + n.right.operations()
}
