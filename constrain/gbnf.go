package constrain

import (
	"errors"
	"fmt"
)

// maxInline is how many states a rule may take to be put in the place of its
// callers instead of being called.
const maxInline = 1024

// gbnf compiles a grammar in llama.cpp's notation.
func (b *builder) gbnf(text string) (int32, error) {
	p := &gbnfParser{text: text, rules: map[string]*expr{}}
	if err := p.parse(); err != nil {
		return 0, err
	}
	g := &gbnfCompiler{b: b, rules: p.rules, ids: map[string]int32{}, sizes: map[string]int{}}
	for _, name := range p.order { // errors in rules that are not used, too
		if err := g.check(p.rules[name], name); err != nil {
			return 0, err
		}
	}
	g.recursive = findRecursive(p.rules, p.order)
	root := g.rule("root")
	for len(g.todo) > 0 {
		name := g.todo[0]
		g.todo = g.todo[1:]
		n := newNFA()
		g.add(n, g.rules[name], nfaStart, nfaAccept)
		if err := b.finish(g.ids[name], n); err != nil {
			return 0, fmt.Errorf("rule %s: %w", name, err)
		}
	}
	if r := frontRecursion(p.rules, p.order); r != "" {
		return 0, fmt.Errorf("rule %s: it begins with itself (left recursion); write what repeats with * or +", r)
	}
	return root, nil
}

// operator is what an expression is.
type operator uint8

const (
	opSequence operator = iota
	opChoice
	opRunes
	opRepeat
	opRule
)

// expr is a parsed expression.
type expr struct {
	op    operator
	subs  []*expr
	runes []runeRange // opRunes: one character of these
	name  string      // opRule
	least int         // opRepeat
	most  int         // less than 0: any number

	// What findEmpty finds.
	parent *expr // nil: it is a rule
	rule   string
	needs  int  // so many of what it consists of must derive the empty text
	empty  bool // it derives the empty text
}

// gbnfCompiler turns rules into automata.
type gbnfCompiler struct {
	b         *builder
	rules     map[string]*expr
	recursive map[string]bool
	ids       map[string]int32
	sizes     map[string]int
	todo      []string
}

func (g *gbnfCompiler) check(e *expr, rule string) error {
	if e.op == opRule {
		if _, ok := g.rules[e.name]; !ok {
			return fmt.Errorf("rule %s: there is no rule %q", rule, e.name)
		}
	}
	for _, sub := range e.subs {
		if err := g.check(sub, rule); err != nil {
			return err
		}
	}
	return nil
}

// rule returns the rule of a name, to be built.
func (g *gbnfCompiler) rule(name string) int32 {
	id, ok := g.ids[name]
	if !ok {
		id = g.b.reserve()
		g.ids[name] = id
		g.todo = append(g.todo, name)
	}
	return id
}

// size is about how many states e takes with its rules inlined.
func (g *gbnfCompiler) size(e *expr) int {
	total := 1
	for _, sub := range e.subs {
		total = min(total+g.size(sub), maxStates)
	}
	switch e.op {
	case opRunes:
		total += len(e.runes)
	case opRepeat:
		total = min(total*max(e.least, e.most, 1), maxStates)
	case opRule:
		if g.inline(e.name) {
			total += g.sizes[e.name]
		}
	}
	return total
}

// inline reports whether a rule takes the place of its callers.
func (g *gbnfCompiler) inline(name string) bool {
	if g.recursive[name] {
		return false
	}
	size, ok := g.sizes[name]
	if !ok {
		size = g.size(g.rules[name])
		g.sizes[name] = size
	}
	return size <= maxInline
}

// add leads from one state to another over e.
func (g *gbnfCompiler) add(n *nfa, e *expr, from, to int32) {
	if n.full {
		return
	}
	switch e.op {
	case opRunes:
		for _, r := range e.runes {
			n.runes(from, r.lo, r.hi, to)
		}
	case opChoice:
		for _, sub := range e.subs {
			g.add(n, sub, from, to)
		}
	case opRepeat:
		n.repeat(from, e.least, e.most, to, func(from, to int32) { g.add(n, e.subs[0], from, to) })
	case opRule:
		if g.inline(e.name) {
			g.add(n, g.rules[e.name], from, to)
		} else {
			n.call(from, g.rule(e.name), to)
		}
	default:
		for _, sub := range e.subs {
			next := n.state()
			g.add(n, sub, from, next)
			from = next
		}
		n.skip(from, to)
	}
}

// findRecursive finds the rules that may be reached from themselves.
func findRecursive(rules map[string]*expr, order []string) map[string]bool {
	next := map[string][]string{}
	var collect func(e *expr, name string)
	collect = func(e *expr, name string) {
		if e.op == opRule {
			next[name] = append(next[name], e.name)
		}
		for _, sub := range e.subs {
			collect(sub, name)
		}
	}
	for _, name := range order {
		collect(rules[name], name)
	}
	return onCycles(order, func(name string) []string { return next[name] })
}

// onCycles finds the nodes of a graph that lie on a cycle (Tarjan).
func onCycles(nodes []string, next func(string) []string) map[string]bool {
	index, low := map[string]int{}, map[string]int{}
	open, cyclic := map[string]bool{}, map[string]bool{}
	var stack []string
	var visit func(v string)
	visit = func(v string) {
		index[v] = len(index) + 1
		low[v] = index[v]
		stack = append(stack, v)
		open[v] = true
		for _, w := range next(v) {
			switch {
			case w == v:
				cyclic[v] = true
			case index[w] == 0:
				visit(w)
				low[v] = min(low[v], low[w])
			case open[w]:
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		for size := 1; ; size++ {
			w := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			open[w] = false
			if size > 1 || w != v {
				cyclic[w] = true
			}
			if w == v {
				return
			}
		}
	}
	for _, v := range nodes {
		if index[v] == 0 {
			visit(v)
		}
	}
	return cyclic
}

// frontRecursion returns a rule that may call itself before any character, or
// "".
func frontRecursion(rules map[string]*expr, order []string) string {
	findEmpty(rules, order)
	cyclic := onCycles(order, func(name string) (out []string) {
		rules[name].front(func(r string) { out = append(out, r) })
		return out
	})
	for _, name := range order {
		if cyclic[name] {
			return name
		}
	}
	return ""
}

// findEmpty finds the expressions that derive the empty text.
func findEmpty(rules map[string]*expr, order []string) {
	callers := map[string][]*expr{} // by the rule that they are
	var todo []*expr                // empty, and those that depend on them are not told
	var begin func(e *expr)
	begin = func(e *expr) {
		if e.op == opRule {
			callers[e.name] = append(callers[e.name], e)
		}
		if e.needs = e.parts(); e.needs == 0 {
			todo = append(todo, e)
		}
		for _, sub := range e.subs {
			sub.parent = e
			begin(sub)
		}
	}
	for _, name := range order {
		rules[name].rule = name
		begin(rules[name])
	}
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		e.empty = true
		told := callers[e.rule]
		if e.parent != nil {
			told = []*expr{e.parent}
		}
		for _, up := range told {
			if up.needs--; up.needs == 0 {
				todo = append(todo, up)
			}
		}
	}
}

// parts is how many of its parts must derive the empty text for e to do so.
func (e *expr) parts() int {
	switch {
	case e.op == opSequence:
		return len(e.subs)
	case e.op == opRepeat && e.least == 0:
		return 0
	}
	return 1 // a character has none
}

// front visits the rules that e may begin with.
func (e *expr) front(visit func(rule string)) {
	if e.op == opRule {
		visit(e.name)
	}
	for _, sub := range e.subs {
		sub.front(visit)
		if e.op == opSequence && !sub.empty {
			return
		}
	}
}

var errNoRoot = errors.New(`there is no rule "root"`)
