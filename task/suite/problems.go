package suite

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/long"
	"github.com/polymath-lm/polymath/task/problem"
)

// Apart reports whether a generator keeps its test apart from what there is to train
// on by form and length, by what is combined, or by names. It puts few words together, so that
// questions of the test hold stretches of others that are asked otherwise; what stands between
// the statements of long texts is the same few sentences everywhere, but for those on books.
func Apart(generator string) bool {
	return generator == "problems" || generator == "instructions" || strings.HasPrefix(generator, "hallucination_") ||
		strings.HasPrefix(generator, "long_") && generator != longName(long.Books)
}

// problems makes problems that take several steps, of all kinds and splits in turn;
// a task takes those of its split, see package problem. A section is a kind with its
// number of steps, a cluster a form. Besides the fields of all
// rows they have others, the spellings that are as right, solution, kind, steps, form
// and split.
func problems(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	rows := make([]task.Row, 0, n)
	err := problem.Options{Number: n, Seed: seed}.Each(problem.Splits, func(p *problem.Problem) error {
		others := make([]any, len(p.Others))
		for i, o := range p.Others {
			others[i] = o
		}
		rows = append(rows, task.Row{
			"section": fmt.Sprintf("%s, %d steps", p.Kind, p.Steps), "cluster": fmt.Sprintf("%s/%d", p.Kind, p.Form),
			"question": p.Question, "answer": p.Answer, "others": others, "solution": p.Solution,
			"kind": string(p.Kind), "steps": p.Steps, "form": p.Form, "split": string(p.Split()),
		})
		return nil
	})
	return rows, err
}
