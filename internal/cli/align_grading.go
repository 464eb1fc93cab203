package cli

import (
	"context"
	"strings"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/eval/judge"
	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
)

// gradingOf gets ready what graders of the recipe's tasks need: a sandbox where one
// runs code. What is wrong with the names of tasks is for the run to say, and so is
// that there is no sandbox.
func gradingOf(r *align.Recipe) grade.Options {
	var o grade.Options
	for _, names := range [][]string{r.Rollout.Tasks, r.Eval.Tasks} {
		if len(names) == 0 || o.Sandbox != nil {
			continue
		}
		tasks, err := suite.Find(strings.Join(names, ","))
		if err != nil {
			continue
		}
		for _, t := range tasks {
			if t.Grader == nil || t.Grader.Code == nil {
				continue
			}
			if s, err := sandbox.New(sandbox.Options{}); err == nil {
				o.Sandbox = s
			}
			break
		}
	}
	return o
}

// openRewardJudge reaches a model that judges answers for a reward. Addresses keep
// nothing open.
func (a *app) openRewardJudge(ctx context.Context, address, name string) (*align.Judge, error) {
	s, err := a.openSubject(ctx, address, &subjectFlags{model: name, chat: "auto", timeout: defaultTimeout})
	if err != nil {
		return nil, err
	}
	return &align.Judge{Ask: judge.Ask(s.subject), AtOnce: s.subject.Info().Parallel}, nil
}
