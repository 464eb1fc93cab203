package eval

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// graded makes records of one task: for each item its samples, r right, w wrong, a
// abstained, e an error; what is extracted is the letter.
func graded(name string, items ...string) []Record {
	var records []Record
	for i, samples := range items {
		for k, c := range samples {
			r := Record{Task: name, Item: fmt.Sprint(i), Number: i, Cluster: fmt.Sprint(i), Sample: k, PromptTokens: 3, CompletionTokens: 2}
			r.Verdict.Extracted = string(c)
			switch c {
			case 'r':
				r.Verdict.Right, r.Verdict.Score = true, 1
			case 'a':
				r.Verdict.Abstained, r.Verdict.Extracted = true, ""
			case 'e':
				r.Verdict, r.Error = task.Verdict{}, "out of order"
			}
			records = append(records, r)
		}
	}
	return records
}

func metricsOf(t *testing.T, r TaskResult, records []Record) map[string]float64 {
	t.Helper()
	result := &Result{Tasks: []TaskResult{r}}
	Summarize(result, records)
	values := map[string]float64{}
	for _, m := range result.Tasks[0].Metrics {
		values[m.Name] = m.Estimate.Value
	}
	if result.PromptTokens != int64(3*len(records)) || result.CompletionTokens != int64(2*len(records)) {
		t.Errorf("%d and %d tokens", result.PromptTokens, result.CompletionTokens)
	}
	values["items"], values["errors"] = float64(result.Tasks[0].NumItems), float64(result.Tasks[0].NumErrors)
	return values
}

func TestSummarize(t *testing.T) {
	for name, c := range map[string]struct {
		result  TaskResult
		records []Record
		want    map[string]float64
	}{
		"one sample": {
			TaskResult{Task: "t", Method: task.MethodGenerate, Grader: "exact"},
			graded("t", "r", "w", "e", "r"),
			map[string]float64{"accuracy": 0.5, "items": 4, "errors": 1},
		},
		"code": {
			TaskResult{Task: "t", Method: task.MethodGenerate, Grader: "code"},
			graded("t", "rw", "ww"),
			map[string]float64{"pass@1": 0.25, "pass@2": 0.5, "majority vote": 0.25, "items": 2, "errors": 0},
		},
		// Of rrw two of three pairs have a right one with certainty: all of them do.
		"votes": {
			TaskResult{Task: "t", Method: task.MethodGenerate, Grader: "numeric"},
			graded("t", "rrw", "wwr", "www"),
			map[string]float64{"accuracy": 1. / 3, "pass@2": (1 + 2./3) / 3, "pass@3": 2. / 3, "majority vote": 1. / 3, "items": 3, "errors": 0},
		},
		"abstention": {
			TaskResult{Task: "t", Method: task.MethodGenerate, Grader: "exact"},
			graded("t", "r", "a", "w", "a", "w"),
			map[string]float64{
				"accuracy": 0.2, "abstained": 0.4, "wrong": 0.4, "right less wrong": -0.2, "accuracy when answered": 1. / 3, "items": 5, "errors": 0,
			},
		},
	} {
		got := metricsOf(t, c.result, c.records)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", name, got)
		}
		for metric, want := range c.want {
			if v, ok := got[metric]; !ok || math.Abs(v-want) > 1e-12 {
				t.Errorf("%s: %s is %v, want %v", name, metric, v, want)
			}
		}
	}
}

// TestClusters: errors go by clusters, and by items where all are of one.
func TestClusters(t *testing.T) {
	records := graded("t", "r", "r", "w", "w", "r", "w")
	for i := range records {
		records[i].Cluster = fmt.Sprint(i / 2)
		records[i].Section = fmt.Sprint(i / 2)
	}
	result := &Result{Tasks: []TaskResult{{Task: "t", Method: task.MethodGenerate, Grader: "exact"}}}
	Summarize(result, records)
	r := result.Tasks[0]
	if e := r.Headline.Estimate; e.N != 6 || e.Clusters != 3 {
		t.Errorf("%+v", e)
	}
	if len(r.Sections) != 3 || r.Sections[0].Name != "0" || r.Sections[0].Estimate.Clusters != 2 || !r.Sections[0].Estimate.Available() {
		t.Errorf("%+v", r.Sections)
	}
}

// TestCompare: items are paired, what cannot be compared is named with what differs.
func TestCompare(t *testing.T) {
	run := func(name string, s Settings, tasks []TaskResult, records ...Record) *Finished {
		f := &Finished{Result: &Result{Subject: SubjectInfo{Name: name}, Settings: s, Tasks: tasks}, Records: records}
		Summarize(f.Result, records)
		return f
	}
	tasks := func(hash string) []TaskResult {
		return []TaskResult{{Task: "t", Method: task.MethodGenerate, Grader: "exact", TaskHash: hash, Samples: 1}}
	}
	a := run("a", Settings{}, tasks("1"), graded("t", "r", "w", "r", "w", "r")...)
	b := run("b", Settings{}, tasks("1"), graded("t", "r", "r", "w", "r", "e")...)
	c, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Tasks[0]
	if c.A != "a" || c.B != "b" || got.N != 5 || got.BothRight != 1 || got.OnlyA != 2 || got.OnlyB != 2 || got.BothWrong != 0 || got.A.Value != 0.6 || got.B.Value != 0.6 {
		t.Errorf("%+v", got)
	}
	if got.P != 1 || got.Holm != 1 || got.Test != "mcnemar" || got.Difference.Value != 0 || got.Detectable <= 0 {
		t.Errorf("%+v", got)
	}

	if got.Same {
		t.Error("other answers are the same")
	}
	for _, f := range []*Finished{a, b} {
		f.Result.Settings.Judge = "judge of " + f.Result.Subject.Name
	}
	if _, err := Compare(a, b); err != nil {
		t.Errorf("judges that nobody asked: %v", err)
	}
	a.Result.Tasks[0].Grader = "rubric"
	if _, err := Compare(a, b); err == nil || !strings.Contains(err.Error(), "differ in judge: judge of a and judge of b") {
		t.Errorf("other judges: %v", err)
	}
	a.Result.Tasks[0].Grader = "exact"
	if c, err = Compare(a, a); err != nil || !c.Tasks[0].Same {
		t.Errorf("a run is not the same as itself: %v", err)
	}

	// Items that either model has in its data are left out.
	seen := func(ids ...string) []TaskResult {
		of := tasks("1")
		of[0].Contamination = &Contamination{Items: 5, Checkable: 5, Dirty: len(ids), DirtyItems: ids}
		return of
	}
	a.Result.Tasks[0].Contamination = seen("0", "2")[0].Contamination
	b.Result.Tasks[0].Contamination = seen("2", "4")[0].Contamination
	if c, err = Compare(a, b); err != nil {
		t.Fatal(err)
	}
	if got = c.Tasks[0]; got.N != 2 || got.Found != 3 || got.OnlyB != 2 || got.Difference.Value != 1 {
		t.Errorf("%+v", got)
	}
	b.Result.Tasks[0].Contamination = seen("1", "2", "3", "4")[0].Contamination
	if _, err = Compare(a, b); err == nil || !strings.Contains(err.Error(), "all items were found") {
		t.Errorf("all items found: %v", err)
	}
	for want, other := range map[string]*Finished{
		"limit: 0 and 3":                   run("b", Settings{Limit: 3}, tasks("2"), graded("t", "r", "r", "w")...),
		"the task's file or data: 1 and 2": run("b", Settings{}, tasks("2"), graded("t", "r", "r", "w", "r", "e")...),
		"the other run does not have it":   run("b", Settings{}, nil),
		"no gpu":                           run("b", Settings{}, []TaskResult{{Task: "t", Skipped: "no gpu"}}),
	} {
		if _, err := Compare(a, other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// TestCompareTexts: bits per byte of two models over the same texts.
func TestCompareTexts(t *testing.T) {
	run := func(failed int, logprobs ...float64) *Finished {
		f := &Finished{Result: &Result{Tasks: []TaskResult{{Task: "t", Method: task.MethodText, TaskHash: "1"}}}}
		for i, p := range logprobs {
			f.Records = append(f.Records, Record{Task: "t", Item: fmt.Sprint(i), Number: i, Cluster: fmt.Sprint(i), Logprob: p, NumBytes: 10 * (i + 1), NumTokens: 5})
		}
		f.Records[failed].Error = "too long"
		Summarize(f.Result, f.Records)
		return f
	}
	c, err := Compare(run(0, -7, -20, -30, -41, -5), run(4, -3, -10, -16, -20, 0)) // each lacks one
	if err != nil {
		t.Fatal(err)
	}
	got := c.Tasks[0]
	if want := -(20 + 30 + 41 - 10 - 16 - 20) / math.Ln2 / 90; got.N != 3 || !got.Lower || got.Metric != metricBits || math.Abs(got.Difference.Value-want) > 1e-12 {
		t.Errorf("%+v, want %v", got, want)
	}
}
