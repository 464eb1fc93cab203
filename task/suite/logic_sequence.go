package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// sequenceKind is a kind of sequence: its first terms, and how it goes on.
type sequenceKind struct {
	name, rule string
	start      []int
	next       func(terms []int) int
}

// sequencePuzzle asks for the number that continues a sequence whose kind is
// named, so that the terms shown leave one way to go on.
func sequencePuzzle(r *random.Source) question {
	kind := random.Pick(r, sequenceKinds(r))
	terms := slices.Clone(kind.start)
	for len(terms) < 6 {
		terms = append(terms, kind.next(terms))
	}
	shown, right := terms[:5], terms[5]
	choices := []string{fmt.Sprint(right)}
	for len(choices) < 4 {
		wrong := right + r.Between(-12, 12)
		switch r.Below(4) {
		case 0: // the last step again
			wrong = 2*terms[4] - terms[3]
		case 1: // a step too many
			wrong = kind.next(terms)
		}
		if text := fmt.Sprint(wrong); !slices.Contains(choices, text) {
			choices = append(choices, text)
		}
	}
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(shown), " ", ", "), "[]")
	return question{
		cluster: kind.name,
		text:    fmt.Sprintf("%s What comes next: %s?", kind.rule, list),
		choices: choices,
	}
}

func sequenceKinds(r *random.Source) []sequenceKind {
	step, factor, plus := r.Between(2, 19), r.Between(2, 4), r.Between(1, 9)
	last := func(terms []int) int { return terms[len(terms)-1] }
	return []sequenceKind{
		{
			"plus", "Each number is the one before plus the same number.",
			[]int{r.Between(1, 99)},
			func(terms []int) int { return last(terms) + step },
		},
		{
			"minus", "Each number is the one before minus the same number.",
			[]int{r.Between(100, 200)},
			func(terms []int) int { return last(terms) - step },
		},
		{
			"times", "Each number is the one before times the same number.",
			[]int{r.Between(1, 20)},
			func(terms []int) int { return last(terms) * factor },
		},
		{
			"times and plus", fmt.Sprintf("Each number is the one before times %d, plus the same number.", factor),
			[]int{r.Between(1, 20)},
			func(terms []int) int { return last(terms)*factor + plus },
		},
		{
			"sum", "Each number is the sum of the two before it.",
			[]int{r.Between(1, 20), r.Between(1, 20)},
			func(terms []int) int { return last(terms) + terms[len(terms)-2] },
		},
		{
			"growing steps", "The step from one number to the next grows by the same amount each time.",
			[]int{plus, plus + step},
			func(terms []int) int { return 2*last(terms) - terms[len(terms)-2] + factor },
		},
	}
}
