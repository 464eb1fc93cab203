package eval

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/task"
)

// TestSameIDs: tasks whose items have the same IDs, such as numbers, are compared
// each by itself.
func TestSameIDs(t *testing.T) {
	sheets := exam(1)
	for i := range sheets {
		sheets[i].Items[0].ID = "0"
	}
	f, err := Run(t.Context(), &fake{}, sheets, Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compare(f, f)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range c.Tasks {
		if line.Skipped != "" || line.N != 1 || f.Result.Tasks[i].NumItems != 1 {
			t.Errorf("%s: %d items, %s", line.Task, line.N, line.Skipped)
		}
	}
}

// TestShuffled: whatever order items come in, how many are worked on at once, and
// where the run is cut off and goes on, the records and the results are the same; and
// items have the same records in a run of fewer.
func TestShuffled(t *testing.T) {
	whole, err := Run(t.Context(), &fake{}, exam(9), Options{Grader: graders, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	for seed, parallel := range []int{1, 8, 64} {
		dir := t.TempDir()
		o := Options{Grader: graders, Parallel: parallel, Dir: dir}
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		o.arrange = func(units []unit) {
			random.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		}
		for cut := 5; ; cut += 40 {
			ctx, cancel := context.WithCancel(t.Context())
			left := cut
			o.Progress = func(Progress) {
				if left--; left == 0 {
					cancel()
				}
			}
			f, err := Run(ctx, &fake{}, exam(9), o)
			cancel()
			if err != nil {
				continue
			}
			if diff := cmp.Diff(whole.Records, f.Records); diff != "" {
				t.Errorf("%d at once: %s", parallel, diff)
			}
			if diff := cmp.Diff(whole.Result.Tasks, f.Result.Tasks); diff != "" {
				t.Errorf("%d at once: %s", parallel, diff)
			}
			break
		}
	}
	fewer := exam(9)
	for i := range fewer {
		fewer[i].Items = fewer[i].Items[3:7]
	}
	part, err := Run(t.Context(), &fake{}, fewer, Options{Grader: graders, Parallel: 8})
	if err != nil {
		t.Fatal(err)
	}
	records := map[place]Record{}
	for _, r := range whole.Records {
		if r.Sample == 0 {
			records[place{r.Task, r.Item}] = r
		}
	}
	for _, r := range part.Records {
		if diff := cmp.Diff(records[place{r.Task, r.Item}], r); r.Sample == 0 && diff != "" {
			t.Errorf("among fewer: %s", diff)
		}
	}
}

// level finds all texts equally probable.
type level struct{ *fake }

func (level) Score(context.Context, string, string) (Score, error) { return Score{Logprob: -1}, nil }

// TestLevel: a model that prefers nothing has chosen nothing, wherever the answer is.
func TestLevel(t *testing.T) {
	f, err := Run(t.Context(), level{&fake{}}, exam(6), Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Records {
		right := r.Verdict.Right || r.Scores[task.NormNone] != 0
		if r.Task == "choice" { // by bytes, of which the choices have not as many
			right = r.Scores[task.NormNone] != 0
		}
		if m := r.Task; right && (m == "choice" || m == "contexts" || m == "pair" || m == "explain") {
			t.Errorf("%s %s: %+v", r.Task, r.Item, r.Verdict)
		}
	}
}

// TestAnswered: that all answers were right says little where there are few.
func TestAnswered(t *testing.T) {
	r := &Result{Tasks: []TaskResult{{Task: "t", Method: task.MethodGenerate}}}
	Summarize(r, graded("t", "r", "r", "r", "a", "a"))
	for _, m := range r.Tasks[0].Metrics {
		if m.Name == "accuracy when answered" {
			if e := m.Estimate; e.Value != 1 || e.N != 3 || e.High != 1 || e.Low > 0.5 || e.Low < 0.4 { // Wilson: 0.4385
				t.Errorf("%+v", e)
			}
			return
		}
	}
	t.Error("not there")
}
