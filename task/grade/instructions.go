package grade

import (
	"context"
	"strings"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/constraint"
)

// The names of the shares that the grader instructions counts besides the prompts of which
// all constraints are met strictly, which are right: those of which all are met loosely,
// and the constraints that are met in either reading (Zhou et al., arXiv:2311.07911).
const (
	PromptsLoose       = "prompts, loose"
	InstructionsStrict = "instructions, strict"
	InstructionsLoose  = "instructions, loose"
)

// instructions counts constraints that are met.
type instructions struct{ constraints *task.Template }

func newInstructions(o *task.Instructions) (task.Grader, error) {
	t, err := newTemplate("constraints", o.Constraints)
	return &instructions{t}, err
}

// Grade implements task.Grader. Constraints that cannot be read are an error.
func (g *instructions) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	text, err := g.constraints.Execute(item.Row)
	if err != nil {
		return task.Verdict{}, err
	}
	list, err := constraint.Parse([]byte(text))
	if err != nil {
		return task.Verdict{}, err
	}
	r, n := constraint.Judge(list, answer), len(list)
	v := task.Verdict{
		Score: float64(r.Strict) / float64(n), Right: r.Strict == n, Extracted: strings.TrimSpace(answer),
		Shares: []task.Share{
			{Name: PromptsLoose, Part: one(r.Loose == n), Whole: 1},
			{Name: InstructionsStrict, Part: r.Strict, Whole: n},
			{Name: InstructionsLoose, Part: r.Loose, Whole: n},
		},
	}
	var why []string
	for i, w := range r.Why {
		if w != "" {
			why = append(why, string(list[i].Kind)+": "+w)
		}
	}
	v.Why = strings.Join(why, "; ")
	return v, nil
}
