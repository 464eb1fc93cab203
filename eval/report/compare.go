package report

import (
	"html/template"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/train/chart"
)

// missing is an interval that is not drawn.
var missing = chart.Interval{Low: math.NaN(), Value: math.NaN(), High: math.NaN()}

// comparison is the differences of two runs.
type comparison struct {
	A, B   string
	Tables []differenceTable
	// Skipped are the tasks that were not compared, with the reason.
	Skipped []pair
}

// differenceTable is differences on a common scale.
type differenceTable struct {
	Title, Note string
	Scale       template.HTML
	Rows        []differenceRow
}

type differenceRow struct {
	Name, Note           string
	Track                template.HTML
	Difference, Interval string
	P, Holm, Detectable  string
	Clear                bool // of no difference, after the correction
	Pairs, OnlyA, OnlyB  string
}

// compared gathers the differences. Tasks of which one run has no verdict are not
// compared.
func compared(c *eval.Comparison, runs []*eval.Finished, names []string) *comparison {
	if c == nil || len(names) < 2 {
		return nil
	}
	out := &comparison{A: names[0], B: names[1]}
	var shares, others []eval.TaskComparison
	_, by := tasksOf(runs)
	for _, t := range c.Tasks {
		if t.Skipped == "" {
			t.Skipped = withoutVerdict(t.Task, by, names)
		}
		switch {
		case t.Skipped != "":
			out.Skipped = append(out.Skipped, pair{comparedTitle(t), visible.Text(t.Skipped)})
		case isShare(eval.Metric{Lower: t.Lower, Estimate: t.A}) && isShare(eval.Metric{Lower: t.Lower, Estimate: t.B}):
			shares = append(shares, t)
		default:
			others = append(others, t)
		}
	}
	if len(shares) > 0 {
		out.Tables = append(out.Tables, newDifferences("Difference in percentage points", "", shares, true))
	}
	for _, t := range others {
		note := ""
		if t.Lower {
			note = "less is better"
		}
		out.Tables = append(out.Tables, newDifferences(comparedTitle(t), note, []eval.TaskComparison{t}, false))
	}
	return out
}

// withoutVerdict says whose answers to a task have no verdict; "" if both have some.
func withoutVerdict(name string, by []map[string]*eval.TaskResult, names []string) string {
	for i := range by {
		if t := by[i][name]; t != nil && unjudged(t) {
			return "no answer of " + names[i] + " has a verdict"
		}
	}
	return ""
}

func comparedTitle(t eval.TaskComparison) string {
	if t.Title != "" {
		return visible.Text(t.Title)
	}
	return visible.Text(t.Task)
}

func newDifferences(title, note string, tasks []eval.TaskComparison, share bool) differenceTable {
	var all []chart.Interval
	for _, t := range tasks {
		all = append(all, interval(t.Difference))
	}
	zero := 0.0
	scale := chart.NewScale(share, []float64{zero}, all...)
	table := differenceTable{Title: title, Note: note, Scale: template.HTML(scale.Labels())}
	for i, t := range tasks {
		row := differenceRow{
			Name: comparedTitle(t), Note: visible.Text(t.Metric),
			Difference: signed(t.Difference.Value, share), Interval: signedBounds(t.Difference, share),
			P: probability(t.P), Holm: probability(t.Holm), Clear: t.Holm < 0.05,
			Detectable: strings.TrimPrefix(signed(math.Abs(t.Detectable), share), "+"),
			Pairs:      count(t.N), OnlyA: count(t.OnlyA), OnlyB: count(t.OnlyB),
		}
		if t.Found > 0 {
			row.Note += "; without " + count(t.Found) + " found in the data of a model"
		}
		if t.Unfit > 0 {
			row.Note += "; without " + count(t.Unfit) + " longer than the window of a model"
		}
		if t.Relative != nil {
			row.Note += "; " + relative(t.Relative)
		}
		if t.Honesty != nil {
			row.Note += "; " + t.Honesty.Text()
		}
		if t.BothRight+t.OnlyA+t.OnlyB+t.BothWrong == 0 {
			row.OnlyA, row.OnlyB = "–", "–"
		}
		row.Track = template.HTML(scale.Track(row.Name+": "+row.Difference+", "+row.Interval, &zero, all[i]))
		table.Rows = append(table.Rows, row)
	}
	return table
}

// relative is a change as a share of what it was.
func relative(e *stat.Estimate) string {
	text := signed(e.Value, true) + "%"
	if e.Available() {
		text += ", " + signedBounds(*e, true) + ","
	}
	return text + " of what it was"
}
