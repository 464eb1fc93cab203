package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/plan/scaling"
)

// printPrediction writes a prediction, and what came of it where that is known.
func printPrediction(w io.Writer, p *scaling.Prediction, outcome *scaling.Outcome) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "run\tFLOP\tparameters\tactive\ttokens\theld-out loss\toff the law\t")
	for _, b := range p.Basis {
		fmt.Fprintf(t, "%s\t%.3g\t%s\t%s\t%s\t%.4f\t%+.2f%%\t\n", progress.Visible(b.Name), b.FLOPs, progress.Short(float64(b.Parameters)),
			progress.Short(float64(b.Active)), progress.Short(float64(b.Tokens)), b.Loss, 100*b.Off)
	}
	_ = t.Flush() // writes to w fail as the ones below do
	l := p.Compute.Law
	fmt.Fprintf(w, "\nL(C) = a C^b + c   a %s, b %s, c %s; the runs are off by %.2f%%\n",
		l.A, l.B, l.C, 100*l.Spread)
	if p.NoFloor() {
		fmt.Fprintln(w, "the runs show no floor, c, and the interval knows of none: if there is one, the loss will be higher")
	}
	if s := p.Size; s != nil {
		fmt.Fprintf(w, "L(N, D)            E %s, alpha %s, beta %s; off by %.2f%%\n",
			s.Law.E, s.Law.Alpha, s.Law.Beta, 100*s.Law.Spread)
	} else if p.NoSize != "" {
		fmt.Fprintf(w, "by size: %s\n", progress.Visible(p.NoSize))
	}
	if t := p.Trial; t != nil {
		fmt.Fprintf(w, "the others would have foretold %.4f of %s: %+.2f%% off\n", t.Loss.Value, progress.Visible(t.Name), 100*t.Error)
	}
	printForecast(w, p)
	if outcome != nil {
		printOutcome(w, outcome)
	}
}

// printForecast writes what is foretold.
func printForecast(w io.Writer, p *scaling.Prediction) {
	name, loss := progress.Visible(p.Target.Name), p.Compute.Loss
	if name == "" {
		name = "a run"
	}
	fmt.Fprintf(w, "\n%s of %.3g FLOP, %.3g times the largest: held-out loss %.4f, 95%% between %.4f and %.4f\n",
		name, p.Target.FLOPs, p.Target.FLOPs/p.Basis[len(p.Basis)-1].FLOPs, loss.Value, loss.Low, loss.High)
	if p.Size != nil {
		fmt.Fprintf(w, "by parameters and tokens: %.4f, 95%% between %.4f and %.4f\n", p.Size.Loss.Value, p.Size.Loss.Low, p.Size.Loss.High)
	}
	if c := p.Capability; c != nil {
		fmt.Fprintf(w, "%s: %s right, 95%% between %s and %s\n", progress.Visible(c.Task), percent(c.Pass.Value), percent(c.Pass.Low), percent(c.Pass.High))
		for i, g := range c.Groups {
			fmt.Fprintf(w, "  third %d of %d items by difficulty: %s, between %s and %s; %s at the largest run\n", i+1, len(g.Items),
				percent(g.Pass.Value), percent(g.Pass.Low), percent(g.Pass.High), percent(g.Rates[len(g.Rates)-1]))
		}
	}
	fmt.Fprintf(w, "made %s\n", p.Made.Format(time.RFC3339))
}

// printOutcome writes what came of it.
func printOutcome(w io.Writer, o *scaling.Outcome) {
	where := "inside"
	if !o.Inside {
		where = "outside"
	}
	fmt.Fprintf(w, "\nmeasured  %.4f, %s the interval; the prediction is %+.2f%% off, made %s before the run began\n",
		o.Loss, where, 100*o.Error, progress.Duration(o.Ahead))
	if o.Pass != nil {
		fmt.Fprintf(w, "examined: %s right\n", percent(*o.Pass))
	}
	if o.SizeError != nil {
		fmt.Fprintf(w, "by parameters and tokens it is %+.2f%% off\n", 100**o.SizeError)
	}
}
