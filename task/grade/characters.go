package grade

import (
	"context"
	"strings"

	"github.com/polymath-lm/polymath/task"
)

// CharacterErrors is the name of the share that the grader characters counts.
const CharacterErrors = "character error rate"

// characters counts wrong characters.
type characters struct {
	extract *extractor
	normal  task.Normal
}

func newCharacters(o *task.Characters) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &characters{x, o.Normal}, err
}

// maxCompared bounds the characters of an answer that are compared beyond those of the
// accepted one; the others are all wrong.
const maxCompared = 4096

// Grade implements task.Grader. An answer that is empty, or has no text where the task
// says, lacks every character.
func (g *characters) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	v := task.Verdict{}
	if e.ended != nil {
		v, e.text = *e.ended, ""
	}
	best := task.Share{}
	text := []rune(normalize(e.text, g.normal))
	for i, accepted := range item.Answers {
		gold := []rune(normalize(accepted, g.normal))
		one := task.Share{Name: CharacterErrors, Part: edits(text, gold), Whole: max(1, len(gold)), Lower: true}
		if i == 0 || one.Part*best.Whole < best.Part*one.Whole {
			best = one
		}
	}
	v.Shares = []task.Share{best}
	v.Extracted = strings.TrimSpace(e.text)
	v.Right = best.Part == 0 && !v.Abstained
	v.Score = max(0, 1-float64(best.Part)/float64(best.Whole))
	return v, nil
}

// edits is how many characters must be put in, left out or exchanged to make b of a.
func edits(a, b []rune) int {
	beyond := max(0, len(a)-len(b)-maxCompared)
	a = a[:len(a)-beyond]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		before := row[0]
		row[0] = i + 1
		for j, other := range b {
			cost := before
			if r != other {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)] + beyond
}
