package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/plan"
)

// printPlanReport prints a plan as tables, with the arithmetic if explain is set.
func printPlanReport(w io.Writer, r *plan.Report, explain bool) {
	m := r.Model
	title := m.Name
	if m.Title != "" {
		title += ": " + m.Title
	}
	fmt.Fprintln(w, progress.Visible(title))
	if m.Source != "" {
		fmt.Fprintln(w, progress.Visible("from "+m.Source))
	}
	for _, note := range m.Notes {
		fmt.Fprintln(w, progress.Visible("- "+note))
	}
	printPlanParams(w, r, explain)
	printPlanReported(w, r)
	printPlanWindows(w, r, explain)
	printPlanMemory(w, r, explain)
	printPlanDecode(w, r)
	printPlanDense(w, r)
	printPlanTraining(w, r.Training, explain)
}

func printPlanTraining(w io.Writer, t *plan.Training, explain bool) {
	if t == nil {
		return
	}
	fmt.Fprintf(w, "\ntraining on %s tokens takes %s", billions(t.Tokens), flops(t.FLOPs))
	if explain {
		fmt.Fprintf(w, "\n  %s", t.Arithmetic)
	}
	fmt.Fprintf(w, "\n  without attention, 6 for each active parameter and token: %s\n", flops(t.Rule))
}

// billions writes a number as publications do: 111B, 1.83T.
func billions(n float64) string {
	if n >= 1e15 {
		return strconv.FormatFloat(n, 'e', 2, 64)
	}
	return strings.Replace(progress.Short(n), "G", "B", 1)
}

// flops writes a number of operations, which may be beyond all letters.
func flops(n float64) string {
	if n < 1e15 {
		return progress.Rate(n, "FLOP")
	}
	return strconv.FormatFloat(n, 'e', 2, 64) + " FLOP"
}

// explained is a row with its arithmetic, if that is asked for.
func explained(explain bool, arithmetic string, cells ...string) []string {
	if explain {
		return append(cells, arithmetic)
	}
	return cells
}

func printPlanParams(w io.Writer, r *plan.Report, explain bool) {
	fmt.Fprintln(w)
	rows := [][]string{explained(explain, "arithmetic", "parameters", "total", "active")}
	for _, p := range r.Params.Parts {
		rows = append(rows, explained(explain, p.Arithmetic, p.Name, progress.Count(p.Total), progress.Count(p.Active)))
	}
	sum := fmt.Sprintf("%s, of which %s work on a token", billions(float64(r.Params.Total)), billions(float64(r.Params.Active)))
	rows = append(rows, explained(explain, sum, "together", progress.Count(r.Params.Total), progress.Count(r.Params.Active)))
	table(w, rows)
	if text := r.Params.MixtureText(r.Model); explain && text != "" {
		fmt.Fprintln(w, text)
	}
}

func printPlanReported(w io.Writer, r *plan.Report) {
	if len(r.Reported) == 0 {
		return
	}
	fmt.Fprintln(w)
	var sources []string
	rows := [][]string{{"reported", "by others", "here", "off", "source"}}
	for _, c := range r.Reported {
		at := slices.Index(sources, c.Source)
		if at < 0 {
			at, sources = len(sources), append(sources, c.Source)
		}
		off := fmt.Sprintf("%+.1f%%", 100*(c.Computed/c.Value-1))
		if !c.Agrees {
			off += " !"
		}
		rows = append(rows, []string{strings.ReplaceAll(string(c.What), "_", " "), billions(c.Value), billions(c.Computed), off, fmt.Sprintf("[%d]", at+1)})
	}
	table(w, rows)
	for i, source := range sources {
		fmt.Fprintf(w, "  [%d] %s\n", i+1, progress.Visible(source))
	}
}

func printPlanWindows(w io.Writer, r *plan.Report, explain bool) {
	fmt.Fprintln(w)
	rows := [][]string{{"window", "mean token", "last token", "of it to keys", "share", "training", "keys, values", "in 8 bits"}}
	for _, v := range r.Windows {
		rows = append(rows, []string{
			windowText(v.Tokens), flops(v.Mean.Total), flops(v.Last.Total), flops(v.Last.Part(plan.PartScores)), percent(v.AttentionShare()),
			flops(v.Training.Total), planBytes(v.KV[0].Bytes), planBytes(v.KV[1].Bytes),
		})
	}
	table(w, rows)
	if r.Model.Attention.Latent != nil {
		fmt.Fprintln(w, "  the last token reads compressed keys, as in decoding: more operations, fewer bytes")
	}
	if !explain {
		return
	}
	fmt.Fprintf(w, "the last token at %s, and a token's keys and values:\n", windowText(r.Windows[0].Tokens))
	for _, p := range r.Windows[0].Last.Parts {
		fmt.Fprintf(w, "  %-17s %-12s %s\n", p.Name, flops(p.FLOPs), p.Arithmetic)
	}
	fmt.Fprintf(w, "  %-17s %-12s %s\n", "keys and values", planBytes(r.Model.KVBytesPerToken(plan.BF16)), r.Model.KVText())
}

// planBytes writes bytes beyond 63 bits too.
func planBytes(n float64) string {
	if n >= 1<<60 {
		return strconv.FormatFloat(n, 'e', 2, 64) + " B"
	}
	return progress.Bytes(int64(n))
}

func printPlanMemory(w io.Writer, r *plan.Report, explain bool) {
	fmt.Fprintln(w)
	rows := [][]string{{"weights", "memory"}}
	for _, s := range r.Weights {
		rows = append(rows, []string{string(s.Precision), planBytes(s.Bytes)})
	}
	table(w, rows)
	fmt.Fprintln(w)
	rows = [][]string{{"training", "weights", "gradients", "optimizer", "together", "bytes each"}}
	for _, s := range r.States {
		rows = append(rows, []string{
			s.Name, planBytes(s.WeightBytes), planBytes(s.GradientBytes), planBytes(s.OptimizerBytes), planBytes(s.TotalBytes),
			fmt.Sprintf("%g + %g + %g", s.Weights, s.Gradients, s.Optimizer),
		})
	}
	table(w, rows)
	if explain {
		for _, s := range r.States {
			fmt.Fprintf(w, "  %s: %s\n", s.Name, s.What)
		}
	}
}

func printPlanDecode(w io.Writer, r *plan.Report) {
	fmt.Fprintln(w)
	rows := [][]string{{"decoding", "weights read", "keys and values", "for each token", "FLOP a byte"}}
	sparse := r.Model.Experts != nil
	if sparse {
		rows[0] = append(rows[0], "experts of a layer")
	}
	for _, d := range r.Decode {
		row := []string{
			fmt.Sprintf("%d at once", d.Batch), planBytes(d.Weights), planBytes(d.KV), planBytes(d.PerToken), fmt.Sprintf("%.3g", d.Intensity),
		}
		if sparse {
			row = append(row, fmt.Sprintf("%.1f of %d", d.Experts, r.Model.Experts.Number))
		}
		rows = append(rows, row)
	}
	table(w, rows)
	fmt.Fprintf(w, "  in bf16, each text %s tokens long, choices of experts even\n", windowText(r.Decode[0].Context))
}

// printPlanDense says what comparing a mixture with a dense model of as many
// active parameters leaves out.
func printPlanDense(w io.Writer, r *plan.Report) {
	d := r.Dense()
	if d == nil {
		return
	}
	fmt.Fprintf(w, "\nbeside a dense model of %s, whose products with weights cost as much:\n", billions(float64(r.Params.Active)))
	fmt.Fprintf(w, "  memory     %.1f times the weights\n", d.Memory)
	for _, v := range r.Windows {
		keys := v.Last.Part(plan.PartScores)
		fmt.Fprintf(w, "  attention  +%s for the last token at %s, %s of the weights'\n", flops(keys), windowText(v.Tokens), percent(keys/(v.Last.Total-keys)))
	}
	for i, v := range r.Decode {
		fmt.Fprintf(w, "  reads      %.1f times the weights with %d decoded at once\n", d.Reads[i], v.Batch)
	}
}
