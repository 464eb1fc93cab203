package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/plan/scaling"
	"github.com/polymath-lm/polymath/task"
)

// TestReadExamAnswers: what has no verdict is no answer: an error, and an item that did
// not fit the window. Of an item with some verdicts those count.
func TestReadExamAnswers(t *testing.T) {
	right := task.Verdict{Right: true, Score: 1}
	f := eval.Finished{Dir: t.TempDir(), Result: &eval.Result{}, Records: []eval.Record{
		{Task: "exam", Item: "a", Number: 0, Verdict: right},
		{Task: "exam", Item: "a", Number: 0, Sample: 1},
		{Task: "exam", Item: "a", Number: 0, Sample: 2, Error: "out of order"},
		{Task: "exam", Item: "b", Number: 1},
		{Task: "exam", Item: "c", Number: 2, Unfit: &eval.Unfit{}},
		{Task: "exam", Item: "d", Number: 3, Error: "out of order"},
		{Task: "other", Item: "e", Number: 4, Verdict: right},
		{Task: "unfit", Item: "f", Number: 5, Unfit: &eval.Unfit{}},
	}}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	answers, err := readExamAnswers(f.Dir, "exam", 1e15)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]scaling.Tally{"a": {Right: 1, All: 2}, "b": {Right: 0, All: 1}}
	if diff := cmp.Diff(&scaling.Answers{FLOPs: 1e15, Items: want}, answers); diff != "" {
		t.Error(diff)
	}
	if answers, err := readExamAnswers(f.Dir, "unfit", 1e15); err == nil {
		t.Errorf("no item was put, and the answers are %+v", answers)
	}
}
