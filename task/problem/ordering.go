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
func (o *ordering) told() string {
	var sentences []string
	for _, c := range o.comparisons() {
		sentences = append(sentences, c.told)
	}
	return strings.Join(sentences, " ")
}

// compared is a comparison, and how it is told.
type compared struct{ more, less, told string }

func (o *ordering) comparisons() []compared {
	list := make([]compared, len(o.pairs))
	for i, at := range o.pairs {
		more, less := o.order[at], o.order[at+1]
		list[i] = compared{more, less, fmt.Sprintf("%s is %s than %s.", more, o.property[0], less)}
		if o.turned[i] {
			list[i].told = fmt.Sprintf("%s is %s than %s.", less, o.property[1], more)
		}
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

// solve implements work: the first comparison as a chain of two, which one more joins in
// each line, and the comparisons that are left. Who reads the first the wrong way round,
// or puts someone on the wrong side of a neighbor, goes on from there.
func (o *ordering) solve(s *slip) (lines []string, answer string) {
	left := o.comparisons()
	order := []string{left[0].more, left[0].less}
	if s.here() {
		slices.Reverse(order)
	}
	for left = left[1:]; ; {
		line := strings.Join(order, " > ") + "."
		for _, c := range left {
			line += " " + c.told
		}
		lines = append(lines, line)
		if len(left) == 0 {
			break
		}
		order, left = grown(order, left, s.here())
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

// grown puts one more into an order, next to whom it is compared with: the neighbor of
// the last, else of the first, else of whoever is left. It returns the comparisons that
// are left too.
func grown(order []string, left []compared, wrongSide bool) ([]string, []compared) {
	with := func(name string) int {
		return slices.IndexFunc(left, func(c compared) bool { return c.more == name || c.less == name })
	}
	next := with(order[len(order)-1])
	if next < 0 {
		next = with(order[0])
	}
	if next < 0 {
		next = slices.IndexFunc(left, func(c compared) bool {
			return slices.Contains(order, c.more) != slices.Contains(order, c.less)
		})
	}
	c := left[next]
	at, put := slices.Index(order, c.more), c.less
	behind := at >= 0
	if !behind {
		at, put = slices.Index(order, c.less), c.more
	}
	if behind != wrongSide {
		at++
	}
	return slices.Insert(slices.Clone(order), at, put), slices.Delete(slices.Clone(left), next, next+1)
}
