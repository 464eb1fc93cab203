package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/bench"
	"github.com/polymath-lm/polymath/train/chart"
)

// soakFlags are the flags of polymath bench soak.
type soakFlags struct {
	minutes float64
	clients int
	seed    uint64
	plot    string
	text    string
	asJSON  bool
}

func (a *app) soakCommand() *cobra.Command {
	var o soakFlags
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Use a server hard for minutes and look for faults and growth",
		Long: `Soak starts a server of a small random model on the loopback interface and uses
it with many clients at a time: requests of all kinds, of which some are left in
the middle, some are wrong, and some huge. Every complete answer must equal the
same request's alone. It fails if one does not, if a right request gets an
error, or if goroutines or memory grow.`,
		Example: "  polymath bench soak --minutes 10 --plot soak.html",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.soak(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.Float64Var(&o.minutes, "minutes", 10, "how long")
	f.IntVar(&o.clients, "clients", 64, "how many clients at a time")
	f.Uint64Var(&o.seed, "seed", 1, "seed of what the clients do")
	f.StringVar(&o.plot, "plot", "", "write a page with plots of goroutines and memory to this file")
	f.StringVar(&o.text, "text", "", "text for the tokenizer (default: the Go toolchain's sources)")
	f.BoolVar(&o.asJSON, "json", false, "print the report as one JSON object")
	return cmd
}

func (a *app) soak(ctx context.Context, o soakFlags) error {
	if !(o.minutes > 0) || o.clients < 1 {
		return usagef("--minutes must be above 0 and --clients at least 1")
	}
	texts, err := benchText(ctx, o.text, true)
	if err != nil {
		return err
	}
	options := bench.SoakOptions{Duration: time.Duration(o.minutes * float64(time.Minute)), Clients: o.clients, Seed: o.seed}
	if isTerminal(a.Err) {
		options.Progress = func(s bench.SoakSample) {
			fmt.Fprintf(a.Err, "\r%4.0f s  %d requests, %d goroutines, %.1f MB   ", s.Seconds, s.Requests, s.Goroutines, float64(s.HeapBytes)/1e6)
		}
		defer fmt.Fprintln(a.Err)
	}
	report, err := bench.Soak(ctx, options, texts)
	if err != nil {
		return err
	}
	if o.plot != "" {
		if _, err := atomicfile.WriteBytes(o.plot, []byte(soakPage(report))); err != nil {
			return err
		}
	}
	if err := a.printSoak(report, o.asJSON); err != nil {
		return err
	}
	if report.NumFaults > 0 {
		return fmt.Errorf("%d faults", report.NumFaults)
	}
	return ctx.Err()
}

func (a *app) printSoak(r *bench.SoakReport, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.Out).Encode(r)
	}
	last := r.Samples[len(r.Samples)-1]
	_, err := fmt.Fprintf(a.Out, `%.0f s: %d answers, all held against the same request alone; %d left in the middle; %d wrong requests refused; %d told to come back
%d goroutines and %.1f MB at the end
`, last.Seconds, r.Answers, r.Canceled, r.Refused, r.Busy, last.Goroutines, float64(last.HeapBytes)/1e6)
	for _, f := range r.Faults {
		fmt.Fprintln(a.Out, "FAULT:", f)
	}
	return err
}

// soakPage draws the samples.
func soakPage(r *bench.SoakReport) string {
	var seconds, goroutines, heap []float64
	for _, s := range r.Samples {
		seconds = append(seconds, s.Seconds)
		goroutines = append(goroutines, float64(s.Goroutines))
		heap = append(heap, float64(s.HeapBytes)/1e6)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><html lang=en><meta charset=utf-8><title>Soak</title><style>%s body{font-family:system-ui;background:var(--page);color:var(--ink);max-width:720px;margin:2em auto}</style>", chart.Style)
	fmt.Fprintf(&b, "<h1>Soak</h1><p>%d answers, %d left in the middle, %d wrong requests refused, %d faults.</p>", r.Answers, r.Canceled, r.Refused, r.NumFaults)
	fmt.Fprintf(&b, "<h2>Goroutines</h2>%s<h2>Heap in use, MB</h2>%s</html>\n", soakChart("goroutines", seconds, goroutines), soakChart("MB", seconds, heap))
	return b.String()
}

func soakChart(name string, seconds, values []float64) string {
	return chart.Line{Title: name, X: "seconds", Series: []chart.Series{{Name: name, X: seconds, Y: values}}, FromZero: true}.SVG()
}
