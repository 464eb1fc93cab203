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
	moves    []bool  // of a state: a byte can follow without a call
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
	total, table, calls := int(numReserved), 0, 0
	for _, d := range rules {
		total += len(d.final)
		table += len(d.table)
		for _, c := range d.calls {
			calls += len(c)
		}
	}
	if total > maxStates || table > maxTable {
		return nil, errSize
	}
	lost := forbid(rules, missing)
	p.number(total)
	if !p.productive()[root] {
		if lost >= 0 {
			return nil, fmt.Errorf("the vocabulary has no token for bytes that are needed, such as %#02x", lost)
		}
		return nil, errNothing
	}
	p.describe()
	p.findNullable()
	if r := p.leftRecursive(); r >= 0 {
		return nil, &leftRecursion{r}
	}
	p.nameStates()
	p.size = int64(4*table + 64*total + 8*calls)
	return p, nil
}

// leftRecursion is the error for a rule that calls itself before any byte.
type leftRecursion struct{ rule int32 }

func (e *leftRecursion) Error() string {
	return fmt.Sprintf("rule %d begins with itself", e.rule)
}

// number gives all states their place.
func (p *program) number(total int) {
	p.rule, p.base = make([]int32, total), make([]int32, len(p.rules))
	next := numReserved
	for r, d := range p.rules {
		p.base[r] = next
		for range d.final {
			p.rule[next] = int32(r)
			next++
		}
	}
}

// describe gives all states their properties.
func (p *program) describe() {
	total := len(p.rule)
	p.moves, p.simple = make([]bool, total), make([]bool, total)
	p.ends, p.tail = make([]bool, total), make([]bool, total)
	for _, d := range p.rules {
		for _, calls := range d.calls {
			for _, c := range calls {
				p.topOnly = p.topOnly && c.rule != p.root
			}
		}
	}
	for r, d := range p.rules {
		for s := range d.final {
			g := p.base[r] + int32(s)
			p.ends[g] = d.final[s]
			p.moves[g] = hasNext(d, s)
			p.simple[g] = len(d.calls[s]) == 0 && (!d.final[s] || p.topOnly && int32(r) == p.root)
			p.tail[g] = d.final[s] && len(d.calls[s]) == 0 && !p.moves[g]
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
