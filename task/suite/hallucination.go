package suite

import (
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/world"
)

// The generators of questions on made-up worlds, of texts and of what was read before,
// for examinations and, of other names and forms, to be rewarded for; see package world.
// Rows have besides what all rows have those of world.Question.Row. A section is what is
// asked, and in the open domain how often it was told; a cluster is whom it is about.
func init() {
	for name, o := range map[string]world.Options{
		"hallucination_closed":       {Domains: []world.Domain{world.Closed}, Split: world.Test},
		"hallucination_open":         {Domains: []world.Domain{world.Open}, Split: world.Test},
		"hallucination_closed_train": {Domains: []world.Domain{world.Closed}, Split: world.Rollout},
		"hallucination_open_train":   {Domains: []world.Domain{world.Open}, Split: world.Rollout},
	} {
		Generators[name] = func(n int, seed uint64) ([]task.Row, error) { return worldRows(o, n, seed) }
	}
}

func worldRows(o world.Options, n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	o.Number, o.Seed = n, seed
	o.World, o.Size = world.DefaultWorld, world.DefaultSize
	rows := make([]task.Row, 0, n)
	err := o.Each(func(q *world.Question) error {
		row := task.Row(q.Row())
		section := string(q.Shape)
		if q.Domain == world.Open && q.Shape == world.OneFact {
			section = "told " + string(q.Tier)
		}
		unsupported := make([]any, len(q.Unsupported))
		for i, text := range q.Unsupported {
			unsupported[i] = text
		}
		row["section"], row["cluster"], row["question"], row["unsupported"] = section, q.Subject, q.Prompt, unsupported
		rows = append(rows, row)
		return nil
	})
	return rows, err
}
