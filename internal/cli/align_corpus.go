package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/question"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// corpusDataFlags are the flags of polymath align data corpus.
type corpusDataFlags struct {
	out, what, split, as, name string
	shares                     map[string]string
	asks                       []string
	options                    question.Options
	sources                    question.Sources
}

// tasksWord is what writes tasks; the others are forms of lines.
const tasksWord = "tasks"

var corpusDataForms = []string{string(question.Conversations), string(question.Pairs), tasksWord}

func (a *app) alignCorpusCommand() *cobra.Command {
	o := corpusDataFlags{options: question.DefaultOptions(), sources: question.Sources{Limits: question.DefaultLimits()}}
	cmd := &cobra.Command{
		Use:   "corpus PATH...",
		Short: "Make questions out of doc comments, dictionaries, tables, text",
		Long: `Corpus reads files, directories and patterns: Go sources with doc comments
(.go), headings with their text, tables and lists of definitions (.md, .html),
tables and dictionaries (.csv, .tsv, .jsonl, .parquet; .json with --as; dictd's
.index with .dict or .dict.dz). It asks in five ways, by --share:

  memory   the question alone; the answer is what the source says
  given    a text, and a question that it answers
  missing  a question on what is in no source: the answer says so
  absent   a text, and a question that it does not answer: the answer says so
  refuse   what must be refused, and harmless neighbors that must be answered

--what sft writes conversations, pairs comparisons with wrong answers, such as
what the source says of a neighbor, and tasks a directory of tasks for 'polymath
eval' and for rewards. Subjects and forms of train are never those of test.
Entries with secrets or private data are left out. The same sources and flags
give the same bytes.`,
		Example: `  polymath align data corpus docs src --out answers.jsonl
  polymath align data corpus docs src --out pairs.jsonl --what pairs
  polymath align data corpus docs src --out exam --what tasks --split test`,
		Args: atLeastOne("PATH"),
		RunE: func(cmd *cobra.Command, paths []string) error {
			o.sources.Paths = paths
			return a.alignCorpus(cmd.Context(), o)
		},
	}
	a.corpusDataFlags(cmd, &o)
	return cmd
}

func (a *app) corpusDataFlags(cmd *cobra.Command, o *corpusDataFlags) {
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist; of tasks the directory")
	f.StringVar(&o.what, "what", corpusDataForms[0], "what to write: "+strings.Join(corpusDataForms, ", "))
	f.StringVar(&o.name, "name", "corpus", "what the names of tasks begin with")
	f.StringVar(&o.split, "split", string(question.Train), "train or test")
	f.IntVar(&o.options.Number, "number", o.options.Number, "number of questions at most; there are fewer where the sources give no more")
	f.Uint64Var(&o.options.Seed, "seed", o.options.Seed, "what all follows from")
	f.Float64Var(&o.options.HeldOut, "held-out", o.options.HeldOut, "share of the subjects that are those of test")
	f.StringToStringVar(&o.shares, "share", nil, "ways to ask and their weight, such as memory=2,given=1 (default: all)")
	f.StringSliceVar(&o.asks, "ask", nil, "what is asked (default: "+strings.Join(askWords(), ", ")+")")
	f.StringVar(&o.as, "as", "", "read tables and JSON as dictionary or table (default: by the names of their columns)")
	f.StringVar(&o.sources.Key, "key", "", "column that names the rows of tables (default: the first whose texts differ)")
	f.StringSliceVar(&o.sources.Exclude, "exclude", nil, "patterns of names that are passed over, such as '**/testdata'")
	f.IntVar(&o.sources.Limits.Subject, "max-name", o.sources.Limits.Subject, "characters of a name at most")
	f.IntVar(&o.sources.Limits.Answer, "max-answer", o.sources.Limits.Answer, "characters of an answer at most")
	f.IntVar(&o.sources.Limits.Passage, "max-text", o.sources.Limits.Passage, "characters of a text to answer from at most")
	complete(cmd, "what", corpusDataForms)
	complete(cmd, "split", []string{string(question.Train), string(question.Test)})
	complete(cmd, "as", []string{string(question.AsDictionary), string(question.AsTable)})
	complete(cmd, "ask", askWords())
}

func askWords() []string {
	words := make([]string, len(question.Asks))
	for i, ask := range question.Asks {
		words[i] = string(ask)
	}
	return words
}

// check completes the options.
func (o *corpusDataFlags) check() error {
	if !slices.Contains(corpusDataForms, o.what) {
		return usagef("--what %s: it is %s", o.what, strings.Join(corpusDataForms, ", "))
	}
	o.options.Split, o.sources.As = question.Split(o.split), question.As(o.as)
	for _, ask := range o.asks {
		o.options.Asks = append(o.options.Asks, question.Ask(ask))
	}
	if len(o.shares) > 0 {
		o.options.Shares = map[question.Way]float64{}
	}
	for way, text := range o.shares {
		share, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return usagef("--share %s=%s: it is no number", way, text)
		}
		o.options.Shares[question.Way(way)] = share
	}
	if err := o.options.Check(); err != nil {
		return usageError{err}
	}
	if err := o.sources.Check(); err != nil {
		return usageError{err}
	}
	return nil
}

func (a *app) alignCorpus(ctx context.Context, o corpusDataFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.what == tasksWord {
		return a.alignCorpusTasks(ctx, o)
	}
	var set *question.Set
	var report *question.Report
	err := writeNew(o.out, func(w io.Writer) (err error) {
		if set, err = a.readSources(ctx, o.sources); err != nil {
			return err
		}
		report, err = question.Write(w, set, o.options, question.What(o.what))
		return err
	})
	if err != nil {
		return err
	}
	a.printSources(set)
	a.printMade(o.out, report)
	return nil
}

func (a *app) alignCorpusTasks(ctx context.Context, o corpusDataFlags) error {
	if o.out == "" {
		return usagef("--out is missing: name the directory of the tasks")
	}
	set, err := a.readSources(ctx, o.sources)
	if err != nil {
		return err
	}
	tasks, report, err := question.WriteTasks(o.out, o.name, set, o.options)
	if err != nil {
		return err
	}
	a.printSources(set)
	a.printMade(o.out, report)
	for _, path := range tasks {
		fmt.Fprintf(a.Out, "  %s\n", progress.Visible(path))
	}
	return nil
}

// readSources shows how far it is.
func (a *app) readSources(ctx context.Context, s question.Sources) (*question.Set, error) {
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	s.Observe = func(done, all int) {
		screen.Show(fmt.Sprintf("  %s %d of %d files", progress.Bar(float64(done)/float64(all), 30), done, all))
	}
	return question.Read(ctx, s)
}

// printSources says what the sources gave, and what of them was left out.
func (a *app) printSources(set *question.Set) {
	var kinds, left []string
	count := set.Count()
	for _, kind := range question.Kinds {
		if n := count[kind]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %s", kind, progress.Count(int64(n))))
		}
	}
	fmt.Fprintf(a.Err, "%s files say %s things (%s)\n", progress.Count(int64(set.Files())),
		progress.Count(int64(len(set.Entries()))), strings.Join(kinds, ", "))
	why := set.LeftOut()
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		left = append(left, fmt.Sprintf("%s %s", reason, progress.Count(int64(why[reason]))))
	}
	if left != nil {
		fmt.Fprintf(a.Err, "left out: %s\n", strings.Join(left, ", "))
	}
}

// printMade says what was made.
func (a *app) printMade(out string, r *question.Report) {
	var ways []string
	for _, way := range question.Ways {
		if n := r.Made[way]; n > 0 {
			ways = append(ways, fmt.Sprintf("%s %s", way, progress.Count(int64(n))))
		}
	}
	fmt.Fprintf(a.Out, "%s: %s questions (%s)\n", progress.Visible(out), progress.Count(int64(r.Total())), strings.Join(ways, ", "))
	for _, way := range r.Ended {
		fmt.Fprintf(a.Err, "the sources give no more of the way %s\n", way)
	}
}
