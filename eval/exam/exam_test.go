package exam

import (
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
)

// small is an examination with a table of whole points and one of percentiles.
const small = `exams:
  - name: small
    title: Small
    items: real
    sections:
      - {name: reading, task: reading, questions: 10, points: 10}
      - {name: writing, task: writing, questions: 5, points: 10}
    scale:
      source: us
      rows: [[0, 120], [5, 130], [10, 150], [19, 180]]
    percentile:
      source: us
      rows: [[120, 0], [130, 10.5], [150, 50, 60], [180, 99, 100]]
    source: them
    published:
      - {model: GPT-4, score: "175", share: 0.5, percentile: "~98th"}
`

func parse(t *testing.T, source string) []*Exam {
	t.Helper()
	exams, err := Parse("x.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return exams
}

// taskResult is the result of a task of so many items, with an interval of 0.1 to both
// sides.
func taskResult(name string, items int, share float64) eval.TaskResult {
	e := stat.Estimate{Value: share, StdErr: 0.05, Low: max(share-0.1, 0), High: min(share+0.1, 1), N: items, Clusters: items, Interval: "wilson"}
	m := eval.Metric{Name: "accuracy", Estimate: e}
	return eval.TaskResult{Task: name, NumItems: items, Headline: m, Metrics: []eval.Metric{m}}
}

func TestAll(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range All() {
		if seen[e.Name] {
			t.Errorf("two examinations are called %s", e.Name)
		}
		seen[e.Name] = true
		for _, section := range e.Sections {
			last := math.Inf(-1)
			for i := range 1001 {
				if section.Scale == nil {
					break
				}
				down := section.Scale.scaled(float64(i)/1000, section.Points, math.Floor)
				if down < last {
					t.Fatalf("%s: %s gives %v after %v", e.Name, section.Name, down, last)
				}
				last = down
			}
		}
		if e.Scale == nil {
			continue
		}
		// One more point never gives less, and a range of points contains its parts.
		points, last := e.points(), math.Inf(-1)
		for i := range 1001 {
			share := float64(i) / 1000
			down, up := e.Scale.scaled(share, points, math.Floor), e.Scale.scaled(share, points, math.Ceil)
			if down < last || up < down {
				t.Fatalf("%s: a share of %v gives %v to %v after %v", e.Name, share, down, up, last)
			}
			last = down
			if e.Percentile == nil {
				continue
			}
			from, to := e.Percentile.of(down)
			if !(0 <= from && from <= to && to <= 100) {
				t.Fatalf("%s: %v has the percentiles %v to %v", e.Name, down, from, to)
			}
		}
	}
	for _, name := range []string{"ube", "lsat", "gre_verbal", "sat_math", "ap_biology", "amc10", "usabo", "mmlu", "gsm8k_test", "professional"} {
		if !seen[name] {
			t.Errorf("no examination is called %s", name)
		}
	}
}

// TestPublishedAgree holds the tables against what the GPT-4 Technical Report says of
// the same scores: the percentile tables are of years near its own.
func TestPublishedAgree(t *testing.T) {
	for _, c := range []struct {
		exam       string
		score      float64
		percentile float64
		off        float64
	}{
		{"lsat", 163, 88, 1},
		{"lsat", 161, 83, 1},
		{"lsat", 149, 40, 1},
		{"gre_verbal", 169, 99, 0.5},
		{"gre_verbal", 165, 96, 1},
	} {
		for _, e := range All() {
			if e.Name != c.exam {
				continue
			}
			if from, to := e.Percentile.of(c.score); from < c.percentile-c.off || to > c.percentile+c.off {
				t.Errorf("%s %v: percentile %v to %v, published %v", c.exam, c.score, from, to, c.percentile)
			}
		}
	}
}

// TestLSAT reads some scores off the chart of the form.
func TestLSAT(t *testing.T) {
	e := byName(t, "lsat")
	for points, want := range map[int]float64{0: 120, 13: 120, 14: 121, 60: 149, 61: 150, 71: 156, 94: 175, 95: 176, 97: 179, 98: 180, 99: 180} {
		for _, round := range []rounding{math.Floor, math.Round, math.Ceil} { // whole points are whole, whatever the last bits of a share
			if got := e.Scale.scaled(float64(points)/99, 99, round); got != want {
				t.Errorf("%d points give %v, want %v", points, got, want)
			}
		}
	}
	if down, up := e.Scale.scaled(60.5/99, 99, math.Floor), e.Scale.scaled(60.5/99, 99, math.Ceil); down != 149 || up != 150 {
		t.Errorf("60.5 points give %v to %v, want 149 to 150", down, up)
	}
}

func TestGRE(t *testing.T) {
	e := byName(t, "gre_quantitative")
	for share, want := range map[float64]float64{0: 130, 0.25: 140, 0.5: 150, 0.9876: 170, 1: 170} {
		if got := e.Scale.scaled(share, 1, math.Round); got != want {
			t.Errorf("a share of %v gives %v, want %v", share, got, want)
		}
	}
}

func byName(t *testing.T, name string) *Exam {
	t.Helper()
	for _, e := range All() {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no examination is called %s", name)
	return nil
}

func TestResults(t *testing.T) {
	exams := parse(t, small)
	r := &eval.Result{Tasks: []eval.TaskResult{taskResult("reading", 10, 0.5), taskResult("writing", 5, 0.8), taskResult("other", 3, 1)}}
	out := Results(exams, r)
	if len(out) != 1 || out[0].Scaled == nil || out[0].Percentile == nil {
		t.Fatalf("got %+v", out)
	}
	e := out[0]
	// 5 + 8 = 13 of 20 points: 150. The interval is that of the sections together.
	if math.Abs(e.Raw.Value-0.65) > 1e-12 || e.Raw.N != 15 || !(e.Raw.Low < 0.65 && 0.65 < e.Raw.High) {
		t.Errorf("raw is %+v", e.Raw)
	}
	if *e.Scaled != 150 || e.ScaledRange[0] > 150 || e.ScaledRange[1] < 150 {
		t.Errorf("scaled %v in %v", *e.Scaled, *e.ScaledRange)
	}
	from, _ := exams[0].Percentile.of(e.ScaledRange[0])
	_, to := exams[0].Percentile.of(e.ScaledRange[1])
	if *e.Percentile != [2]float64{from, to} || from > 50 || to < 60 {
		t.Errorf("percentile %v, want %v to %v around 50 to 60", *e.Percentile, from, to)
	}
	if e.Why != "" || !strings.Contains(e.Table, "us") || len(e.Published) != 1 || e.Published[0].Source != "them" {
		t.Errorf("why %q, table %q, published %v", e.Why, e.Table, e.Published)
	}
	if got := Results(exams, &eval.Result{Tasks: r.Tasks[2:]}); got != nil {
		t.Errorf("an examination of which nothing was sat is reported: %+v", got)
	}
}

// TestNotAvailable: without all real items there is a reason and no scaled score.
func TestNotAvailable(t *testing.T) {
	skipped := eval.TaskResult{Task: "writing", Skipped: "exams/writing.jsonl is not there"}
	failed := taskResult("writing", 5, 0.8)
	failed.NumErrors = 2
	lower := taskResult("writing", 5, 0.8)
	lower.Metrics[0].Lower = true
	unfit := taskResult("writing", 5, 0.8)
	unfit.NumUnfit = 1
	part := taskResult("writing", 5, 0.8)
	part.Sections = []eval.Metric{{Name: "second", Estimate: stat.Estimate{Value: 0.5, High: 1, N: 2, Clusters: 2, Interval: "wilson"}}}
	for name, c := range map[string]struct {
		source string
		tasks  []eval.TaskResult
		limit  int
		why    string
	}{
		"one section":   {small, []eval.TaskResult{taskResult("reading", 10, 0.5)}, 0, "writing: not sat: the task writing was not run"},
		"skipped":       {small, []eval.TaskResult{taskResult("reading", 10, 0.5), skipped}, 0, "exams/writing.jsonl is not there"},
		"few items":     {small, []eval.TaskResult{taskResult("reading", 10, 0.5), taskResult("writing", 3, 1)}, 3, "3 items were put to the model, and there are 5"},
		"too many":      {small, []eval.TaskResult{taskResult("reading", 11, 0.5), taskResult("writing", 5, 1)}, 0, "11 items"},
		"unfit":         {small, []eval.TaskResult{taskResult("reading", 10, 0.5), unfit}, 0, "4 items were put to the model, and there are 5"},
		"unfit of some": {strings.ReplaceAll(small, "questions: 5, ", ""), []eval.TaskResult{taskResult("reading", 10, 0.5), unfit}, 0, "1 items did not fit"},
		"few of a section": {
			strings.ReplaceAll(small, "questions: 5, ", "section: second, questions: 5, "),
			[]eval.TaskResult{taskResult("reading", 10, 0.5), part},
			5, "2 items were put to the model, and there are 5",
		},
		"errors":          {small, []eval.TaskResult{taskResult("reading", 10, 0.5), failed}, 0, "2 answers have no verdict"},
		"another measure": {small, []eval.TaskResult{taskResult("reading", 10, 0.5), lower}, 0, "not a share"},
		"a sample": {
			strings.ReplaceAll(small, "questions: 5, ", ""),
			[]eval.TaskResult{taskResult("reading", 10, 0.5), taskResult("writing", 5, 1)},
			5, "no more than 5 items",
		},
		"not real": {
			strings.Replace(small[:strings.Index(small, "    scale:")], "items: real", "items: like\n    why: nobody sat it", 1),
			[]eval.TaskResult{taskResult("reading", 10, 0.5), taskResult("writing", 5, 1)},
			0, "nobody sat it",
		},
	} {
		out := Results(parse(t, c.source), &eval.Result{Tasks: c.tasks, Settings: eval.Settings{Limit: c.limit}})
		if len(out) != 1 || out[0].Scaled != nil || out[0].Percentile != nil || !strings.Contains(out[0].Why, c.why) {
			t.Errorf("%s: got %+v, want %q", name, out, c.why)
		}
	}
}

func TestSectionOfTask(t *testing.T) {
	r := taskResult("mmlu", 100, 0.5)
	r.Sections = []eval.Metric{{Name: "professional_law", Estimate: stat.Estimate{Value: 0.25, Low: 0.2, High: 0.3, N: 20, Clusters: 20}}}
	out := Results(All(), &eval.Result{Tasks: []eval.TaskResult{r}})
	if len(out) != 2 {
		t.Fatalf("got %d examinations, want the four professions and MMLU", len(out))
	}
	professions, benchmark := out[0], out[1]
	if professions.Raw.Value != 0.25 || !strings.Contains(professions.Why, "professional_medicine") {
		t.Errorf("raw %v, why %q", professions.Raw.Value, professions.Why)
	}
	if !benchmark.Benchmark || benchmark.Raw.Value != 0.5 || benchmark.Why != "" || len(benchmark.Published) != 2 || benchmark.Published[0].Share != 0.864 {
		t.Errorf("got %+v", benchmark)
	}
}

// TestContaminated: where the clean items have the lower score, it counts, and the
// result says so.
func TestContaminated(t *testing.T) {
	r := taskResult("reading", 10, 0.5)
	c := &eval.Contamination{Items: 10, Checkable: 10, Dirty: 3, Full: r.Headline.Estimate, Clean: stat.Estimate{Value: 0.3, Low: 0.1, High: 0.6, N: 7, Clusters: 7, Interval: "wilson"}}
	r.Contamination, r.Headline.Estimate = c, c.Clean
	out := Results(parse(t, small), &eval.Result{Tasks: []eval.TaskResult{r, taskResult("writing", 5, 0.8)}})[0]
	if math.Abs(out.Raw.Value-0.55) > 1e-12 || out.Scaled == nil || !strings.Contains(out.Note, "reading is that of the items that are not in the model's corpus") {
		t.Errorf("got %+v", out)
	}
}

// FuzzParse: what is read is safe to score with.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(more))
	f.Add([]byte(strings.Replace(small, "    percentile:\n      source: us\n      rows: [[120, 0], [130, 10.5], [150, 50, 60], [180, 99, 100]]", "    percentile: {exam: lsat}", 1)))
	f.Add([]byte("exams: []"))
	f.Add([]byte("exams:\n  - name: a\n    title: b\n    items: real\n    sections: [{name: s, task: t}]\n    scale: {source: x, of: share, between: linear, rows: [[0, 1], [1, 2]]}\n    why: c\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		exams, err := Parse("x.yaml", source)
		if err != nil {
			return
		}
		for _, e := range exams {
			var r eval.Result
			for _, s := range e.Sections {
				r.Tasks = append(r.Tasks, taskResult(s.Task, max(s.Questions, 1), 0.3))
			}
			for _, out := range Results([]*Exam{e}, &r) {
				if p := out.Percentile; p != nil && !(0 <= p[0] && p[0] <= p[1] && p[1] <= 100) {
					t.Errorf("percentiles %v", *p)
				}
			}
		}
	})
}
