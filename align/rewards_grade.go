package align

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/task"
)

// gradeAll has the graders judge all answers that have one. Code runs, and judges are
// asked, several at a time.
func gradeAll(ctx context.Context, rollouts []Rollout) error {
	return several(ctx, par.Threads(), len(rollouts), func(ctx context.Context, i int) error {
		r := &rollouts[i]
		if r.question.grader == nil || r.verdict != nil {
			return nil
		}
		verdict, err := r.question.grader.Grade(ctx, r.question.item, r.Text)
		if err != nil {
			return fmt.Errorf("%s: grader: %w", r.question.name, err)
		}
		r.verdict = &verdict
		return nil
	})
}

// several calls do for 0 to n-1, at most so many at a time, until one has an error or
// ctx ends.
func several(ctx context.Context, atOnce, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	room := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i := 0; i < n && ctx.Err() == nil; i++ {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// share is what graders counted under one name.
type share struct {
	name          string
	of            []int // answers that have it
	parts, wholes []float64
}

// shares are what the graders of tasks, and rewards that grade, counted, by the names
// of the measures: the sum of an answer's parts, of those that have any.
func (j *judged) shares() []share {
	var list []share
	for i := range j.rollouts {
		r := &j.rollouts[i]
		counted := r.shares
		if r.verdict != nil {
			counted = slices.Concat(r.verdict.Shares, counted)
		}
		for _, c := range counted {
			if c.Whole > 0 {
				list = addShare(list, c, i)
			}
		}
	}
	return list
}

func addShare(list []share, c task.Share, i int) []share {
	name := shareMeasure + strings.ReplaceAll(c.Name, " ", "_")
	at := slices.IndexFunc(list, func(s share) bool { return s.name == name })
	if at < 0 {
		at, list = len(list), append(list, share{name: name})
	}
	s := &list[at]
	s.of = append(s.of, i)
	s.parts, s.wholes = append(s.parts, float64(c.Part)), append(s.wholes, float64(c.Whole))
	return list
}
