package exam

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
)

// Results scores the examinations of whose sections at least one task is among those
// of the result, in the order of exams. It changes nothing, and equal results give
// equal scores.
func Results(exams []*Exam, r *eval.Result) []eval.ExamResult {
	tasks := map[string]*eval.TaskResult{}
	for i := range r.Tasks {
		tasks[r.Tasks[i].Task] = &r.Tasks[i]
	}
	var out []eval.ExamResult
	for _, e := range exams {
		if slices.ContainsFunc(e.Sections, func(s Section) bool { return wasRun(tasks[s.Task]) }) {
			out = append(out, e.result(tasks, r.Settings))
		}
	}
	return out
}

func wasRun(t *eval.TaskResult) bool { return t != nil && t.Skipped == "" }

func (e *Exam) result(tasks map[string]*eval.TaskResult, settings eval.Settings) eval.ExamResult {
	out := eval.ExamResult{Name: e.Name, Title: e.Title, Benchmark: e.Benchmark, Note: join(e.About, e.Note)}
	for _, p := range e.Published {
		out.Published = append(out.Published, eval.Published{
			Model: p.Model, Score: p.Score, Share: p.Share, Percentile: p.Percentile, Setting: p.Setting, Source: e.Source,
		})
	}
	var missing string // why not all of the examination was sat
	for _, s := range e.Sections {
		section := eval.ExamSection{Name: s.Name, Task: s.Task, Section: s.Section, Weight: s.Points / e.points()}
		why := ""
		section.Estimate, why = s.estimate(tasks[s.Task], settings)
		if missing == "" && why != "" {
			missing = s.Name + ": " + why
		}
		if t := tasks[s.Task]; s.Section == "" && t != nil && onlyClean(t) {
			out.Note = join(out.Note, "The score of "+s.Task+" is that of the items that are not in the model's corpus, being lower.")
		}
		out.Sections = append(out.Sections, section)
	}
	out.Raw = combine(out.Sections)
	switch {
	case e.Benchmark:
	case missing != "":
		out.Why = missing
	case e.Items != "real" || !e.hasScore():
		out.Why = e.Why
	default:
		e.scale(&out)
	}
	if e.Percentile != nil && e.Percentile.Of == "score" {
		out.Note = join(out.Note, e.Percentile.text())
	}
	if e.Lines != nil {
		out.Note = join(out.Note, e.Lines.text(out.Scaled))
	}
	return out
}

// onlyClean reports whether a task's headline is over its clean items.
func onlyClean(t *eval.TaskResult) bool {
	c := t.Contamination
	return c != nil && c.Dirty > 0 && c.Clean.N > 0 && t.Headline.Estimate == c.Clean
}

func join(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), " ")
}

// estimate is the share of the section's points, and why it is not that of the whole
// section as people sit it. It is of no items where the section was not sat at all.
func (s *Section) estimate(t *eval.TaskResult, settings eval.Settings) (stat.Estimate, string) {
	switch {
	case t == nil:
		return stat.Estimate{}, "not sat: the task " + s.Task + " was not run"
	case t.Skipped != "":
		return stat.Estimate{}, "not sat: " + t.Skipped
	case t.NumItems == 0 || len(t.Metrics) == 0:
		return stat.Estimate{}, "not sat: the task has no score"
	}
	metric, n := t.Headline, t.NumItems-t.NumUnfit
	if s.Section != "" {
		i := slices.IndexFunc(t.Sections, func(m eval.Metric) bool { return m.Name == s.Section })
		if i < 0 {
			return stat.Estimate{}, fmt.Sprintf("not sat: no items of the section %s were drawn", s.Section)
		}
		metric, n = t.Sections[i], t.Sections[i].Estimate.N
	}
	e := metric.Estimate
	switch {
	case t.Metrics[0].Lower || !(e.Value >= 0 && e.Value <= 1):
		return stat.Estimate{}, fmt.Sprintf("the score %s is not a share of points", t.Metrics[0].Name)
	case s.Questions > 0 && n != s.Questions:
		return e, fmt.Sprintf("%d items were put to the model, and there are %d", n, s.Questions)
	case s.Questions == 0 && t.NumUnfit > 0:
		return e, fmt.Sprintf("%d items did not fit the model's window", t.NumUnfit)
	case s.Questions == 0 && settings.Limit > 0 && settings.Limit <= t.NumItems:
		return e, fmt.Sprintf("no more than %d items of each task were put to the model", settings.Limit)
	case t.NumErrors > 0:
		return e, fmt.Sprintf("%d answers have no verdict", t.NumErrors)
	}
	return e, ""
}

// combine weighs the sections that were sat.
func combine(sections []eval.ExamSection) stat.Estimate {
	var weights []float64
	var parts []stat.Estimate
	for _, s := range sections {
		if s.Estimate.N > 0 {
			weights, parts = append(weights, s.Weight), append(parts, s.Estimate)
		}
	}
	switch len(parts) {
	case 0:
		return stat.Estimate{}
	case 1:
		return parts[0]
	}
	return stat.Weighted(weights, parts)
}

// scale fills in the scaled score and the percentile: those of the score, and the
// range that its interval spans. The range goes outwards: its lower end rounds down,
// its upper end up.
func (e *Exam) scale(out *eval.ExamResult) {
	value, low, high := e.score(out)
	out.Scaled, out.ScaledRange = &value, &[2]float64{min(low, value), max(high, value)}
	var tables []string
	for _, source := range e.scaleSources() {
		tables = append(tables, "scaled score: "+source)
	}
	if e.Percentile != nil {
		from, _ := e.Percentile.of(out.ScaledRange[0])
		_, to := e.Percentile.of(out.ScaledRange[1])
		out.Percentile = &[2]float64{from, to}
		tables = append(tables, "percentile: "+e.Percentile.Source)
	} else {
		out.Why = e.Why
	}
	out.Table = strings.Join(tables, "; ")
}

// score is the score, and its least and its most. Where sections have scales, these
// are the sums of the sections' own, which together are wider than an interval of 95%.
func (e *Exam) score(out *eval.ExamResult) (value, low, high float64) {
	switch {
	case e.Scale != nil:
		return e.Scale.of(out.Raw, e.points())
	case e.sectionScales() == 0:
		points := e.points()
		return whole(float64(out.Raw.Value*points), math.Round),
			whole(float64(out.Raw.Low*points), math.Floor), whole(float64(out.Raw.High*points), math.Ceil)
	}
	for i, s := range e.Sections {
		v, l, h := s.Scale.of(out.Sections[i].Estimate, s.Points)
		value, low, high = value+v, low+l, high+h
	}
	return value, low, high
}

// scaleSources are those of the scales, each once.
func (e *Exam) scaleSources() []string {
	var sources []string
	if e.Scale != nil {
		sources = append(sources, e.Scale.Source)
	}
	for _, s := range e.Sections {
		if s.Scale != nil && !slices.Contains(sources, s.Scale.Source) {
			sources = append(sources, s.Scale.Source)
		}
	}
	return sources
}
