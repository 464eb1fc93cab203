package exam

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
)

// TestTables: every table of percentiles ascends, stays within 0 to 100, names its
// source, and is looked up at its rows, between, below and above them.
func TestTables(t *testing.T) {
	tables := 0
	for _, e := range All() {
		p := e.Percentile
		if p == nil {
			continue
		}
		tables++
		if !regexp.MustCompile(`\d{4}`).MatchString(p.Source) {
			t.Errorf("%s: the source %q has no year", e.Name, p.Source)
		}
		score, low, high := math.Inf(-1), 0.0, 0.0
		for i, row := range p.Rows {
			last := row[len(row)-1]
			if row[0] <= score || row[1] < low || last < high || row[1] > last || last > 100 {
				t.Errorf("%s: row %v after %v, %v to %v", e.Name, row, score, low, high)
			}
			score, low, high = row[0], row[1], last
			lookUp(t, e.Name, p, score, row)
			if i+1 < len(p.Rows) {
				lookUp(t, e.Name, p, (score+p.Rows[i+1][0])/2, row)
				lookUp(t, e.Name, p, p.Rows[i+1][0]-0.001, row)
			}
		}
		lookUp(t, e.Name, p, p.Rows[0][0]-50, p.Rows[0])
		lookUp(t, e.Name, p, score+50, p.Rows[len(p.Rows)-1])
	}
	if tables < 26 {
		t.Errorf("there are %d tables of percentiles", tables)
	}
}

func lookUp(t *testing.T, name string, p *Percentile, score float64, row []float64) {
	t.Helper()
	if from, to := p.of(score); from != row[1] || to != row[len(row)-1] {
		t.Errorf("%s: %v has %v to %v, want the row %v", name, score, from, to, row)
	}
}

var (
	number = regexp.MustCompile(`^[0-9.]+`)
	ranks  = regexp.MustCompile(`(\d+)(?:st|nd|rd|th)`)
)

// TestPublishedPercentiles holds the tables against the percentiles that the GPT-4
// Technical Report took from the same publishers' tables, of its year or near it.
func TestPublishedPercentiles(t *testing.T) {
	off := map[string]float64{"amc": 0, "usabo": 0, "ap": 2, "lsat": 1, "sat": 3, "ube": 17}
	compared := map[string]int{}
	for _, e := range All() {
		kind, _, _ := strings.Cut(strings.TrimRight(e.Name, "0123456789"), "_")
		most, ok := off[kind]
		if e.Percentile == nil || !ok {
			continue
		}
		for _, p := range e.Published {
			if kind == "sat" && p.Score == "690/800" {
				continue // the report has the 89th for 690 and for 700
			}
			score, err := strconv.ParseFloat(number.FindString(p.Score), 64)
			if err != nil {
				t.Fatal(err)
			}
			var want []float64
			for _, m := range ranks.FindAllStringSubmatch(p.Percentile, -1) {
				v, _ := strconv.ParseFloat(m[1], 64)
				want = append(want, v)
			}
			from, to := e.Percentile.of(score)
			if math.Abs(from-want[0]) > most || math.Abs(to-want[len(want)-1]) > most {
				t.Errorf("%s: %v has %v to %v, published %v", e.Name, score, from, to, want)
			}
			compared[kind]++
		}
	}
	for kind := range off {
		if compared[kind] < 3 {
			t.Errorf("%s: %d percentiles compared", kind, compared[kind])
		}
	}
}

// exact is a result without uncertainty.
func exact(name string, items, right int) eval.TaskResult {
	share := float64(right) / float64(items)
	m := eval.Metric{Name: "accuracy", Estimate: stat.Estimate{Value: share, Low: share, High: share, N: items, Clusters: items}}
	return eval.TaskResult{Task: name, NumItems: items, Headline: m, Metrics: []eval.Metric{m}}
}

// TestSAT reads scores off the chart of Practice Test #1, whose parts add up.
func TestSAT(t *testing.T) {
	math58 := byName(t, "sat_math").Sections[0].Scale
	for right, want := range map[int]float64{0: 200, 1: 200, 2: 210, 24: 480, 25: 490, 38: 600, 39: 600, 57: 790, 58: 800} {
		for _, round := range []rounding{math.Floor, math.Round, math.Ceil} {
			if got := math58.scaled(float64(right)/58, 58, round); got != want {
				t.Errorf("%d of 58 give %v, want %v", right, got, want)
			}
		}
	}
	for _, c := range []struct {
		reading, writing, math int
		total, rw, m           float64
		from, to               float64
	}{
		{0, 0, 0, 400, 200, 200, 0, 1},
		{40, 35, 38, 1250, 650, 600, 79, 80},
		{51, 44, 57, 1590, 800, 790, 99, 100},
		{52, 44, 58, 1600, 800, 800, 99, 100},
	} {
		r := &eval.Result{Tasks: []eval.TaskResult{exact("sat_reading", 52, c.reading), exact("sat_writing", 44, c.writing), exact("sat_math", 58, c.math)}}
		out := Results(All(), r)
		if len(out) != 3 {
			t.Fatalf("%d examinations", len(out))
		}
		for i, want := range []float64{c.total, c.rw, c.m} {
			if out[i].Scaled == nil || *out[i].Scaled != want || *out[i].ScaledRange != [2]float64{want, want} {
				t.Errorf("%+v: %s is %+v, want %v", c, out[i].Name, out[i].Scaled, want)
			}
		}
		if *out[0].Percentile != [2]float64{c.from, c.to} {
			t.Errorf("%+v: percentile %v", c, *out[0].Percentile)
		}
		if n := strings.Count(out[0].Table, "scaled score: "); n != 1 {
			t.Errorf("the source of the scales is named %d times: %s", n, out[0].Table)
		}
	}
}

// TestSumOfSections: the range of a sum has the sums of the sections' ends.
func TestSumOfSections(t *testing.T) {
	r := &eval.Result{Tasks: []eval.TaskResult{taskResult("sat_reading", 52, 0.5), taskResult("sat_writing", 44, 0.75)}}
	out := Results([]*Exam{byName(t, "sat_reading_writing")}, r)[0]
	// 20.8 to 31.2 of 52 around 26: 220 (20) to 290 (32) around 250; 28.6 to 37.4 of 44
	// around 33: 280 (28) to 340 (38) around 310.
	if *out.Scaled != 560 || *out.ScaledRange != [2]float64{500, 630} {
		t.Errorf("scaled %v in %v", *out.Scaled, *out.ScaledRange)
	}
	if *out.Percentile != [2]float64{40, 80} || out.Why != "" {
		t.Errorf("percentile %v, why %q", *out.Percentile, out.Why)
	}
}

// TestGREWriting: half points, to the nearest.
func TestGREWriting(t *testing.T) {
	e := byName(t, "gre_writing")
	for points, want := range map[float64]float64{0: 0, 0.24: 0, 0.25: 0.5, 3: 3, 3.24: 3, 3.25: 3.5, 3.74: 3.5, 3.75: 4, 4: 4, 5.74: 5.5, 5.75: 6, 6: 6} {
		if got := e.Scale.scaled(points/6, 6, math.Floor); got != want {
			t.Errorf("%v points give %v, want %v", points, got, want)
		}
	}
	if from, to := e.Percentile.of(4); from != 63 || to != 63 {
		t.Errorf("4 has the percentiles %v to %v", from, to)
	}
}

// TestTableOfScores: a table of scores that nothing makes of points is shown, and used
// where somebody has the scale.
func TestTableOfScores(t *testing.T) {
	r := &eval.Result{Tasks: []eval.TaskResult{exact("ap_biology", 60, 48), exact("ap_biology_free", 6, 3)}}
	out := Results([]*Exam{byName(t, "ap_biology")}, r)[0]
	if out.Scaled != nil || out.Percentile != nil || out.Why == "" || !strings.Contains(out.Note, "5: 85.2 to 100 (College Board") {
		t.Errorf("got %+v", out)
	}
	own := parse(t, `exams:
  - name: biology
    title: Biology
    items: real
    sections:
      - {name: multiple choice, task: ap_biology, points: 60}
      - {name: free response, task: ap_biology_free, points: 60}
    scale:
      source: the worksheet of the form
      rows: [[0, 1], [30, 2], [50, 3], [70, 4], [90, 5]]
    percentile: {exam: ap_biology}
`)
	r.Tasks = []eval.TaskResult{taskResult("ap_biology", 60, 0.8), taskResult("ap_biology_free", 6, 0.5)}
	out = Results(own, r)[0]
	low, _ := byName(t, "ap_biology").Percentile.of(out.ScaledRange[0])
	_, high := byName(t, "ap_biology").Percentile.of(out.ScaledRange[1])
	if *out.Scaled != 4 || *out.Percentile != [2]float64{low, high} || low > 62.1 || high < 85.2 || !strings.Contains(out.Table, "College Board") {
		t.Errorf("scaled %v, percentile %v, tables %s", *out.Scaled, *out.Percentile, out.Table)
	}
}

// TestLines: what a score reaches, at a line, between lines, below and above them.
func TestLines(t *testing.T) {
	e := byName(t, "ube")
	for score, want := range map[float64]int{0: 0, 259.9: 0, 260: 1, 262: 1, 264: 2, 265: 2, 266: 3, 267.5: 3, 268: 4, 270: 5, 400: 5} {
		if got := len(e.Lines.reached(score)); got != want {
			t.Errorf("%v reaches %d lines, want %d", score, got, want)
		}
	}
	states := 0
	for _, line := range e.Lines.Rows {
		states += strings.Count(line.Names, ",") + 1
	}
	if states != 41 {
		t.Errorf("%d jurisdictions have a line", states)
	}
	below, at := 259.0, 264.0
	if text := e.Lines.text(&below); !strings.HasPrefix(text, "259 reaches none of the lines. Lines (UWorld") {
		t.Error(text)
	}
	if text := e.Lines.text(&at); !strings.HasPrefix(text, "With 264 it passes in: Alabama") || !strings.Contains(text, "Utah, Indiana. Lines (") {
		t.Error(text)
	}
	r := &eval.Result{Tasks: []eval.TaskResult{exact("mbe", 200, 150)}}
	if out := Results([]*Exam{e}, r)[0]; !strings.Contains(out.Note, "266 Connecticut") || !strings.Contains(out.Note, "from 280: 73 to 90") || out.Percentile != nil {
		t.Errorf("got %+v", out)
	}
}
