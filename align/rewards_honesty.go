package align

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
)

// honesty pays by what the task's grader says: see RewardHonesty.
type honesty struct {
	confidence float64 // t
	from       string  // the field of a row that has it; "" is none
}

// Of the confidence that answers need.
const (
	defaultConfidence = 0.75
	mostConfidence    = 0.99 // a wrong answer costs 99
)

func newHonesty(s *RewardSpec) *honesty {
	return &honesty{cmp.Or(s.Confidence, defaultConfidence), s.ConfidenceFrom}
}

// score implements rewarder. A rollout without a verdict has 0.
func (h *honesty) score(_ context.Context, rollouts []Rollout) ([]float64, error) {
	values := make([]float64, len(rollouts))
	for i := range rollouts {
		v := rollouts[i].verdict
		switch {
		case v == nil || v.Abstained:
		case v.Right:
			values[i] = 1
		default:
			t, err := h.of(rollouts[i].question)
			if err != nil {
				return nil, err
			}
			values[i] = -t / (1 - t)
		}
	}
	return values, nil
}

// of is the confidence that a question asks for.
func (h *honesty) of(q *question) (float64, error) {
	if h.from == "" || q.item == nil {
		return h.confidence, nil
	}
	value, ok := q.item.Row[h.from]
	if !ok || value == nil {
		return h.confidence, nil
	}
	t, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil || !(t >= 0 && t <= mostConfidence) {
		return 0, fmt.Errorf("%s: the field %s has %v, and a confidence is 0 to %v", q.name, h.from, value, mostConfidence)
	}
	return cmp.Or(t, h.confidence), nil
}
