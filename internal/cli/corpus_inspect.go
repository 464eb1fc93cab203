package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/report"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/modelfile"
)

// inspectFlags are the flags of polymath corpus inspect.
type inspectFlags struct {
	source, filter string
	samples        int
	report         string
	asJSON         bool
}

func (a *app) corpusInspectCommand() *cobra.Command {
	o := inspectFlags{samples: -1}
	cmd := &cobra.Command{
		Use:   "inspect CORPUS|RECIPE",
		Short: "Show what became of a corpus's documents, and examples",
		Long: `Inspect tells, of a corpus that was built, how many documents each step and rule
dropped, what was cut out, the languages, the duplicates, why records could not
be read, the mixture, and which items of evaluation sets were found. --filter
shows documents that one step or rule dropped, with what was measured. --report
writes the page that a build leaves as report.html.

Of a recipe it tries the first records of each source, writes nothing, and shows
what would become of them.`,
		Example: `  polymath corpus inspect corpus/demo
  polymath corpus inspect corpus/demo --source web --filter gopher_quality
  polymath corpus inspect recipes/corpus-demo.yaml`,
		Args: exactly("CORPUS|RECIPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.samples < -1 {
				return usagef("--samples must not be negative")
			}
			if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
				return a.inspectRecipe(cmd.Context(), args[0], o)
			}
			return a.inspectCorpus(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", "only the source of this name")
	f.StringVar(&o.filter, "filter", "", "show documents that this step dropped, or STEP/RULE; \"kept\" shows some that stayed")
	f.IntVar(&o.samples, "samples", -1, "documents to show of each rule, of the 3 that are stored (default: 3 with --filter, else none)")
	f.StringVar(&o.report, "report", "", "write the report to this HTML file")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// corpusJSON is what --json prints.
type corpusJSON struct {
	*corpus.Overview
	Name       string             `json:"name"`
	Clusters   corpus.Clusters    `json:"clusters"`
	Quarantine []corpus.BadReason `json:"quarantine,omitempty"`
	Plan       any                `json:"plan,omitempty"`
	Mixed      any                `json:"mixed,omitempty"`
	Evaluation any                `json:"evaluation,omitempty"`
	Samples    corpus.Samples     `json:"samples,omitempty"`
}

func (a *app) inspectCorpus(ctx context.Context, dir string, o inspectFlags) (err error) {
	c, err := corpus.Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	view, err := c.Overview(o.source)
	if err != nil {
		return err
	}
	samples, err := chooseSamples(view, o)
	if err != nil {
		return err
	}
	bad, _, err := c.Quarantine(ctx, o.source)
	if err != nil {
		return err
	}
	if o.report != "" {
		if err := report.Write(ctx, o.report, c); err != nil {
			return err
		}
		fmt.Fprintf(a.Err, "written: %s\n", o.report)
	}
	m := &c.Manifest
	if o.asJSON {
		return writeIndented(a.Out, corpusJSON{
			Overview: view, Name: m.Name, Clusters: m.Clusters, Quarantine: bad, Plan: m.Plan, Mixed: m.Mixed, Evaluation: m.Evaluation, Samples: samples,
		})
	}
	if o.filter == "" {
		printOverview(a.Out, m, view, bad)
	}
	printSamples(a.Out, samples)
	return nil
}

// chooseSamples returns the samples that are asked for.
func chooseSamples(view *corpus.Overview, o inspectFlags) (corpus.Samples, error) {
	most := o.samples
	if most < 0 {
		if most = 0; o.filter != "" {
			most = 3
		}
	}
	out := corpus.Samples{}
	names := map[string]bool{}
	for key, list := range view.Samples {
		step, _, _ := strings.Cut(key, "/")
		names[key], names[step] = true, true
		if (o.filter == "" || o.filter == key || o.filter == step) && most > 0 {
			out[key] = list[:min(len(list), most)]
		}
	}
	if o.filter != "" && !names[o.filter] {
		for i := range view.Stages {
			names[view.Stages[i].Name] = true
		}
		if names[o.filter] {
			return nil, fmt.Errorf("no document that %s dropped is among the samples", o.filter)
		}
		all := slices.Sorted(maps.Keys(names))
		if near := recipe.Nearest(o.filter, all); near != "" {
			return nil, fmt.Errorf("no step or rule %q dropped anything; did you mean %q?", o.filter, near)
		}
		return nil, fmt.Errorf("no step or rule %q dropped anything; there are %s", o.filter, strings.Join(all, ", "))
	}
	return out, nil
}

// inspectRecipe tries the first records of a recipe's sources.
func (a *app) inspectRecipe(ctx context.Context, path string, o inspectFlags) error {
	if o.report != "" {
		return usagef("--report wants a corpus that was built, and %s is a file", path)
	}
	if o.filter != "" || o.samples >= 0 {
		return usagef("--filter and --samples want a corpus that was built, and %s is a file", path)
	}
	r, err := corpus.ReadRecipe(path)
	if err != nil {
		return err
	}
	if o.source != "" {
		if r.Sources = slices.DeleteFunc(r.Sources, func(s corpus.Source) bool { return s.Name != o.source }); len(r.Sources) == 0 {
			return fmt.Errorf("%s has no source %q", path, o.source)
		}
		r.Mixture.Stages = nil // they may name the others
	}
	p, err := corpus.NewPlan(ctx, r, corpus.Options{OpenTokenizer: modelfile.Tokenizer})
	if err != nil {
		return err
	}
	if o.asJSON {
		return writeIndented(a.Out, p)
	}
	for i := range p.Sources {
		printTrial(a.Out, &p.Sources[i])
	}
	return nil
}

// printTrial writes what became of the first records of a source.
func printTrial(w io.Writer, s *corpus.PlannedSource) {
	f := &s.Sample
	fmt.Fprintf(w, "%s: %s, %s; of the first %s\n", progress.Visible(s.Name), plural(int64(s.Files), "file"), progress.Bytes(s.Stored), plural(f.Read.Docs, "record"))
	row := func(what string, c corpus.Count) {
		fmt.Fprintf(w, "  %-38s %14s %7s %10s\n", progress.Visible(what), progress.Count(c.Docs), share(c.Docs, f.Read.Docs), progress.Bytes(c.Bytes))
	}
	if f.Bad.Docs > 0 {
		row("unreadable", f.Bad)
		for _, fault := range s.Faults {
			fmt.Fprintf(w, "    %s\n", progress.Visible(fault))
		}
	}
	for _, step := range slices.Sorted(maps.Keys(f.Dropped)) {
		for _, rule := range slices.Sorted(maps.Keys(f.Dropped[step])) {
			row(step+": "+rule, f.Dropped[step][rule])
		}
	}
	row("kept", f.Kept)
	printSkipped(w, f)
}
