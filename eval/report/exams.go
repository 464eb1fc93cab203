package report

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/train/chart"
)

// examRow is an examination or a benchmark, with what each run made of it.
type examRow struct {
	Title, Note, Table, Source string
	Scores                     []examScore // of each run, then those published
	Sections                   []examSection
}

// examScore is what one model made of it.
type examScore struct {
	Model, Score, Detail, Percentile, Why, Setting string
	Ours                                           bool
	// Bar is the share of all points, where that is known; each row has its own.
	Bar template.HTML
}

// publishedColor is that of published scores; runs have the first ones.
const publishedColor = 4

type examSection struct {
	Name, Weight string
	Values       []scoreValue
}

// exams gathers the examinations of all runs.
func (p *page) exams(runs []*eval.Finished) {
	var order []string
	for _, run := range runs {
		for _, e := range run.Result.Exams {
			if !slices.Contains(order, e.Name) {
				order = append(order, e.Name)
			}
		}
	}
	for _, name := range order {
		of := make([]*eval.ExamResult, len(runs))
		var some *eval.ExamResult
		for i, run := range runs {
			for k := range run.Result.Exams {
				if e := &run.Result.Exams[k]; e.Name == name {
					of[i] = e
					if some == nil {
						some = e
					}
					if ungraded(e, run.Result) {
						of[i] = &eval.ExamResult{Benchmark: e.Benchmark, Why: "no answer has a verdict"}
					}
				}
			}
		}
		row := newExam(some, of, p.Models)
		if some.Benchmark {
			p.Benchmarks = append(p.Benchmarks, row)
		} else {
			p.Exams = append(p.Exams, row)
		}
	}
}

func newExam(some *eval.ExamResult, of []*eval.ExamResult, models []string) examRow {
	row := examRow{Title: visible.Text(some.Title), Note: visible.Text(some.Note), Table: visible.Text(some.Table)}
	scale := chart.NewScale(true, []float64{0, 1})
	for i, e := range of {
		s := examScore{Model: models[i], Score: "–", Ours: true}
		if e != nil {
			s.fill(e)
			if e.Raw.N > 0 {
				s.Bar = template.HTML(scale.Bar(s.Model+": "+s.Score, i+1, interval(e.Raw)))
			}
		}
		row.Scores = append(row.Scores, s)
	}
	for _, pub := range some.Published {
		s := examScore{
			Model: visible.Text(pub.Model), Score: visible.Text(pub.Score), Percentile: visible.Text(pub.Percentile),
			Setting: visible.Text(pub.Setting),
		}
		row.Source = visible.Text(pub.Source)
		if pub.Share > 0 {
			s.Bar = template.HTML(scale.Bar(s.Model+": "+s.Score, publishedColor, chart.Interval{Low: pub.Share, Value: pub.Share, High: pub.Share}))
		}
		row.Scores = append(row.Scores, s)
	}
	if len(some.Sections) > 1 {
		row.sections(some, of)
	}
	return row
}

// ungraded reports whether no answer of what was sat of an examination has a verdict.
func ungraded(e *eval.ExamResult, r *eval.Result) bool {
	sat := 0
	for _, s := range e.Sections {
		if s.Estimate.N == 0 {
			continue
		}
		sat++
		i := slices.IndexFunc(r.Tasks, func(t eval.TaskResult) bool { return t.Task == s.Task })
		if i < 0 || !unjudged(&r.Tasks[i]) {
			return false
		}
	}
	return sat > 0
}

// fill writes what one run made of it.
func (s *examScore) fill(e *eval.ExamResult) {
	if e.Raw.N > 0 {
		s.Score, s.Detail = percent(e.Raw.Value), bounds(e.Raw, true)
	}
	if e.Benchmark {
		if e.Raw.N == 0 {
			s.Detail = visible.Text(e.Why)
		}
		return
	}
	if e.Scaled != nil {
		s.Detail = s.Score + " of the points"
		s.Score = strconv.FormatFloat(*e.Scaled, 'f', -1, 64)
		if r := e.ScaledRange; r != nil && r[0] != r[1] {
			s.Detail += fmt.Sprintf(", 95%% of %g to %g", r[0], r[1])
		}
	}
	switch {
	case e.Percentile == nil:
		s.Why = visible.Text(e.Why)
	case e.Percentile[0] == e.Percentile[1]:
		s.Percentile = fmt.Sprintf("%g", e.Percentile[0])
	default:
		s.Percentile = fmt.Sprintf("%g to %g", e.Percentile[0], e.Percentile[1])
	}
}

func (row *examRow) sections(some *eval.ExamResult, of []*eval.ExamResult) {
	for i, section := range some.Sections {
		s := examSection{Name: visible.Text(section.Name), Weight: percent(section.Weight)}
		for _, e := range of {
			v := scoreValue{"–", "not sat", ""}
			if e != nil && i < len(e.Sections) && e.Sections[i].Estimate.N > 0 {
				at := e.Sections[i].Estimate
				v = scoreValue{percent(at.Value), bounds(at, true), plural(at.N, "item")}
			}
			s.Values = append(s.Values, v)
		}
		row.Sections = append(row.Sections, s)
	}
}

// contamination is what the corpus holds of one task's items.
type contamination struct {
	Model, Task                    string
	Items, Checkable, Dirty, Share string
	Documents                      string
	Rules                          string
	Full, Clean                    scoreValue
	Found                          []sighting
}

type sighting struct{ Item, Document, Origin, Rule string }

func contaminations(runs []*eval.Finished, models []string) []contamination {
	var out []contamination
	for i, run := range runs {
		for _, t := range run.Result.Tasks {
			c := t.Contamination
			if c == nil {
				continue
			}
			row := contamination{
				Model: models[i], Task: title(t), Items: count(c.Items), Checkable: count(c.Checkable), Dirty: count(c.Dirty), Documents: count(c.Documents),
				Share: percent(float64(c.Dirty) / float64(max(c.Checkable, 1))), Rules: rulesOf(c.Rules),
			}
			share := len(t.Metrics) > 0 && isShare(t.Metrics[0])
			row.Full = scoreValue{score(c.Full.Value, share), bounds(c.Full, share), plural(c.Full.N, "item")}
			row.Clean = scoreValue{"–", "", plural(c.Clean.N, "item")}
			if c.Clean.N > 0 {
				row.Clean = scoreValue{score(c.Clean.Value, share), bounds(c.Clean, share), plural(c.Clean.N, "item")}
			}
			if unjudged(&t) {
				row.Full, row.Clean = scoreValue{"–", noVerdict, ""}, scoreValue{"–", noVerdict, ""}
			}
			for _, f := range c.Found {
				row.Found = append(row.Found, sighting{visible.Text(f.Item), visible.Text(f.Document), visible.Text(f.Origin), visible.Text(f.Rule)})
			}
			out = append(out, row)
		}
	}
	return out
}

func rulesOf(rules map[string]int) string {
	var names []string
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	text := ""
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += visible.Text(name) + ": " + count(rules[name])
	}
	return text
}
