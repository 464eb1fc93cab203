// Package problem makes problems that take several steps, with the exact answer and
// a solution step by step: sums, Boolean expressions, orders, brackets, and what goes
// round, such as weekdays. Everything is a function of a seed.
//
// How a problem is put and how long it is decide whether training may see it: forms
// and lengths of the test are others than those of training, see Split.
package problem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Kind is what a problem is about.
type Kind string

// The kinds. What a step is: an operation, of which each of three Boolean expressions
// has so many; a comparison, of one more things; a pair of brackets at most; a move.
const (
	Arithmetic Kind = "arithmetic" // + - * of whole numbers, as an expression or told
	Boolean    Kind = "boolean"    // and, or, not
	Ordering   Kind = "ordering"   // who is tallest, from comparisons in pairs
	Brackets   Kind = "brackets"   // which close what is open, or where it goes wrong
	Cycle      Kind = "cycle"      // weekdays, months, hours and directions
)

// Kinds are all kinds.
var Kinds = []Kind{Arithmetic, Boolean, Ordering, Brackets, Cycle}

// MostSteps bounds the steps of a problem.
const MostSteps = 8

// System is the system message with which the problems are put, in training and in
// examinations.
const System = `Think step by step. End with "Answer:" and the answer.`

// Problem is one problem. It does not change after New, and goroutines may share it.
type Problem struct {
	Kind Kind
	// Steps is how many steps it takes, from 1 to MostSteps; see Kind.
	Steps int
	// Form is how it is put, from 0 to Forms-1: the way of asking and the style of
	// what is told. The question shows it.
	Form     int
	Question string
	// Answer is the answer, and Others are spellings of it that are as right.
	Answer string
	Others []string
	// Solution is what leads to the answer, mostly a line for a step, and as its last line
	// "Answer: " and the answer.
	Solution string

	work work
}

// work is what a problem is about, below its words.
type work interface {
	// told is the problem in a style, a sentence or several.
	told() string
	// solve returns the lines of the solution, without the answer, and the answer. A
	// slip, if not nil, falsifies one step, and the rest follows from that.
	solve(s *slip) (lines []string, answer string)
}

// slip falsifies the outcome of the step with a number, from 0.
type slip struct {
	at int
	r  *random.Source // chooses how
}

// here counts a step and reports whether it is the one to falsify.
func (s *slip) here() bool {
	if s == nil {
		return false
	}
	s.at--
	return s.at == -1
}

// New makes a problem; the same arguments give the same one. Errors name what is not
// possible.
func New(kind Kind, steps, form int, seed, index uint64) (*Problem, error) {
	if steps < 1 || steps > MostSteps {
		return nil, fmt.Errorf("%d steps: a problem has from 1 to %d", steps, MostSteps)
	}
	if form < 0 || form >= Forms {
		return nil, fmt.Errorf("form %d: forms are 0 to %d", form, Forms-1)
	}
	if makers[kind] == nil {
		return nil, fmt.Errorf("no kind of problem is called %q: %s", kind, kindList())
	}
	return newProblem(kind, steps, form, random.At(seed, index)), nil
}

// makers make what a problem of a kind is about.
var makers = map[Kind]func(r *random.Source, steps, ask, style int) work{
	Arithmetic: newArithmetic, Boolean: newBoolean, Ordering: newOrdering, Brackets: newBrackets, Cycle: newCycle,
}

func newProblem(kind Kind, steps, form int, r *random.Source) *Problem {
	ask, style := form%numAsks, form/numAsks
	p := &Problem{Kind: kind, Steps: steps, Form: form, work: makers[kind](r, steps, ask, style)}
	words := asks[kind][ask]
	if o, ok := p.work.(*ordering); ok {
		words.after = o.asked()
	}
	p.Question = words.before + p.work.told() + words.after
	lines, answer := p.work.solve(nil)
	p.Answer, p.Solution = answer, written(lines, answer)
	if b, ok := p.work.(*brackets); ok {
		p.Others = b.others(answer)
	}
	return p
}

func written(lines []string, answer string) string {
	return strings.Join(append(slices.Clip(lines), "Answer: "+answer), "\n")
}

// Wrong returns a solution in which one step is wrong, and with it the answer. The
// same arguments give the same one.
func (p *Problem) Wrong(seed, index uint64) string {
	r := random.At(seed, index)
	lines, _ := p.work.solve(nil)
	for try := 0; ; try++ {
		at := r.Below(len(lines))
		if try >= 100 {
			at = try % len(lines) // where few steps bear on the answer
		}
		wrong, answer := p.work.solve(&slip{at: at, r: r})
		if answer != p.Answer {
			return written(wrong, answer)
		}
	}
}

func kindList() string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
