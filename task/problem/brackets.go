package problem

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// brackets are brackets of several types, some of which may be left open, or all of
// which are closed but one perhaps wrongly.
type brackets struct {
	signs []bracket
	style int
	check bool // asks where it goes wrong
}

// bracket opens or closes; type is its place in the style's alphabet.
type bracket struct {
	kind  int
	opens bool
}

const numTypes = 3

// alphabets are opening and closing brackets. No two share one, so that a question
// tells its style.
var alphabets = [numStyles][numTypes][2]string{
	{{"(", ")"}, {"[", "]"}, {"{", "}"}},
	{{"<", ">"}, {"/*", "*/"}, {"{{", "}}"}},
	{{"<a>", "</a>"}, {"<b>", "</b>"}, {"<i>", "</i>"}},
	{{"if", "fi"}, {"do", "od"}, {"case", "esac"}},
}

const (
	balanced = "balanced"
	// mostOpen is how many are open at the end at most.
	mostOpen = 4
	// One in rightOf of those that may be wrong is not.
	rightOf = 6
)

func newBrackets(r *random.Source, steps, ask, style int) work {
	b := &brackets{style: style, check: ask >= numAsks/2}
	length, open := 2*steps, 0
	if !b.check {
		length -= r.Below(2)
		open = length%2 + 2*r.Below((min(length, mostOpen)-length%2)/2+1)
		if open == 0 {
			open = 2
		}
	}
	b.signs = walk(r, (length+open)/2, (length-open)/2)
	if b.check && r.Below(rightOf) > 0 {
		b.spoil(r)
	}
	return b
}

// walk makes so many opening brackets and closing ones that fit.
func walk(r *random.Source, opening, closing int) (signs []bracket) {
	var open []int
	for opening+closing > 0 {
		if len(open) == 0 || r.Below(opening+closing) < opening {
			kind := r.Below(numTypes)
			signs, open, opening = append(signs, bracket{kind, true}), append(open, kind), opening-1
			continue
		}
		last := len(open) - 1
		signs, open, closing = append(signs, bracket{open[last], false}), open[:last], closing-1
	}
	return signs
}

// spoil puts the wrong one for a closing bracket.
func (b *brackets) spoil(r *random.Source) {
	var closing []int
	for i, s := range b.signs {
		if !s.opens {
			closing = append(closing, i)
		}
	}
	at := random.Pick(r, closing)
	b.signs[at].kind = r.Other(numTypes, b.signs[at].kind)
}

func (b *brackets) text(s bracket) string {
	side := 1
	if s.opens {
		side = 0
	}
	return alphabets[b.style][s.kind][side]
}

// told implements work.
func (b *brackets) told() string { return "The brackets are" + b.from(0) }

// from writes the brackets from one on.
func (b *brackets) from(first int) string {
	var text strings.Builder
	for _, s := range b.signs[first:] {
		text.WriteString(" " + b.text(s))
	}
	return text.String() + " ."
}

// solve implements work: a line for each bracket, with what is open behind it and what
// is left, and with its number where that is asked for.
func (b *brackets) solve(s *slip) (lines []string, answer string) {
	var open []int
	for i, sign := range b.signs {
		line := b.text(sign) + " leaves"
		if b.check {
			line = fmt.Sprintf("%d %s", i+1, line)
		}
		slips := s.here()
		switch {
		case sign.opens:
			kind := sign.kind
			if slips {
				kind = s.r.Other(numTypes, kind)
			}
			open = append(open, kind)
		case b.check:
			if fits := open[len(open)-1] == sign.kind; fits == slips {
				return append(lines, fmt.Sprintf("%d %s is wrong", i+1, b.text(sign))), strconv.Itoa(i + 1)
			}
			open = open[:len(open)-1]
		case !slips: // who slips forgets to take it off
			open = open[:len(open)-1]
		}
		if line += b.list(open); i+1 < len(b.signs) {
			line += " then" + b.from(i+1)
		}
		lines = append(lines, line)
	}
	if b.check {
		return lines, balanced
	}
	var closing []string
	for i := len(open) - 1; i >= 0; i-- {
		closing = append(closing, b.text(bracket{kind: open[i]}))
	}
	return lines, strings.Join(closing, " ")
}

// list writes what is open.
func (b *brackets) list(open []int) string {
	if len(open) == 0 {
		return " nothing"
	}
	var text strings.Builder
	for _, kind := range open {
		text.WriteString(" " + b.text(bracket{kind, true}))
	}
	return text.String()
}

// others is an answer without its spaces, if it has some.
func (b *brackets) others(answer string) []string {
	if joined := strings.ReplaceAll(answer, " ", ""); joined != answer && b.style < numStyles-1 {
		return []string{joined}
	}
	return nil
}
