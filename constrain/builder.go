package constrain

import (
	"context"
	"fmt"
)

// builder collects the rules of one grammar.
type builder struct {
	rules  []*dfa           // nil while a rule is under construction
	states int              // of the rules
	made   int              // of all automata, those included that are no rules
	shared map[string]int32 // rules by what they are
	work   int              // steps so far
	ctx    context.Context  // of whom the grammar is for
}

func newBuilder(ctx context.Context) *builder {
	return &builder{shared: map[string]int32{}, ctx: ctx}
}

// spend counts steps. It fails if there are too many, or if the context has
// ended.
func (b *builder) spend(steps int) error {
	if b.work += steps; b.work > maxWork {
		return errWork
	}
	return b.ctx.Err()
}

// limit is what making one automaton may take.
type limit struct {
	states int
	spend  func(steps int) error
}

// add makes a rule of a finished automaton.
func (b *builder) add(d *dfa) int32 {
	id := b.reserve()
	b.set(id, d)
	return id
}

// reserve makes a rule whose automaton comes later, so that it may be called
// before.
func (b *builder) reserve() int32 {
	b.rules = append(b.rules, nil)
	return int32(len(b.rules) - 1)
}

func (b *builder) set(id int32, d *dfa) {
	b.rules[id] = d
	b.states += len(d.final)
}

// finish determinizes n as the automaton of a reserved rule.
func (b *builder) finish(id int32, n *nfa) error {
	if len(b.rules) > maxRules {
		return fmt.Errorf("it needs more than %d rules", maxRules)
	}
	d, err := b.determinize(n)
	if err != nil {
		return err
	}
	b.set(id, d)
	return nil
}

// budget is what the next automaton may take.
func (b *builder) budget() limit {
	return limit{min(maxStates-b.states, maxMade-b.made), b.spend}
}

// determinize counts the states that it makes.
func (b *builder) determinize(n *nfa) (*dfa, error) {
	d, err := determinize(n, b.budget())
	return b.count(d, err)
}

// count counts the states of a new automaton.
func (b *builder) count(d *dfa, err error) (*dfa, error) {
	if err == nil {
		b.made += len(d.final)
	}
	return d, err
}

// once returns the rule of that name, made by build the first time. What build
// makes is small: it cannot fail.
func (b *builder) once(name string, build func(n *nfa)) int32 {
	if id, ok := b.shared[name]; ok {
		return id
	}
	id := b.reserve()
	b.shared[name] = id
	n := newNFA()
	build(n)
	d, err := determinize(n, limit{maxStates, func(int) error { return nil }})
	if err != nil {
		panic("constrain: rule " + name + ": " + err.Error())
	}
	b.set(id, d)
	return id
}

func (b *builder) link(root int32, missing *[256]bool) (*program, error) {
	return link(b.rules, root, missing)
}
