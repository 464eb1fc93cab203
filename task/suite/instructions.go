package suite

import (
	"encoding/json"
	"fmt"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/constraint"
)

// instructions makes requests with constraints that a program checks, of both splits in
// turn; a task takes those of its split, see package task/constraint. A section is the
// number of constraints, a cluster their combination of kinds. Rows have besides what all
// rows have constraints, kinds, topic and split; answer is one that meets all.
func instructions(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	rows := make([]task.Row, 0, n)
	err := constraint.Options{Number: n, Seed: seed}.Each(constraint.Splits, func(it *constraint.Item) error {
		text, err := json.Marshal(it.Constraints)
		if err != nil {
			return err
		}
		var list []any
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		section := "1 constraint"
		if len(list) > 1 {
			section = fmt.Sprintf("%d constraints", len(list))
		}
		rows = append(rows, task.Row{
			"section": section, "cluster": it.Combination(), "question": it.Prompt, "answer": it.Answer,
			"constraints": list, "kinds": it.Combination(), "topic": it.Topic, "split": string(it.Split()),
		})
		return nil
	})
	return rows, err
}
