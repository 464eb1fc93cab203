package problem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// ordering is people in an order, told by comparisons of neighbors.
type ordering struct {
	order    []string // the one who has most first
	pairs    []int    // the comparisons as told: of that place and the next
	turned   []bool   // whether the lesser is named first
	property [4]string
	ask      int
}

// properties are said in a pair of one and the other, and of all.
var properties = [numStyles][4]string{
	{"taller", "shorter", "tallest", "shortest"},
	{"older", "younger", "oldest", "youngest"},
	{"heavier", "lighter", "heaviest", "lightest"},
	{"faster", "slower", "fastest", "slowest"},
}

// What is asked: ask modulo 4.
const (
	askMost = iota
	askLeast
	askSecond
	askAll
)

func newOrdering(r *random.Source, steps, ask, style int) work {
	o := &ordering{order: random.Sample(r, names, steps+1), property: properties[style], ask: ask}
	for i := range steps {
		o.pairs = append(o.pairs, i)
		o.turned = append(o.turned, r.Below(2) == 0)
	}
	random.Shuffle(r, o.pairs)
	return o
}

// told implements work.
func (o *ordering) told() string { return strings.Join(o.sentences(), " ") }

// sentences are the comparisons.
func (o *ordering) sentences() []string {
	list := make([]string, len(o.pairs))
	for i, at := range o.pairs {
		more, less := o.order[at], o.order[at+1]
		if o.turned[i] {
			list[i] = fmt.Sprintf("%s is %s than %s.", less, o.property[1], more)
			continue
		}
		list[i] = fmt.Sprintf("%s is %s than %s.", more, o.property[0], less)
	}
	return list
}

// asked is the question behind the comparisons.
func (o *ordering) asked() string {
	most, least := o.property[2], o.property[3]
	return " " + [numAsks]string{
		"Who is the " + most + "?",
		"Who is the " + least + "?",
		"Who is second, counted from the " + most + "?",
		"Who is there, from the " + most + " to the " + least + "?",
		"Name the " + most + " one.",
		"Name the " + least + " one.",
		"Name the second, counted from the " + most + " one.",
		"Name all, from the " + most + " to the " + least + " one.",
	}[o.ask]
}

// solve implements work: each comparison with a sign, in both directions, and those that
// are left; then who is above the first one, above that one, and so on; then all from
// there. Who reads a comparison the wrong way round goes on from that.
//
// So behind a name and a sign stands who is next, wherever it was told; and lines that take
// what is left one by one end by themselves, however many there are.
func (o *ordering) solve(s *slip) (lines []string, answer string) {
	told := o.sentences()
	below, above := map[string]string{}, map[string]string{}
	for i, at := range o.pairs {
		more, less := o.order[at], o.order[at+1]
		if s.here() {
			more, less = less, more
		}
		below[more], above[less] = less, more
		told[i] = fmt.Sprintf("%s > %s, %s < %s.", more, less, less, more)
		lines = append(lines, strings.Join(told[i:], " "))
	}
	up := chain(o.order[o.pairs[0]], above)
	order := chain(up[len(up)-1], below)
	if s.here() { // the chain itself
		at := s.r.Below(len(order) - 1)
		order[at], order[at+1] = order[at+1], order[at]
	}
	lines = append(lines, "Up: "+strings.Join(up, " < "), "All: "+strings.Join(order, " > "))
	switch o.ask % 4 {
	case askMost:
		return lines, order[0]
	case askLeast:
		return lines, order[len(order)-1]
	case askSecond:
		return lines, order[1]
	}
	return lines, strings.Join(order, ", ")
}

// chain begins with a name and goes on with who is next, but to nobody twice.
func chain(name string, next map[string]string) []string {
	list := []string{name}
	for {
		more, ok := next[list[len(list)-1]]
		if !ok || slices.Contains(list, more) {
			return list
		}
		list = append(list, more)
	}
}
