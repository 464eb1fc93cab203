package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/corpus/report"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/modelfile"
)

// corpusFlags are the flags of polymath corpus build.
type corpusFlags struct {
	out                   string
	threads               int
	memory                byteSize
	dryRun, fresh, asJSON bool
}

func (a *app) corpusCommand() *cobra.Command {
	return a.group("corpus", "Build the text that models are trained on, and account for it",
		a.corpusBuildCommand(), a.corpusInspectCommand(), a.corpusTraceCommand(), a.corpusQualityCommand(), a.corpusDrawCommand(), a.corpusLongCommand(), a.corpusRepositoryCommand())
}

func (a *app) corpusBuildCommand() *cobra.Command {
	var o corpusFlags
	cmd := &cobra.Command{
		Use:   "build RECIPE",
		Short: "Build a corpus by a recipe, from raw files to token shards",
		Long: `Build follows the recipe, a YAML file: it reads the sources, filters and
deduplicates what they hold, mixes them and writes token shards, which a
training recipe names as data.shards. Everything is in one directory, with
corpus.json, which says what became of each source. Interrupted or killed at
any moment, the same command goes on where it was and gives the same shards.

The least that a recipe has are sources and a tokenizer:

    sources:
      - {name: pages, path: crawl/*.warc.gz}
      - {name: books, path: library, mixed: true}
      - {name: tickets, path: tickets.jsonl, text_field: body}
      - {name: code, path: src, format: tree}
    dedup: {minhash: {}}
    tokenizer: {train: {vocab_size: 32000}}

HTML goes through the pipeline web, PDF and EPUB through books, code through
code and other text through text, unless a source names another one or the
recipe has its own of that name; --dry-run prints their steps. A key that does
not exist is an error that names those that do.`,
		Example: `  polymath corpus build recipes/corpus-demo.yaml --dry-run
  polymath corpus build recipes/corpus-demo.yaml`,
		Args: exactly("RECIPE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.corpusBuild(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "directory to write (default: the recipe's)")
	f.IntVar(&o.threads, "threads", 0, "documents that are worked on at the same time (default: the recipe's, or one for each core)")
	f.Var(&o.memory, "memory", "about how much memory to use (default: the recipe's, or 1GiB)")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything, print what the build will take, and stop")
	f.BoolVar(&o.fresh, "fresh", false, "remove what an earlier build left in the directory")
	f.BoolVar(&o.asJSON, "json", false, "print the manifest, or with --dry-run the plan, as JSON")
	return cmd
}

func (a *app) corpusBuild(ctx context.Context, path string, o corpusFlags) error {
	r, err := corpus.ReadRecipe(path)
	if err != nil {
		return err
	}
	if o.out != "" {
		r.Out = o.out
	}
	if o.threads != 0 {
		r.Threads = o.threads
	}
	if o.memory != 0 {
		r.Memory = recipe.Bytes(o.memory)
	}
	view := &corpusView{screen: progress.NewScreen(a.Err), out: a.Err}
	models := scorers{ctx: ctx}
	defer models.close()
	options := corpus.Options{
		Fresh: o.fresh, Version: readVersion(), OpenTokenizer: modelfile.Tokenizer, Observe: view.show,
		Notice: func(text string) { view.screen.Print(text) }, Perplexity: models.open,
	}
	if o.dryRun {
		return a.corpusPlan(ctx, r, options, o.asJSON)
	}
	m, err := corpus.Build(ctx, r, options)
	view.screen.Clear()
	if err == nil {
		err = writeReport(ctx, r.Out)
	}
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			fmt.Fprintf(a.Err, "interrupted; what is done is saved in %s\ngo on with: %s\n", r.Out, shell.Command(corpusAgain(path, o)...))
			return errInterrupted
		}
		return err
	}
	if o.asJSON {
		return writeIndented(a.Out, m)
	}
	printCorpus(a.Out, m, r.Out)
	return nil
}

// writeReport writes the page of a corpus into its directory.
func writeReport(ctx context.Context, dir string) error {
	c, err := corpus.Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	return report.Write(ctx, filepath.Join(dir, report.Name), c)
}

// corpusAgain is the command line that goes on with a build.
func corpusAgain(path string, o corpusFlags) []string {
	args := []string{"corpus", "build", path}
	if o.out != "" {
		args = append(args, "--out", o.out)
	}
	if o.threads != 0 {
		args = append(args, "--threads", fmt.Sprint(o.threads))
	}
	if o.memory != 0 {
		args = append(args, "--memory", o.memory.String())
	}
	return args
}

func writeIndented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (a *app) corpusPlan(ctx context.Context, r *corpus.Recipe, options corpus.Options, asJSON bool) error {
	p, err := corpus.NewPlan(ctx, r, options)
	if err != nil {
		return err
	}
	if asJSON {
		return writeIndented(a.Out, p)
	}
	for _, s := range p.Sources {
		fmt.Fprintf(a.Out, "%-12s %s, %s, from %s\n", progress.Visible(s.Name), plural(int64(s.Files), "file"), progress.Bytes(s.Stored), progress.Visible(s.First))
		for _, name := range slices.Sorted(maps.Keys(s.Pipelines)) {
			fmt.Fprintf(a.Out, "%-12s pipeline %s: %s\n", "", name, strings.Join(s.Pipelines[name], ", "))
		}
		fmt.Fprintf(a.Out, "%-12s tried %s: %s unreadable, %s kept\n", "", plural(s.Sample.Read.Docs, "record"),
			progress.Count(s.Sample.Bad.Docs), progress.Count(s.Sample.Kept.Docs))
		for _, fault := range s.Faults {
			fmt.Fprintf(a.Out, "%-12s unreadable: %s\n", "", progress.Visible(fault))
		}
	}
	fmt.Fprintf(a.Out, "in all       %s, about %s of text will be kept, written to %s\n", progress.Bytes(p.Stored), progress.Bytes(p.Text), r.Out)
	if p.Unknown > 0 {
		fmt.Fprintf(a.Out, "not counted  %s of unknown length, such as source trees\n", plural(int64(p.Unknown), "file"))
	}
	fmt.Fprintf(a.Out, "time         about %s of reading with %s, by these records; deduplication and tokens come after it\n",
		progress.Duration(time.Duration(p.Seconds*float64(time.Second))), plural(int64(p.Threads), "thread"))
	return nil
}

// corpusView shows how far a build has come.
type corpusView struct {
	screen *progress.Screen
	out    io.Writer
	stage  string
	logged time.Time
}

// logEvery is how often a build tells of itself where there is no terminal.
const logEvery = 10 * time.Second

// show is called by one goroutine.
func (v *corpusView) show(p corpus.Progress) {
	line := corpusLine(&p, time.Now())
	v.screen.Show(fmt.Sprintf("  %s %s", progress.Bar(p.Share, 24), line))
	if v.screen.Live() || p.Stage == v.stage && time.Since(v.logged) < logEvery {
		return
	}
	v.stage, v.logged = p.Stage, time.Now()
	fmt.Fprintf(v.out, "%3.0f%% %s\n", 100*p.Share, line)
}

// corpusLine is the progress in words.
func corpusLine(p *corpus.Progress, now time.Time) string {
	parts := []string{p.Stage}
	seconds := now.Sub(p.Begun).Seconds()
	if p.Stage == "ingest" {
		parts = append(parts, fmt.Sprintf("file %s of %s", progress.Count(int64(p.Files)), progress.Count(int64(p.TotalFiles))))
		if p.Since > 0 && seconds > 0 {
			parts = append(parts, fmt.Sprintf("%.1f MB/s", float64(p.Since)/1e6/seconds))
		}
		if p.Records > 0 {
			parts = append(parts, fmt.Sprintf("%s records, %.0f%% kept", progress.Count(p.Records), 100*float64(p.Kept)/float64(p.Records)))
		}
	}
	if left := p.Remaining(now); left >= 0 && seconds > 1 {
		parts = append(parts, progress.Duration(left)+" left")
	}
	return strings.Join(parts, ", ")
}

// printCorpus writes what became of each source.
func printCorpus(w io.Writer, m *corpus.Manifest, out string) {
	for i := range m.Sources {
		printSource(w, &m.Sources[i])
	}
	for _, pipeline := range slices.Sorted(maps.Keys(m.Evaluation)) {
		for _, r := range m.Evaluation[pipeline] {
			where := ""
			if len(m.Evaluation) > 1 {
				where = " by pipeline " + pipeline
			}
			fmt.Fprintf(w, "evaluation set %s: %s of %s items were found in %s documents%s\n", r.Set,
				progress.Count(int64(r.Touched)), progress.Count(int64(r.Items)), progress.Count(r.Documents), where)
		}
	}
	if m.Plan != nil && m.Plan.Limit != "" {
		printLimit(w, m.Plan)
	}
	if m.Plan != nil && len(m.Plan.Short) > 0 {
		fmt.Fprintf(w, "mixture: of %s there is less than the weights and the size ask for; others fill up as far as they can\n",
			progress.Visible(strings.Join(m.Plan.Short, ", ")))
	}
	fmt.Fprintf(w, "%s: %s tokens in %s documents\n", filepath.Join(out, corpus.ShardsDir), progress.Count(m.Tokens), progress.Count(m.ShardDocs))
}

// printLimit says that weights leave text out.
func printLimit(w io.Writer, p *mixture.Plan) {
	var unread, all int64
	for i, s := range p.Sources {
		unread += p.Unread(i)
		all += s.Bytes
	}
	fmt.Fprintf(w, "mixture: %.0f%% of the text is not read, because source %s, at its weight, would be read more often than its epochs; raise those, lower its weight, or set mixture.size\n",
		100*float64(unread)/float64(max(all, 1)), progress.Visible(p.Limit))
}

func printSource(w io.Writer, s *corpus.SourceReport) {
	f := &s.Funnel
	fmt.Fprintf(w, "%s: %s\n", progress.Visible(s.Name), plural(s.Files, "file"))
	row := func(what string, c corpus.Count) {
		if c.Docs > 0 {
			fmt.Fprintf(w, "  %-52s %12s %6.1f%% %10s\n", what, progress.Count(c.Docs), 100*float64(c.Docs)/float64(max(f.Read.Docs, 1)), progress.Bytes(c.Bytes))
		}
	}
	row("read", f.Read)
	row("unreadable", f.Bad)
	for _, step := range slices.Sorted(maps.Keys(f.Dropped)) {
		for _, rule := range slices.Sorted(maps.Keys(f.Dropped[step])) {
			row("dropped by "+step+": "+rule, f.Dropped[step][rule])
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(s.After.Gone)) {
		row(goneWords(reason), s.After.Gone[reason])
	}
	row("left", s.After.Left)
}

// goneWords says why documents went after the filters.
func goneWords(reason string) string {
	switch reason {
	case "exact":
		return "the same as another"
	case "near":
		return "nearly the same as another"
	}
	return "too little left by " + reason
}
