package problem

// node is an expression: a leaf, or an operation on one or two.
type node struct {
	op          byte  // + - * & | ! or 0 for a leaf
	left, right *node // of ! only right
	value       int   // of a leaf; true is 1
	name        string
}

// next is the operation that is carried out next: the first whose operands are
// leaves; nil of a leaf.
func (n *node) next() *node {
	if n.op == 0 {
		return nil
	}
	for _, child := range []*node{n.left, n.right} {
		if child != nil {
			if m := child.next(); m != nil {
				return m
			}
		}
	}
	return n
}

// outcome is the value of an operation on leaves.
func (n *node) outcome() int {
	b := n.right.value
	switch n.op {
	case '!':
		return 1 - b
	case '+':
		return n.left.value + b
	case '-':
		return n.left.value - b
	case '*', '&':
		return n.left.value * b
	}
	return n.left.value | b
}

// become replaces the operation by its value.
func (n *node) become(value int) { *n = node{value: value} }

// clone is a copy of the whole.
func (n *node) clone() *node {
	if n == nil {
		return nil
	}
	own := *n
	own.left, own.right = n.left.clone(), n.right.clone()
	return &own
}

// notation says how expressions are written.
type notation struct {
	leaf  func(n *node) string
	signs map[byte]string // with the spaces around them
	// sparing leaves out the brackets that * before + and - make needless, and those
	// of what is to the left.
	sparing bool
}

// text writes an expression.
func (o *notation) text(n *node) string {
	switch {
	case n.op == 0:
		return o.leaf(n)
	case n.left == nil:
		return o.signs[n.op] + o.operand(n, n.right, true)
	}
	return o.operand(n, n.left, false) + o.signs[n.op] + o.operand(n, n.right, true)
}

// operand writes a part of an operation, in brackets where they are needed.
func (o *notation) operand(n, part *node, right bool) string {
	text := o.text(part)
	bracketed := part.left != nil
	if o.sparing && bracketed {
		bracketed = right && rank(part.op) == rank(n.op) || rank(part.op) < rank(n.op)
	}
	if bracketed {
		return "(" + text + ")"
	}
	return text
}

func rank(op byte) int {
	if op == '*' {
		return 2
	}
	return 1
}
