package eval

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// TestRenew: of a run that is over nothing is answered again, and what is made of its
// answers is made anew, for the tasks that are asked for now.
func TestRenew(t *testing.T) {
	sheets, dir := exam(3)[:2], t.TempDir()
	calls := make(chan string, 1000)
	run := func(sheets []Sheet, exams ...ExamResult) *Finished {
		f, err := Run(t.Context(), &fake{calls: calls}, sheets, Options{Dir: dir, Finish: func(f *Finished) error {
			f.Result.Exams = exams
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := run(sheets)
	before := len(calls)
	missing := Sheet{Task: &task.Task{Name: "missing", Method: task.MethodText}, Skip: "no data"}
	f := run([]Sheet{missing, sheets[1], sheets[0]}, ExamResult{Name: "finals"})
	saved, err := OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Result{f.Result, saved.Result} {
		if len(r.Exams) != 1 || len(r.Tasks) != 3 || r.Took != first.Result.Took {
			t.Fatalf("%d examinations, tasks %+v, in %v", len(r.Exams), r.Tasks, r.Took)
		}
		if r.Tasks[0].Skipped != "no data" || r.Tasks[1].Task != "contexts" || r.Tasks[1].NumItems != 3 || r.Tasks[2].NumItems != 3 {
			t.Errorf("tasks %+v", r.Tasks)
		}
	}
	if len(calls) != before || encode(t, saved) != encode(t, first) {
		t.Error("items were answered again")
	}
	if f = run(sheets); len(f.Result.Exams) != 0 || len(f.Result.Tasks) != 2 {
		t.Errorf("%d examinations, tasks %+v", len(f.Result.Exams), f.Result.Tasks)
	}
	path := filepath.Join(dir, resultsFile)
	written, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	run(sheets)
	if again, err := os.Stat(path); err != nil || !os.SameFile(written, again) {
		t.Errorf("results that are the same were written again, %v", err)
	}
}
