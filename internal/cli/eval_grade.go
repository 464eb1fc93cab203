package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/eval/report"
	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// graders are what some tasks need to be graded.
type graders struct {
	options   grade.Options
	why       error // there is no sandbox
	judgeName string
	judge     *openedSubject
}

func (g *graders) close() {
	if g.judge != nil {
		g.judge.close()
	}
}

// grader makes the grader of a task. Code is not run without a sandbox.
func (g *graders) grader(t *task.Task) (task.Grader, error) {
	if t.Grader.Name() == "code" && g.options.Sandbox == nil {
		return nil, fmt.Errorf("code is not run without a sandbox: %w; see 'polymath eval sandbox'", g.why)
	}
	return grade.New(t, g.options)
}

// openGraders gets ready what the tasks need: a sandbox for code, a judge for rubrics.
func (a *app) openGraders(ctx context.Context, sheets []eval.Sheet, o *evalFlags) (*graders, error) {
	g := &graders{}
	needs := map[string]bool{}
	for i := range sheets {
		if sheets[i].Skip == "" {
			needs[sheets[i].Task.Grader.Name()] = true
		}
	}
	if needs["code"] {
		s, err := sandbox.New(sandbox.Options{})
		if err != nil {
			g.why = err
		} else {
			g.options.Sandbox = s
		}
	}
	if o.judge == "" || o.dryRun {
		return g, nil
	}
	return g, a.openJudge(ctx, g, o)
}

// writeEvalReport writes the page, and the same in Markdown beside it.
func writeEvalReport(path string, f, other *eval.Finished, c *eval.Comparison) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return report.Write(path, &report.Data{Run: f, Other: other, Comparison: c})
}

// complete adds to a result what is computed from it: examinations, contamination.
func (a *app) complete(ctx context.Context, f *eval.Finished, sheets []eval.Sheet, s *openedSubject, o *evalFlags) error {
	if err := a.checkContamination(ctx, f, sheets, s, o); err != nil {
		return err
	}
	f.Result.Exams = exam.Results(o.exams, f.Result)
	if hasRelative(o.suite) {
		here, err := os.Getwd()
		if err != nil {
			return err
		}
		f.Result.Directory = here
	}
	return nil
}
