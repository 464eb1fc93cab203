package align

import (
	"context"
	"regexp"
	"unicode/utf8"
)

// graded is the score that the task's grader gave, 0 to 1.
type graded struct{}

func (graded) score(_ context.Context, rollouts []Rollout) ([]float64, error) {
	return each(rollouts, func(r *Rollout) float64 {
		if r.verdict == nil {
			return 0
		}
		return r.verdict.Score
	}), nil
}

// form is 1 for an answer that has the form that is asked for, and 0 for others.
type form struct {
	pattern  *regexp.Regexp // nil: none; else it must match somewhere
	ended    bool           // the policy must have ended the answer itself
	min, max int            // characters; max 0 is no bound
}

func newForm(s *RewardSpec) *form {
	f := &form{ended: s.Ended, min: s.MinCharacters, max: s.MaxCharacters}
	if s.Pattern != "" {
		f.pattern = regexp.MustCompile(s.Pattern) // the recipe was checked
	}
	return f
}

func (f *form) score(_ context.Context, rollouts []Rollout) ([]float64, error) {
	return each(rollouts, func(r *Rollout) float64 {
		n := utf8.RuneCountInString(r.Text)
		switch {
		case f.ended && !r.ended(), n < f.min, f.max > 0 && n > f.max:
			return 0
		case f.pattern != nil && !f.pattern.MatchString(r.Text):
			return 0
		}
		return 1
	}), nil
}

// shortness is 0 for answers of up to from tokens, and falls in a line to -1 at to
// (soft overlong punishment: Yu et al., DAPO, arXiv:2503.14476, 3.4).
type shortness struct{ from, to int }

func (s *shortness) score(_ context.Context, rollouts []Rollout) ([]float64, error) {
	return each(rollouts, func(r *Rollout) float64 {
		over := float64(len(r.Answer)-s.from) / float64(s.to-s.from)
		return -min(max(over, 0), 1)
	}), nil
}

func each(rollouts []Rollout, value func(*Rollout) float64) []float64 {
	values := make([]float64, len(rollouts))
	for i := range rollouts {
		values[i] = value(&rollouts[i])
	}
	return values
}
