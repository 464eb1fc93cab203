package cli

import (
	"fmt"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/plan/scaling"
	"github.com/polymath-lm/polymath/train"
)

// foretellExam fits the pass rates of the runs' examinations.
func (a *app) foretellExam(o predictFlags, dirs []string, flops float64) (*scaling.Capability, error) {
	if len(o.exams) != len(dirs) {
		return nil, usagef("--exams names %d examinations and there are %d runs: give one for each, in their order", len(o.exams), len(dirs))
	}
	task := o.task
	if task == "" {
		f, err := eval.OpenRun(o.exams[0])
		if err != nil {
			return nil, err
		}
		if len(f.Result.Tasks) != 1 {
			return nil, usagef("%s has %d tasks: choose one by --task", o.exams[0], len(f.Result.Tasks))
		}
		task = f.Result.Tasks[0].Task
	}
	var runs []scaling.Answers
	for i, dir := range dirs {
		f, err := train.ReadFinished(dir)
		if err != nil {
			return nil, err
		}
		run, err := runOf(f)
		if err != nil {
			return nil, err
		}
		answers, err := readExamAnswers(o.exams[i], task, run.FLOPs)
		if err != nil {
			return nil, err
		}
		runs = append(runs, *answers)
	}
	return scaling.FitCapability(task, runs, flops)
}

// readExamAnswers reads what a run answered to the items of a task. An answer without a
// verdict counts as none, and so does an item that did not fit the window.
func readExamAnswers(dir, task string, flops float64) (*scaling.Answers, error) {
	f, err := eval.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	answers := &scaling.Answers{FLOPs: flops, Items: map[string]scaling.Tally{}}
	for i := range f.Records {
		r := &f.Records[i]
		if r.Task != task || r.Error != "" || r.Unfit != nil {
			continue
		}
		t := answers.Items[r.Item]
		if t.All++; r.Verdict.Right {
			t.Right++
		}
		answers.Items[r.Item] = t
	}
	if len(answers.Items) == 0 {
		return nil, fmt.Errorf("%s has no answers to %s", dir, task)
	}
	return answers, nil
}
