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

// solve implements work: each comparison with the same sign, and those that are left,
// then the chain that begins with the first, one longer in each line. Who reads a
// comparison the wrong way round, or puts someone on the wrong side of a neighbor, goes on
// from there.
//
// Comparisons with one sign say behind a name who is next, wherever they stand; and lines
// that take what is left one by one end by themselves, however many there are.
func (o *ordering) solve(s *slip) (lines []string, answer string) {
	told, pairs := o.sentences(), make([][2]string, len(o.pairs))
	for i, at := range o.pairs {
		pairs[i] = [2]string{o.order[at], o.order[at+1]}
		if s.here() {
			slices.Reverse(pairs[i][:])
		}
		told[i] = pairs[i][0] + " > " + pairs[i][1] + "."
		lines = append(lines, strings.Join(told[i:], " "))
	}
	order, left := pairs[0][:], pairs[1:]
	for len(left) > 0 {
		order, left = grown(order, left, s.here())
		lines = append(lines, strings.Join(order, " > "))
	}
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

// grown puts one more into an order, next to whom it is compared with: behind the last
// if that is told, else before the first, else wherever a misread comparison wants it. It
// returns the comparisons that are left too.
func grown(order []string, pairs [][2]string, wrongSide bool) ([]string, [][2]string) {
	next := slices.IndexFunc(pairs, func(p [2]string) bool { return p[0] == order[len(order)-1] })
	if next < 0 {
		next = slices.IndexFunc(pairs, func(p [2]string) bool { return p[1] == order[0] })
	}
	if next < 0 {
		next = slices.IndexFunc(pairs, func(p [2]string) bool {
			return slices.Contains(order, p[0]) != slices.Contains(order, p[1])
		})
	}
	more, less := pairs[next][0], pairs[next][1]
	at, put := slices.Index(order, more), less
	behind := at >= 0
	if !behind {
		at, put = slices.Index(order, less), more
	}
	if behind != wrongSide {
		at++
	}
	return slices.Insert(slices.Clone(order), at, put), slices.Delete(slices.Clone(pairs), next, next+1)
}
