package jinja

// expression is a node that has a value.
type expression interface {
	eval(r *run, s *scope) (value, error)
}

// statement is a node that writes, or changes variables.
type statement interface {
	exec(r *run, s *scope) (flow, error)
}

// flow is how a statement ends.
type flow int

const (
	flowNext flow = iota
	flowBreak
	flowContinue
)

type block []statement

type (
	dataNode   struct{ text text }
	outputNode struct {
		line int
		expr expression
	}
	ifNode struct {
		line int
		cond expression
		then block
		els  block
	}
	forNode struct {
		line   int
		target target
		over   expression
		filter expression // or nil
		body   block
		els    block
	}
	setNode struct {
		line   int
		target target
		value  expression
	}
	setBlockNode struct {
		line    int
		target  target
		filters []filterCall
		body    block
	}
	macroNode struct {
		line   int
		name   string
		params []param
		body   block
	}
	callNode struct {
		line   int
		params []param
		call   expression
		body   block
	}
	filterNode struct {
		line    int
		filters []filterCall
		body    block
	}
	withNode struct {
		line   int
		names  []string
		values []expression
		body   block
	}
	generationNode struct{ body block }
	doNode         struct {
		line int
		expr expression
	}
	flowNode struct{ flow flow }
)

// target is what a value is assigned to: names, or one attribute of a
// namespace.
type target struct {
	names []string
	tuple bool
	attr  string
}

type param struct {
	name  string
	value expression // default, or nil
}

type (
	literalNode struct{ value value }
	nameNode    struct {
		line int
		name string
	}
	listNode struct {
		items []expression
		tuple bool
	}
	dictNode struct {
		line         int
		keys, values []expression
	}
	attrNode struct {
		line int
		of   expression
		name string
	}
	itemNode struct {
		line int
		of   expression
		key  expression
	}
	sliceNode struct {
		line           int
		of             expression
		from, to, step expression // or nil
	}
	invokeNode struct {
		line int
		fn   expression
		args arguments
	}
	filteredNode struct {
		of     expression
		filter filterCall
	}
	testNode struct {
		line int
		of   expression
		name string
		test predicate
		args []expression
		not  bool
	}
	unaryNode struct {
		line int
		op   string
		of   expression
	}
	binaryNode struct {
		line        int
		op          string
		left, right expression
	}
	compareNode struct {
		line  int
		first expression
		ops   []string
		rest  []expression
	}
	condNode struct{ cond, then, els expression } // els may be nil
)

type filterCall struct {
	line int
	name string
	fn   filter
	args arguments
}

type arguments struct {
	positional []expression
	names      []string
	named      []expression
}
