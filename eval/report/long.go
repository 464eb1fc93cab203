package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/visible"
)

// long is a task whose items say how long they are.
type long struct {
	Task  string
	Grids []grid
	// Lengths are the scores by length, Differences what they differ by, if there is a
	// second run.
	Lengths     scoreTable
	Differences *differenceTable
}

// grid is a map of scores of one run: a column for each length, a row for each tenth of
// the text, from its beginning on.
type grid struct {
	Model   string
	Lengths []string
	Rows    []gridRow
	Note    string
}

type gridRow struct {
	Name  string
	Cells []gridCell
	All   bool // of all depths
}

// gridCell is a score; Class says its color.
type gridCell struct{ Score, Interval, Class string }

// numShades is the number of colors of a map, the middle one neutral.
const numShades = 9

// longTasks are the tasks that have scores by length.
func longTasks(runs []*eval.Finished, models []string, c *eval.Comparison) []long {
	order, by := tasksOf(runs)
	var out []long
	for _, name := range order {
		var l long
		lengths := lengthsOf(by, name)
		list := make([]scored, len(lengths))
		share := true
		for i := range runs {
			t := by[i][name]
			if t == nil || len(t.Lengths) == 0 {
				continue
			}
			l.Task = title(*t)
			l.Grids = append(l.Grids, newGrid(t, models[i]))
			for k := range t.Lengths {
				s := &t.Lengths[k]
				j, _ := slices.BinarySearch(lengths, s.Length)
				if list[j].metrics == nil {
					list[j] = scored{name: tokens(s.Length), chance: t.Chance, metrics: make([]*eval.Metric, len(runs)), why: make([]string, len(runs))}
				}
				if s.NumUnfit == s.NumItems {
					list[j].why[i] = doesNotFit
				}
				if s.Score.N > 0 {
					m := t.Headline
					m.Estimate = s.Score
					list[j].metrics[i], share = &m, share && isShare(m)
				}
			}
		}
		if len(list) == 0 {
			continue
		}
		l.Lengths = newScoreTable(l.Task, "", list, share)
		l.Differences = lengthDifferences(name, c, share)
		out = append(out, l)
	}
	return out
}

// lengthsOf are the lengths that a task has in one run at least, the shortest first.
func lengthsOf(by []map[string]*eval.TaskResult, name string) []int {
	var lengths []int
	for _, tasks := range by {
		if t := tasks[name]; t != nil {
			for _, l := range t.Lengths {
				lengths = append(lengths, l.Length)
			}
		}
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// tokens is a length.
func tokens(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "k tokens"
	}
	return count(n) + " tokens"
}

// newGrid makes the map of one run.
func newGrid(t *eval.TaskResult, model string) grid {
	g := grid{Model: model}
	depths := false
	smallest, largest, unfit := 0, 0, 0
	for _, l := range t.Lengths {
		g.Lengths = append(g.Lengths, shortLength(l.Length))
		unfit += l.NumUnfit
		for _, e := range l.Depths {
			depths = true
			if e.N > 0 && (smallest == 0 || e.N < smallest) {
				smallest = e.N
			}
			largest = max(largest, e.N)
		}
	}
	for i := range eval.NumDepths {
		if !depths {
			break
		}
		row := gridRow{Name: fmt.Sprintf("%d to %d%%", 100*i/eval.NumDepths, 100*(i+1)/eval.NumDepths)}
		for _, l := range t.Lengths {
			var e stat.Estimate
			if i < len(l.Depths) {
				e = l.Depths[i]
			}
			row.Cells = append(row.Cells, newCell(t, &l, e))
		}
		g.Rows = append(g.Rows, row)
	}
	all := gridRow{Name: "all", All: true}
	for _, l := range t.Lengths {
		all.Cells = append(all.Cells, newCell(t, &l, l.Score))
	}
	g.Rows = append(g.Rows, all)
	g.Note = gridNote(depths, smallest, largest, unfit)
	return g
}

// gridNote says how much stands behind the numbers.
func gridNote(depths bool, smallest, largest, unfit int) string {
	note := ""
	switch {
	case depths && smallest == largest:
		note = plural(smallest, "item") + " in each cell; "
	case depths:
		note = count(smallest) + " to " + plural(largest, "item") + " in a cell; "
	}
	note += "95% intervals"
	if unfit > 0 {
		note += "; " + plural(unfit, "item") + " longer than the window: not put, and not counted"
	}
	return note
}

// shortLength is a length for the head of a column.
func shortLength(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "k"
	}
	return count(n)
}

// doesNotFit is written where no item of a length fits the window.
const doesNotFit = "does not fit"

func newCell(t *eval.TaskResult, l *eval.LengthScore, e stat.Estimate) gridCell {
	switch {
	case e.N == 0 && l.NumUnfit == l.NumItems:
		return gridCell{"–", doesNotFit, "unfit"}
	case e.N == 0:
		return gridCell{"–", "", "none"}
	case !isShare(eval.Metric{Lower: t.Headline.Lower, Estimate: e}):
		return gridCell{score(e.Value, false), bounds(e, false), "none"}
	}
	c := gridCell{Score: strconv.FormatFloat(100*e.Value, 'f', 0, 64)}
	if c.Score == "100" && e.Value < 1 { // not rounded to perfection
		c.Score = strconv.FormatFloat(100*e.Value, 'f', 1, 64)
	}
	if e.Available() {
		c.Interval = fmt.Sprintf("%.0f to %.0f", 100*e.Low, 100*e.High)
	}
	c.Class = "g" + strconv.Itoa(min(int(e.Value*numShades), numShades-1))
	return c
}

// lengthDifferences are what the runs differ by at each length; nil without a second.
func lengthDifferences(name string, c *eval.Comparison, share bool) *differenceTable {
	if c == nil {
		return nil
	}
	at := slices.IndexFunc(c.Tasks, func(t eval.TaskComparison) bool { return t.Task == name && t.Skipped == "" && len(t.Lengths) > 0 })
	if at < 0 {
		return nil
	}
	var list []eval.TaskComparison
	for _, l := range c.Tasks[at].Lengths {
		list = append(list, eval.TaskComparison{
			Title: tokens(l.Length), Lower: c.Tasks[at].Lower, N: l.N, A: l.A, B: l.B, Difference: l.Difference, P: l.P, Holm: l.Holm,
		})
	}
	table := newDifferences("Difference by length", "", list, share)
	for i := range table.Rows {
		table.Rows[i].Detectable = "–"
	}
	return &table
}

// position is a task that measures texts by position.
type position struct {
	Task   string
	Table  scoreTable
	Trends []pair // of each run
}

// positions are the scores of texts by position.
func positions(runs []*eval.Finished, models []string) []position {
	order, by := tasksOf(runs)
	var out []position
	for _, name := range order {
		var p position
		var list []scored
		at := map[string]int{}
		for i := range runs {
			t := by[i][name]
			if t == nil || t.Positions == nil {
				continue
			}
			p.Task = title(*t)
			for k := range t.Positions.Stretches {
				s := &t.Positions.Stretches[k]
				called := shortLength(s.From) + " to " + tokens(s.To)
				j, ok := at[called]
				if !ok {
					j = len(list)
					at[called] = j
					list = append(list, scored{name: called, metrics: make([]*eval.Metric, len(runs))})
				}
				list[j].metrics[i] = &eval.Metric{Name: "perplexity", Estimate: s.Perplexity(), Lower: true}
				if list[j].note != "" {
					list[j].note += " / "
				}
				list[j].note += score(s.Bits.Value, false)
				if i == len(runs)-1 || by[len(runs)-1][name] == nil {
					list[j].note += " bits per byte"
				}
			}
			if trend := t.Positions.Trend; trend != nil {
				p.Trends = append(p.Trends, pair{models[i], visible.Text(trend.Text())})
			}
		}
		if len(list) > 0 {
			p.Table = newScoreTable(p.Task, "perplexity of tokens by how many stand before them; less is better", list, false)
			out = append(out, p)
		}
	}
	return out
}
