package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/task"
)

// scoreText is an estimate for a table: a score in percent, others as they are.
func scoreText(e stat.Estimate) string {
	if !isScore(e) {
		return fmt.Sprintf("%.3f%s", e.Value, around(" ± ", half(e, 1, "%.3f")))
	}
	return fmt.Sprintf("%.1f%%%s", 100*e.Value, around(" ± ", half(e, 100, "%.1f")))
}

// isScore says that an estimate is a share.
func isScore(e stat.Estimate) bool { return e.Value >= 0 && e.Value <= 1 && e.Low >= 0 && e.High <= 1 }

// half is the half of the interval; empty without one.
func half(e stat.Estimate, factor float64, format string) string {
	if !e.Available() {
		return ""
	}
	return fmt.Sprintf(format, factor*(e.High-e.Low)/2)
}

// intervalText is the interval.
func intervalText(e stat.Estimate) string {
	switch {
	case !e.Available():
		return "-"
	case isScore(e):
		return fmt.Sprintf("%.1f to %.1f", 100*e.Low, 100*e.High)
	}
	return fmt.Sprintf("%.3f to %.3f", e.Low, e.High)
}

func percent(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

// table aligns columns: those whose second cell is a number to the right.
func table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if len(rows) > 1 && isNumber(rows[1][i]) {
				cell = pad + cell
			} else {
				cell += pad
			}
			b.WriteString(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

func isNumber(cell string) bool {
	return cell != "" && strings.ContainsRune("0123456789-+<", rune(cell[0]))
}

// printResult prints the scores, and the comparison where there is one.
func printResult(w io.Writer, r *eval.Result, c *eval.Comparison) {
	rows := [][]string{{"task", "items", "score", "95% interval", "chance", "metric"}}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if t.Skipped != "" {
			continue
		}
		chance := "-"
		if t.Chance > 0 {
			chance = percent(t.Chance)
		}
		m := t.Headline
		value := scoreText(m.Estimate)
		value, _, _ = strings.Cut(value, " ±")
		interval := intervalText(m.Estimate)
		if t.NumErrors == t.NumItems*max(1, t.Samples) || t.NumUnfit == t.NumItems {
			value, interval = "-", "-" // not one verdict
		}
		rows = append(rows, []string{t.Task, progress.Count(int64(t.NumItems)), value, interval, chance, m.Name + notes(t)})
		rows = append(rows, moreRows(t)...)
	}
	table(w, rows)
	for i := range r.Tasks {
		if t := &r.Tasks[i]; t.Skipped != "" {
			fmt.Fprintf(w, "%s was not run: %s\n", t.Task, progress.Visible(t.Skipped))
		}
	}
	if c != nil {
		fmt.Fprintln(w)
		printEvalComparison(w, c)
	}
	printLengths(w, r)
	printPositions(w, r)
	printExams(w, r)
	printContamination(w, r)
	if e := r.Energy; e != nil && e.Known() {
		fmt.Fprintf(w, "energy  %s%s\n", e, around("; ", perRight(e)))
	} else if e != nil {
		fmt.Fprintf(w, "energy  %s\n", e)
	}
}

// perRight is the energy of each right answer; empty without one.
func perRight(e *eval.EnergyUse) string {
	if e.Right == 0 {
		return ""
	}
	return fmt.Sprintf("%s for each of %s", energy.Text(e.PerRight()), plural(int64(e.Right), "right answer"))
}

// moreRows are those of what a grader counts besides the score, and of several samples
// together.
func moreRows(t *eval.TaskResult) (rows [][]string) {
	for _, m := range t.Metrics {
		if m.Share || m.Several {
			value, _, _ := strings.Cut(scoreText(m.Estimate), " ±")
			rows = append(rows, []string{"", "", value, intervalText(m.Estimate), "-", m.Name})
		}
	}
	return rows
}

// printExams prints examinations beside what was published of other models.
func printExams(w io.Writer, r *eval.Result) {
	if len(r.Exams) == 0 {
		return
	}
	rows := [][]string{{"examination", "points", "scaled", "percentile", "published"}}
	for i := range r.Exams {
		e := &r.Exams[i]
		scaled, percentile := "not available", "not available"
		if e.Benchmark {
			scaled, percentile = "-", "-"
		}
		if e.Scaled != nil {
			scaled = fmt.Sprintf("%.4g", *e.Scaled)
		}
		if p := e.Percentile; p != nil {
			percentile = fmt.Sprintf("%.3g to %.3g", p[0], p[1])
		}
		var published []string
		for _, other := range e.Published {
			published = append(published, other.Model+" "+other.Score)
		}
		rows = append(rows, []string{e.Name, percent(e.Raw.Value), scaled, percentile, strings.Join(published, ", ")})
	}
	fmt.Fprintln(w)
	table(w, rows)
}

// printErrors says of each task with items that have no verdict why the first has none.
func printErrors(w io.Writer, f *eval.Finished) {
	told := map[string]bool{}
	for i := range f.Records {
		if r := &f.Records[i]; r.Error != "" && !told[r.Task] {
			told[r.Task] = true
			fmt.Fprintf(w, "%s, item %d has no verdict: %s\n", r.Task, r.Number, progress.Visible(r.Error))
		}
	}
	if len(told) > 0 {
		fmt.Fprintln(w, "the same command tries items without a verdict again")
	}
}

// notes are what to know of a score.
func notes(t *eval.TaskResult) string {
	var list []string
	if t.NumErrors > 0 {
		list = append(list, progress.Count(int64(t.NumErrors))+" without a verdict")
	}
	if t.NumCut > 0 {
		list = append(list, plural(int64(t.NumCut), "prompt")+" cut")
	}
	if t.NumUnfit > 0 {
		list = append(list, progress.Count(int64(t.NumUnfit))+" longer than the window and not counted")
	}
	if t.Method == task.MethodGenerate && t.Samples > 1 {
		list = append(list, fmt.Sprintf("%d samples", t.Samples))
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// printContamination says whether items were looked for in the model's corpus.
func printContamination(w io.Writer, r *eval.Result) {
	fmt.Fprintln(w)
	switch {
	case r.Checked:
		var items, short, dirty int
		var documents int64
		for i := range r.Tasks {
			c := r.Tasks[i].Contamination
			if c == nil {
				continue
			}
			items, short, dirty, documents = items+c.Items, short+c.Items-c.Checkable, dirty+c.Dirty, max(documents, c.Documents)
			if c.Dirty > 0 {
				clean := "none are left"
				if c.Clean.N > 0 {
					clean = fmt.Sprintf("%s over the %s that are long enough to look for and were not", scoreText(c.Clean), progress.Count(int64(c.Clean.N)))
				}
				fmt.Fprintf(w, "%s: %s of %s found in the model's data: %s over all, %s\n",
					r.Tasks[i].Task, progress.Count(int64(c.Dirty)), plural(int64(c.Items), "item"), scoreText(c.Full), clean)
			}
		}
		if items == 0 {
			fmt.Fprintln(w, "contamination: not checked, what is asked here is not known by its words")
			return
		}
		if short == items {
			fmt.Fprintf(w, "contamination: not checked, all of %s are too short to look for\n", plural(int64(items), "item"))
			return
		}
		fmt.Fprintf(w, "contamination: looked for %s in the %s that the model was trained on: %s found, %s too short to look for\n",
			plural(int64(items), "item"), plural(documents, "document"), progress.Count(int64(dirty)), progress.Count(int64(short)))
	case r.NotChecked != "":
		fmt.Fprintf(w, "contamination: not checked, %s\n", progress.Visible(r.NotChecked))
	}
}

// printEvalComparison prints differences with what the suite could have found.
func printEvalComparison(w io.Writer, c *eval.Comparison) {
	fmt.Fprintf(w, "before  %s\nafter   %s\n", progress.Visible(c.A), progress.Visible(c.B))
	rows := [][]string{{"task", "items", "before", "after", "difference", "95% interval", "p (Holm)", "detectable"}}
	for i := range c.Tasks {
		t := &c.Tasks[i]
		if t.Skipped != "" {
			continue
		}
		factor, format := 100.0, "%.1f"
		if t.Lower {
			factor, format = 1, "%.3f"
		}
		number := func(v float64) string { return fmt.Sprintf(format, factor*v) }
		signed := func(v float64) string { return fmt.Sprintf(strings.Replace(format, "%", "%+", 1), factor*v) }
		interval, detectable := "-", "-"
		if t.Difference.Available() {
			interval = signed(t.Difference.Low) + " to " + signed(t.Difference.High)
		}
		if t.Detectable > 0 {
			detectable = number(t.Detectable)
		}
		if t.Same {
			interval, detectable = "-", "-"
		}
		rows = append(rows, []string{
			t.Task, progress.Count(int64(t.N)), number(t.A.Value), number(t.B.Value), signed(t.Difference.Value), interval, pText(t.Holm), detectable,
		})
		rows = append(rows, lengthRows(t, number, signed)...)
	}
	table(w, rows)
	for i := range c.Tasks {
		t := &c.Tasks[i]
		if t.Skipped != "" {
			fmt.Fprintf(w, "%s is not compared: %s\n", t.Task, progress.Visible(t.Skipped))
			continue
		}
		if t.Found > 0 {
			fmt.Fprintf(w, "%s: without %s found in the data of a model\n", t.Task, plural(int64(t.Found), "item"))
		}
		if t.Unfit > 0 {
			fmt.Fprintf(w, "%s: without %s longer than the window of a model\n", t.Task, plural(int64(t.Unfit), "item"))
		}
		if t.Relative != nil && !t.Same {
			fmt.Fprintf(w, "%s: %s\n", t.Task, relativeText(t.Relative))
		}
		if t.Same {
			fmt.Fprintf(w, "%s: all answers are the same\n", t.Task)
		}
		if h := t.Honesty; h != nil {
			fmt.Fprintf(w, "%s: %s\n", t.Task, h.Text())
		}
	}
	fmt.Fprintln(w, "detectable: the difference that 80 of 100 such studies would find at 5%")
}

func pText(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
