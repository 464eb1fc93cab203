package constrain

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
)

// States that belong to no rule.
const (
	stateEnd     int32 = iota // the sentence is whole
	stateOutside              // the walk has left the rule it began in
	numReserved
)

// stateKey names a state in the vocabulary's cache: automatons with equal
// content share their entries.
type stateKey struct {
	automaton [16]byte
	state     int32
}

// program is a compiled grammar: all rules' automata, their states numbered
// together. It is never changed after it was linked.
type program struct {
	rules    []*dfa
	base     []int32 // of a rule: its first state
	rule     []int32 // of a state
	nullable []bool  // of a rule: it accepts the empty text
	simple   []bool  // of a state: it goes on by bytes only
	ends     []bool  // of a state: the rule may end here
	tail     []bool  // of a state: the rule must end here
	keys     [][16]byte
	root     int32 // rule
	topOnly  bool  // no rule calls the root
	size     int64 // bytes of memory, about
}

var programs atomic.Uint64

// errNothing: the grammar derives no text.
var errNothing = errors.New("nothing satisfies it")

// link makes a program of rules, which it takes over. missing are the bytes
// that the vocabulary has no token for: what needs them is removed, so that
// each state that is left can be left by a token of one byte, or is an end.
func link(rules []*dfa, root int32, missing *[256]bool) (*program, error) {
	p := &program{rules: rules, root: root, topOnly: true}
	total, table := int(numReserved), 0
	for _, d := range rules {
		total += len(d.final)
		table += len(d.table)
	}
	if total > maxStates || table > maxTable {
		return nil, errSize
	}
	lost := forbid(rules, missing)
	if !productive(rules)[root] {
		if lost >= 0 {
			return nil, fmt.Errorf("the vocabulary has no token for bytes that are needed, such as %#02x", lost)
		}
		return nil, errNothing
	}
	p.number(total)
	p.findNullable()
	if r := p.leftRecursive(); r >= 0 {
		return nil, &leftRecursion{r}
	}
	p.nameStates()
	p.size = int64(4*table + 64*total)
	return p, nil
}

// leftRecursion is the error for a rule that calls itself before any byte.
type leftRecursion struct{ rule int32 }

func (e *leftRecursion) Error() string {
	return fmt.Sprintf("rule %d begins with itself", e.rule)
}

// forbid removes the transitions over missing bytes and returns the first of
// them that there was, or -1. A class that has bytes of both kinds is divided.
func forbid(rules []*dfa, missing *[256]bool) int {
	lost := -1
	for i, d := range rules {
		if !anyMissing(d, missing) {
			continue
		}
		for b := range 256 {
			if missing[b] && hasByte(d, byte(b)) && (lost < 0 || b < lost) {
				lost = b
			}
		}
		rules[i] = without(d, missing)
	}
	return lost
}

func anyMissing(d *dfa, missing *[256]bool) bool {
	for b := range 256 {
		if missing[b] && hasByte(d, byte(b)) {
			return true
		}
	}
	return false
}

func hasByte(d *dfa, b byte) bool {
	for i := int(d.class[b]); i < len(d.table); i += d.width {
		if d.table[i] != none {
			return true
		}
	}
	return false
}

// without copies d, the transitions over missing bytes removed.
func without(d *dfa, missing *[256]bool) *dfa {
	out := &dfa{calls: d.calls, final: d.final}
	// Bytes of one class, missing or not, stay one class.
	type group struct {
		class   uint8
		missing bool
	}
	classes := map[group]uint8{}
	var groups []group
	for b := range 256 {
		g := group{d.class[b], missing[b]}
		class, ok := classes[g]
		if !ok {
			class = uint8(len(groups))
			classes[g] = class
			groups = append(groups, g)
		}
		out.class[b] = class
	}
	out.width = len(groups)
	for s := range d.final {
		row := d.table[s*d.width : (s+1)*d.width]
		for _, g := range groups {
			to := row[g.class]
			if g.missing {
				to = none
			}
			out.table = append(out.table, to)
		}
	}
	return out
}

// productive finds the rules that derive a text, and removes from all rules
// what leads nowhere.
func productive(rules []*dfa) []bool {
	ok := make([]bool, len(rules))
	live := make([][]bool, len(rules))
	for r, d := range rules {
		live[r] = make([]bool, len(d.final))
		copy(live[r], d.final)
	}
	for changed := true; changed; {
		changed = false
		for r := len(rules) - 1; r >= 0; r-- {
			again := spread(rules[r], live[r], ok)
			changed = changed || again || ok[r] != live[r][0]
			ok[r] = live[r][0]
		}
	}
	for r, d := range rules {
		prune(d, live[r], ok)
	}
	return ok
}

// spread marks the states that reach a live one, until no more are found.
func spread(d *dfa, live, ok []bool) (changed bool) {
	for again := true; again; {
		again = false
		for s := len(live) - 1; s >= 0; s-- {
			if !live[s] && leads(d, s, live, ok) {
				live[s], again, changed = true, true, true
			}
		}
	}
	return changed
}

func leads(d *dfa, s int, live, ok []bool) bool {
	for _, to := range d.table[s*d.width : (s+1)*d.width] {
		if to != none && live[to] {
			return true
		}
	}
	for _, c := range d.calls[s] {
		if live[c.to] && ok[c.rule] {
			return true
		}
	}
	return false
}

func prune(d *dfa, live, ok []bool) {
	for i, to := range d.table {
		if to != none && !live[to] {
			d.table[i] = none
		}
	}
	for s, calls := range d.calls {
		var kept []call
		for _, c := range calls {
			if live[c.to] && ok[c.rule] {
				kept = append(kept, c)
			}
		}
		d.calls[s] = kept
	}
}

// number gives all states their place and their properties.
func (p *program) number(total int) {
	p.rule = make([]int32, total)
	p.simple, p.ends, p.tail = make([]bool, total), make([]bool, total), make([]bool, total)
	p.base = make([]int32, len(p.rules))
	next := numReserved
	for r, d := range p.rules {
		p.base[r] = next
		next += int32(len(d.final))
		for _, calls := range d.calls {
			for _, c := range calls {
				p.topOnly = p.topOnly && c.rule != p.root
			}
		}
	}
	for r, d := range p.rules {
		for s := range d.final {
			g := p.base[r] + int32(s)
			p.rule[g] = int32(r)
			p.ends[g] = d.final[s]
			p.simple[g] = len(d.calls[s]) == 0 && (!d.final[s] || p.topOnly && int32(r) == p.root)
			p.tail[g] = d.final[s] && len(d.calls[s]) == 0 && !hasNext(d, s)
		}
	}
}

func hasNext(d *dfa, s int) bool {
	for _, to := range d.table[s*d.width : (s+1)*d.width] {
		if to != none {
			return true
		}
	}
	return false
}

// next is where state goes by b, or none.
func (p *program) next(state int32, b byte) int32 {
	if state < numReserved {
		return none
	}
	r := p.rule[state]
	base, d := p.base[r], p.rules[r]
	if to := d.next(state-base, b); to != none {
		return base + to
	}
	return none
}

// calls are those of state; their to is local to its rule.
func (p *program) calls(state int32) (calls []call, base int32) {
	if state < numReserved {
		return nil, 0
	}
	r := p.rule[state]
	base = p.base[r]
	return p.rules[r].calls[state-base], base
}

func (p *program) findNullable() {
	p.nullable = make([]bool, len(p.rules))
	for changed := true; changed; {
		changed = false
		for r := range p.rules {
			if !p.nullable[r] && p.acceptsEmpty(int32(r)) {
				p.nullable[r], changed = true, true
			}
		}
	}
}

// front visits the states of rule that no byte is needed for.
func (p *program) front(rule int32, visit func(state int32)) {
	d := p.rules[rule]
	seen, todo := map[int32]bool{0: true}, []int32{0}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visit(s)
		for _, c := range d.calls[s] {
			if p.nullable[c.rule] && !seen[c.to] {
				seen[c.to] = true
				todo = append(todo, c.to)
			}
		}
	}
}

func (p *program) acceptsEmpty(rule int32) (yes bool) {
	p.front(rule, func(s int32) { yes = yes || p.rules[rule].final[s] })
	return yes
}

// leftRecursive returns a rule that may call itself before any byte, or -1.
func (p *program) leftRecursive() int32 {
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(p.rules))
	var visit func(r int32) int32
	visit = func(r int32) int32 {
		state[r] = open
		found := none
		p.front(r, func(s int32) {
			for _, c := range p.rules[r].calls[s] {
				switch {
				case found != none || state[c.rule] == done:
				case state[c.rule] == open:
					found = c.rule
				default:
					found = visit(c.rule)
				}
			}
		})
		state[r] = done
		return found
	}
	for r := range p.rules {
		if state[r] == unseen {
			if found := visit(int32(r)); found != none {
				return found
			}
		}
	}
	return none
}

// nameStates finds the keys of the rules: the content of those that call
// nothing, and for the others a number that no other program has.
func (p *program) nameStates() {
	id := programs.Add(1)
	p.keys = make([][16]byte, len(p.rules))
	for r, d := range p.rules {
		binary.LittleEndian.PutUint64(p.keys[r][:], id)
		binary.LittleEndian.PutUint64(p.keys[r][8:], uint64(r))
		if d.callsNothing() {
			copy(p.keys[r][:], d.hash(p.topOnly && int32(r) == p.root))
		}
	}
}

func (d *dfa) callsNothing() bool {
	for _, c := range d.calls {
		if len(c) > 0 {
			return false
		}
	}
	return true
}

func (d *dfa) hash(top bool) []byte {
	raw := make([]byte, 0, 300+4*len(d.table)+len(d.final))
	raw = append(raw, d.class[:]...)
	flag := map[bool]byte{true: 1}
	for _, to := range d.table {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(to))
	}
	for _, f := range d.final {
		raw = append(raw, flag[f])
	}
	raw = append(raw, flag[top])
	sum := sha256.Sum256(raw)
	return sum[:]
}
