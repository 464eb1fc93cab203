package report

import (
	"html/template"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/train/chart"
)

// scoreTable is scores on a common scale.
type scoreTable struct {
	Title, Note string
	Scale       template.HTML
	Rows        []scoreRow
}

// scoreRow is one score, with the values of each run.
type scoreRow struct {
	Name, Note string
	Chance     string // the score of one who guesses, if there is one
	Track      template.HTML
	Values     []scoreValue
}

type scoreValue struct{ Score, Interval, N string }

// scored is one score of each run; nil where a run has none.
type scored struct {
	name, note string
	chance     float64
	metrics    []*eval.Metric
	// why says of each run why it has no score; nil, or "", if that is not known.
	why []string
}

// unjudged reports whether no answer of a task has a verdict: its score is not 0 then,
// there is none.
func unjudged(t *eval.TaskResult) bool {
	return t.NumItems > 0 && (t.NumErrors >= t.NumItems*max(1, t.Samples) || t.NumUnfit >= t.NumItems)
}

// noVerdict is written in place of the interval of such a task.
const noVerdict = "no verdict"

// tasksOf returns the tasks of the runs that were run in one at least, in the order of
// the first run.
func tasksOf(runs []*eval.Finished) (order []string, by []map[string]*eval.TaskResult) {
	for _, run := range runs {
		m := map[string]*eval.TaskResult{}
		for i := range run.Result.Tasks {
			t := &run.Result.Tasks[i]
			if t.Skipped != "" || len(t.Metrics) == 0 && t.NumUnfit == 0 {
				continue
			}
			m[t.Task] = t
			if !slices.Contains(order, t.Task) {
				order = append(order, t.Task)
			}
		}
		by = append(by, m)
	}
	return order, by
}

// scoreTables are the headline scores: those in percent on one scale, each other on
// its own.
func scoreTables(runs []*eval.Finished, models []string) []scoreTable {
	order, by := tasksOf(runs)
	var shares []scored
	var others []scored
	for _, name := range order {
		s := scored{metrics: make([]*eval.Metric, len(runs)), why: make([]string, len(runs))}
		of := make([]*eval.TaskResult, len(runs))
		share := true
		for i := range runs {
			t := by[i][name]
			if t == nil {
				continue
			}
			of[i] = t
			s.name, s.chance = title(*t), t.Chance
			if unjudged(t) {
				s.why[i] = noVerdict
				continue
			}
			s.metrics[i] = &t.Headline
			share = share && isShare(t.Headline)
		}
		s.note = noteOf(of, models)
		if share {
			shares = append(shares, s)
		} else {
			others = append(others, s)
		}
	}
	var out []scoreTable
	if len(shares) > 0 {
		out = append(out, newScoreTable("Scores", "with 95% intervals; dashed: one who guesses", shares, true))
	}
	for _, s := range others {
		note := "with its 95% interval"
		if slices.ContainsFunc(s.metrics, func(m *eval.Metric) bool { return m != nil && m.Lower }) {
			note += "; less is better"
		}
		out = append(out, newScoreTable(s.name, note, []scored{s}, false))
	}
	return out
}

// noteOf says what a task's score is, and what is to know of it in each run.
func noteOf(of []*eval.TaskResult, models []string) string {
	note := ""
	for i, t := range of {
		if t == nil {
			continue
		}
		if note == "" {
			note = visible.Text(t.Headline.Name)
		}
		var more []string
		if c := t.Contamination; c != nil && c.Dirty > 0 && t.Headline.Estimate == c.Clean {
			more = append(more, "clean items")
		}
		if t.NumErrors > 0 {
			more = append(more, count(t.NumErrors)+" without a verdict")
		}
		if t.NumCut > 0 {
			more = append(more, count(t.NumCut)+" cut")
		}
		if t.NumUnfit > 0 {
			more = append(more, count(t.NumUnfit)+" "+tooLong)
		}
		switch {
		case len(more) == 0:
		case len(of) > 1:
			note += "; " + models[i] + ": " + strings.Join(more, ", ")
		default:
			note += "; " + strings.Join(more, ", ")
		}
	}
	return note
}

func newScoreTable(title, note string, list []scored, share bool) scoreTable {
	var marks []float64
	var all []chart.Interval
	for _, s := range list {
		if s.chance > 0 {
			marks = append(marks, s.chance)
		}
		for _, m := range s.metrics {
			if m != nil {
				all = append(all, interval(m.Estimate))
			}
		}
	}
	scale := chart.NewScale(share, marks, all...)
	table := scoreTable{Title: title, Note: note, Scale: template.HTML(scale.Labels())}
	for _, s := range list {
		table.Rows = append(table.Rows, s.row(scale, share))
	}
	return table
}

func (s *scored) row(scale chart.Scale, share bool) scoreRow {
	row := scoreRow{Name: s.name, Note: s.note}
	var intervals []chart.Interval
	said := s.name
	for i, m := range s.metrics {
		if m == nil {
			why := "not run"
			if s.why != nil && s.why[i] != "" {
				why = s.why[i]
			}
			row.Values = append(row.Values, scoreValue{"–", why, ""})
			intervals = append(intervals, missing)
			continue
		}
		e := m.Estimate
		v := scoreValue{score(e.Value, share), bounds(e, share), plural(e.N, "item")}
		row.Values = append(row.Values, v)
		intervals = append(intervals, interval(e))
		said += ": " + v.Score + ", " + v.Interval
	}
	var mark *float64
	if s.chance > 0 {
		mark, row.Chance = &s.chance, score(s.chance, share)
	}
	row.Track = template.HTML(scale.Track(said, mark, intervals...))
	return row
}

// sections are the scores of a task by section.
type sections struct {
	Task  string
	Table scoreTable
}

func allSections(runs []*eval.Finished) []sections {
	order, by := tasksOf(runs)
	var out []sections
	for _, name := range order {
		var list []scored
		at := map[string]int{}
		var called string
		share := true
		for i := range runs {
			t := by[i][name]
			if t == nil || len(t.Sections) < 2 || unjudged(t) {
				continue
			}
			called = title(*t)
			for k := range t.Sections {
				m := &t.Sections[k]
				j, ok := at[m.Name]
				if !ok {
					j = len(list)
					at[m.Name] = j
					list = append(list, scored{name: visible.Text(m.Name), chance: t.Chance, metrics: make([]*eval.Metric, len(runs))})
				}
				list[j].metrics[i] = m
				share = share && isShare(*m)
			}
		}
		if len(list) > 0 {
			out = append(out, sections{called, newScoreTable(called, "", list, share)})
		}
	}
	return out
}

// metrics are all scores of a task.
type metrics struct {
	Task string
	Rows []scoreRow
}

func allMetrics(runs []*eval.Finished) []metrics {
	order, by := tasksOf(runs)
	var out []metrics
	for _, name := range order {
		var called string
		var rows []scoreRow
		at := map[string]int{}
		for i := range runs {
			t := by[i][name]
			if t == nil {
				continue
			}
			called = title(*t)
			for _, m := range t.Metrics {
				j, ok := at[m.Name]
				if !ok {
					j = len(rows)
					at[m.Name] = j
					row := scoreRow{Name: visible.Text(m.Name)}
					for range runs {
						row.Values = append(row.Values, scoreValue{"–", "", ""})
					}
					rows = append(rows, row)
				}
				share := isShare(m)
				if unjudged(t) {
					rows[j].Values[i].Interval = noVerdict
					continue
				}
				rows[j].Values[i] = scoreValue{score(m.Estimate.Value, share), bounds(m.Estimate, share), plural(m.Estimate.N, "item")}
			}
		}
		out = append(out, metrics{called, rows})
	}
	return out
}
