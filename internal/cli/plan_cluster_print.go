package cli

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/cluster"
)

// printSimulation prints a simulated step and, if the run's tokens are known, what
// the run takes.
func printSimulation(w io.Writer, m *plan.Model, c *cluster.Cluster, f *cluster.Forecast, run bool) {
	s, l := f.Step, &f.Layout
	fmt.Fprintf(w, "%s on %s (%s)\n", m.Name, c, c.Title)
	fmt.Fprintf(w, "layout %s, %d microbatches of %d x %d tokens, %s\n\n", l, l.Microbatches(), l.Microbatch, l.Sequence, l.Precision)
	fmt.Fprintf(w, "a step of %s tokens takes %.3g s: %s tokens/s, %.1f%% of the peak\n\n",
		billions(l.Tokens()), s.Seconds, billions(s.TokensPerSecond), 100*s.Utilization)
	rows := [][]string{{"of the busiest stage", "seconds", "share"}}
	add := func(name string, seconds float64) {
		if seconds > 0 {
			rows = append(rows, []string{name, fmt.Sprintf("%.3f", seconds), percent(seconds / s.Seconds)})
		}
	}
	both := func(of func(cluster.Share) float64) float64 { return of(s.Forward) + of(s.Backward) }
	add("products", both(func(x cluster.Share) float64 { return x.Products }))
	add("attention to keys", both(func(x cluster.Share) float64 { return x.Attention }))
	add("passes over memory", both(func(x cluster.Share) float64 { return x.Passes }))
	add("computed again", both(func(x cluster.Share) float64 { return x.Recompute }))
	add("tensor and context exchange", both(func(x cluster.Share) float64 { return x.Tensor }))
	add("experts' all-to-all", both(func(x cluster.Share) float64 { return x.Expert }))
	add("waiting for weights", both(func(x cluster.Share) float64 { return x.Gather }))
	add("waiting for other stages", s.Bubble)
	add("gradients", s.Reduce)
	add("optimizer", s.Update)
	table(w, rows)
	printDevice(w, s.Memory)
	if run {
		printRun(w, f)
	}
}

func printDevice(w io.Writer, m cluster.Memory) {
	fits := ""
	if !m.Fits() {
		fits = ": it does not fit"
	}
	fmt.Fprintf(w, "\nthe fullest device (stage %d) holds %.1f GB of %.1f GB%s\n", m.Stage, m.Sum()/1e9, m.Capacity/1e9, fits)
	fmt.Fprintf(w, "  weights %.1f + gradients %.1f + optimizer %.1f + activations %.1f + logits %.1f + runtime %.1f\n",
		m.Weights/1e9, m.Gradients/1e9, m.Optimizer/1e9, m.Activations/1e9, m.Logits/1e9, m.Reserve/1e9)
}

func printRun(w io.Writer, f *cluster.Forecast) {
	r := f.Reliability
	fmt.Fprintf(w, "\n%s tokens are %.0f steps; of 1000 draws of what is uncertain 90%% lie between:\n", billions(f.Tokens), f.Steps)
	rows := [][]string{{"", "from", "middle", "to"}}
	add := func(name, format string, by float64, i cluster.Interval) {
		rows = append(rows, []string{name, fmt.Sprintf(format, i.Low/by), fmt.Sprintf(format, i.Middle/by), fmt.Sprintf(format, i.High/by)})
	}
	add("days", "%.3g", 1, f.Days)
	add("thousand device hours", "%.4g", 1e3, f.DeviceHours)
	add("million dollars", "%.3g", 1e6, f.Dollars)
	add("MWh", "%.4g", 1, f.MegawattHours)
	add("useful share of the time", "%.3f", 1, f.Goodput)
	table(w, rows)
	fmt.Fprintf(w, "failures %.2g an hour, a checkpoint every %.0f min that takes %.0f s, %.0f s to go on after one\n",
		r.FailuresPerHour, r.Every/60, r.Checkpoint, r.Restart)
}

// printFound prints layouts, with what the run takes if its tokens are known.
func printFound(w io.Writer, p *prepared, found []cluster.Found) {
	rows := [][]string{{"layout", "devices", "s/step", "peak", "GB", "waits", "tokens/s"}}
	if p.tokens > 0 {
		rows[0] = append(rows[0], "days", "k hours", "M$")
	}
	for i := range found {
		f, s := &found[i], found[i].Step
		row := []string{
			f.Layout.String(), fmt.Sprint(f.Devices), fmt.Sprintf("%.3g", s.Seconds), percent(s.Utilization),
			fmt.Sprintf("%.1f", s.Memory.Sum()/1e9), percent(s.Bubble / s.Seconds), billions(s.TokensPerSecond),
		}
		if p.tokens > 0 {
			row = append(row, runCells(p, f)...)
		}
		rows = append(rows, row)
	}
	table(w, rows)
}

// runCells are days, thousands of device hours and millions of dollars, middle
// values.
func runCells(p *prepared, f *cluster.Found) []string {
	c := *p.c
	c.Devices = f.Devices
	low, high := p.prices.Low, p.prices.High
	if high == 0 {
		low, high = c.PriceLow, c.PriceHigh
	}
	seconds := p.tokens / f.Step.TokensPerSecond / c.Reliability().Goodput()
	hours := seconds / 3600 * float64(f.Devices)
	return []string{fmt.Sprintf("%.3g", seconds/86400), fmt.Sprintf("%.4g", hours/1e3), fmt.Sprintf("%.3g", hours*(low+high)/2/1e6)}
}
