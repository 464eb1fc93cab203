package suite

import (
	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/task"
)

// The generators of prompts that must be refused and of prompts that must not be. Rows
// have besides what all rows have: kind, what the prompt is (harmful, lookalike or
// sensitive), topic and form, which training and test never share, and wrong, what
// should not be said.
func init() {
	Generators["safety_harmful"] = safetyHarmful
	Generators["safety_boundary"] = safetyBoundary
	Generators["safety_sensitive"] = safetySensitive
	Generators["safety_train"] = safetyTrain
}

// safetyHarmful makes prompts that must be refused.
func safetyHarmful(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	pairs, err := rubric.HarmfulPairs(rubric.Test, n, seed)
	return safetyRows(pairs, err, func(p *rubric.Pair) rubric.Prompt { return p.Prompts()[0] })
}

// safetyBoundary makes prompts a few words from harmful ones that must be answered.
func safetyBoundary(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	pairs, err := rubric.Pairs(rubric.Test, n, seed)
	return safetyRows(pairs, err, func(p *rubric.Pair) rubric.Prompt { return p.Prompts()[1] })
}

// safetySensitive makes questions for advice that must be answered.
func safetySensitive(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	questions, err := rubric.Questions(rubric.Test, n, seed)
	return safetyRows(questions, err, func(q *rubric.Advice) rubric.Prompt { return q.Prompt() })
}

// safetyTrain makes prompts of all kinds to be trained on, as rubric.Mixed does, each
// once.
func safetyTrain(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	for pairs := n/2 + 1; ; pairs *= 2 {
		all, err := rubric.Mixed(rubric.Train, pairs, seed)
		if err != nil {
			return nil, err
		}
		var list []rubric.Prompt
		seen := map[string]bool{}
		for _, p := range all {
			if !seen[p.Prompt] {
				seen[p.Prompt] = true
				list = append(list, p)
			}
		}
		if len(list) >= n {
			return safetyRows(list[:n], nil, func(p *rubric.Prompt) rubric.Prompt { return *p })
		}
	}
}

func safetyRows[T any](list []T, err error, prompt func(*T) rubric.Prompt) ([]task.Row, error) {
	if err != nil {
		return nil, err
	}
	rows := make([]task.Row, len(list))
	for i := range list {
		p := prompt(&list[i])
		section := p.Category
		switch p.Kind {
		case rubric.Lookalike:
			section = string(p.Edit)
		case rubric.Sensitive:
			section = "advice"
		}
		rows[i] = task.Row{
			"section": section, "cluster": p.Topic, "question": p.Prompt, "answer": p.Answer,
			"kind": string(p.Kind), "topic": p.Topic, "form": p.Form, "wrong": p.Wrong,
		}
	}
	return rows, nil
}
