package suite

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

// Generators make the rows of tasks that need no data. Each gives the same rows
// for the same number and seed, and the first rows of a longer list are those of a
// shorter one. Rows have the fields section, cluster, question, answer and, where
// there are choices, choices and gold; some have more, see drawn, problems and instructions.
var Generators = map[string]task.Generator{
	"arithmetic": arithmetic,
	"logic":      logic,
	"go_stdlib":  goStdlib,
	"go_cloze":   goCloze,
	"problems":   problems,

	"instructions": instructions,
}

// maxRows bounds what a generator makes.
const maxRows = 1_000_000

func checkNumber(n int) error {
	if n < 1 || n > maxRows {
		return fmt.Errorf("%d rows: a generator makes from 1 to %d", n, maxRows)
	}
	return nil
}

// question is what generators make rows of.
type question struct {
	section, cluster string
	text             string
	choices          []string // the first is right; none: a free answer
	answer           string   // default: the first choice
	more             task.Row // further fields
}

// row shuffles the choices.
func (q question) row(r *random.Source) task.Row {
	row := task.Row{"section": q.section, "cluster": q.cluster, "question": q.text, "answer": q.answer}
	for name, value := range q.more {
		row[name] = value
	}
	if len(q.choices) == 0 {
		return row
	}
	if q.answer == "" {
		row["answer"] = q.choices[0]
	}
	order := make([]int, len(q.choices))
	for i := range order {
		order[i] = i
	}
	random.Shuffle(r, order)
	choices := make([]any, len(order))
	for place, i := range order {
		choices[place] = q.choices[i]
		if i == 0 {
			row["gold"] = float64(place)
		}
	}
	row["choices"] = choices
	return row
}
