package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// lengthText is a length in tokens, in short where it is a round number of 1024.
func lengthText(tokens int) string {
	if tokens >= 1024 && tokens%1024 == 0 {
		return fmt.Sprintf("%dk", tokens/1024)
	}
	return progress.Count(int64(tokens))
}

// printLengths prints the scores by length, with the tenth of the text that is found
// least: all cells are in the report.
func printLengths(w io.Writer, r *eval.Result) {
	var lengths []int
	for i := range r.Tasks {
		for _, l := range r.Tasks[i].Lengths {
			if !slices.Contains(lengths, l.Length) {
				lengths = append(lengths, l.Length)
			}
		}
	}
	if len(lengths) == 0 {
		return
	}
	slices.Sort(lengths)
	head := []string{"score by length"}
	for _, n := range lengths {
		head = append(head, lengthText(n))
	}
	rows := [][]string{append(head, "least by depth")}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if len(t.Lengths) == 0 {
			continue
		}
		row := append(make([]string, 0, len(head)+1), t.Task)
		for _, n := range lengths {
			row = append(row, lengthCell(t, n))
		}
		rows = append(rows, append(row, leastByDepth(t)))
	}
	fmt.Fprintln(w)
	table(w, rows)
}

// lengthCell is a score at a length.
func lengthCell(t *eval.TaskResult, length int) string {
	for _, l := range t.Lengths {
		switch {
		case l.Length != length:
		case l.NumUnfit == l.NumItems:
			return "-" // does not fit
		default:
			value, _, _ := strings.Cut(scoreText(l.Score), " ±")
			return value
		}
	}
	return "-"
}

// leastByDepth names the length and depth with the lowest score.
func leastByDepth(t *eval.TaskResult) string {
	var least stat.Estimate
	where := ""
	for _, l := range t.Lengths {
		for tenth, e := range l.Depths {
			if e.N > 0 && (where == "" || e.Value < least.Value) {
				least = e
				where = fmt.Sprintf("at %s, %d to %d%% deep", lengthText(l.Length), 100*tenth/eval.NumDepths, 100*(tenth+1)/eval.NumDepths)
			}
		}
	}
	if where == "" {
		return "-"
	}
	value, _, _ := strings.Cut(scoreText(least), " ±")
	return fmt.Sprintf("%s of %s %s", value, plural(int64(least.N), "item"), where)
}

// printPositions prints the scores by position.
func printPositions(w io.Writer, r *eval.Result) {
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if t.Positions == nil {
			continue
		}
		rows := [][]string{{"tokens before", "texts", "perplexity", "95% interval", "bits per byte", "95% interval"}}
		for _, s := range t.Positions.Stretches {
			p := s.Perplexity()
			rows = append(rows, []string{
				lengthText(s.From) + " to " + lengthText(s.To), progress.Count(int64(s.Nats.N)),
				fmt.Sprintf("%.3f", p.Value), plainInterval(p), fmt.Sprintf("%.4f", s.Bits.Value), plainInterval(s.Bits),
			})
		}
		fmt.Fprintf(w, "\n%s by position\n", t.Task)
		table(w, rows)
		if trend := t.Positions.Trend; trend != nil {
			fmt.Fprintln(w, trend.Text())
		}
	}
}

// plainInterval is the interval of what is no share, whatever its size.
func plainInterval(e stat.Estimate) string {
	if !e.Available() {
		return "-"
	}
	return fmt.Sprintf("%.3f to %.3f", e.Low, e.High)
}

// lengthRows are the differences by length, for the table of differences.
func lengthRows(t *eval.TaskComparison, number, signed func(float64) string) (rows [][]string) {
	for _, l := range t.Lengths {
		interval := "-"
		if l.Difference.Available() && !t.Same {
			interval = signed(l.Difference.Low) + " to " + signed(l.Difference.High)
		}
		rows = append(rows, []string{
			"  of " + lengthText(l.Length), progress.Count(int64(l.N)), number(l.A.Value), number(l.B.Value), signed(l.Difference.Value), interval, pText(l.Holm), "-",
		})
	}
	return rows
}

// relativeText is by how much bits per byte changed.
func relativeText(e *stat.Estimate) string {
	text := fmt.Sprintf("bits per byte %+.2f%%", 100*e.Value)
	if e.Available() {
		text += fmt.Sprintf(" (%+.2f to %+.2f)", 100*e.Low, 100*e.High)
	}
	return text
}
