package align

import (
	"context"
	"fmt"
	"sync"

	"github.com/polymath-lm/polymath/internal/par"
)

// A rewarder says how good answers are.
type rewarder interface {
	// score returns a number for each rollout. It hangs on that rollout alone.
	score(ctx context.Context, rollouts []Rollout) ([]float64, error)
}

// reward is one of a recipe's rewards.
type reward struct {
	rewarder
	name   string
	weight float64 // 0: it is recorded and no more
}

// rewards are all of them.
type rewards []reward

// score returns each rollout's sum of the rewards by their weights, and records the
// mean of each reward, and of the sum.
func (list rewards) score(ctx context.Context, rollouts []Rollout, m map[string]float64) ([]float64, error) {
	total := make([]float64, len(rollouts))
	for _, r := range list {
		values, err := r.rewarder.score(ctx, rollouts)
		if err != nil {
			return nil, fmt.Errorf("reward %s: %w", r.name, err)
		}
		m["reward/"+r.name] = mean(values)
		for i, v := range values {
			if r.weight != 0 { // what is only recorded may be no number
				total[i] += float64(r.weight * v)
			}
		}
	}
	m["reward"] = mean(total)
	return total, nil
}

// gradeAll has the graders judge all answers that have one. Code runs, and judges are
// asked, several at a time.
func gradeAll(ctx context.Context, rollouts []Rollout) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	room := make(chan struct{}, par.Threads())
	var wait sync.WaitGroup
	for i := range rollouts {
		r := &rollouts[i]
		if r.question.grader == nil || r.verdict != nil || ctx.Err() != nil {
			continue
		}
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			verdict, err := r.question.grader.Grade(ctx, r.question.item, r.Text)
			if err != nil {
				cancel(fmt.Errorf("%s: grader: %w", r.question.name, err))
				return
			}
			r.verdict = &verdict
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// mean is 0 of nothing.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}
