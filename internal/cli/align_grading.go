package cli

import (
	"strings"

	"github.com/polymath-lm/polymath/align"
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
