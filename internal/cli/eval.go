package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/task"
)

func (a *app) evalCommand() *cobra.Command {
	var o evalFlags
	cmd := &cobra.Command{
		Use:   "eval MODEL --suite NAME",
		Short: "Examine a model, with intervals, and report what it knows",
		Long: `Eval puts the items of a suite to MODEL and says what the answers are worth:
scores with 95% intervals, what guessing would score, calibration, and with
--compare the differences to another model, item by item. MODEL is a directory,
a GGUF file, or the address of an API like OpenAI's, whose key is taken from
POLYMATH_API_KEY or OPENAI_API_KEY.

A suite is one or several names of 'polymath eval list', or files of tasks of
your own. The suite clone needs no data; others look for theirs in --data.

Suites about pictures, vision and drawn (which needs no data), put their items
once more without the pictures: the difference, with its interval, is what
seeing adds. --against-blind does so for other suites, --withhold-images does
that run alone.

Scores are the same to the bit however many items are worked on at a time. A
run that is interrupted goes on with the same command; items that failed are
tried again. The run's directory gets the records of all items, the results and
a report.`,
		Example: `  polymath eval polymath-quickstart/run/model --suite clone
  polymath eval MODEL --suite arc_easy,piqa --data ../data --limit 500
  polymath eval MODEL --suite mmlu --compare evals/other-mmlu
  polymath eval MODEL --suite vision --data ../data
  polymath eval https://host/v1 --model NAME --suite gsm8k`,
		Annotations: map[string]string{"argument": "MODEL --suite NAME [flags]"}, // it has commands too
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !cmd.Flags().Changed("suite") {
				return nil // help
			}
			return exactly("MODEL")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			o.setAgainstBlind(cmd.Flags().Changed("against-blind"))
			if err := o.check(args[0]); err != nil {
				return err
			}
			return a.eval(cmd.Context(), args[0], &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.suite, "suite", "", "suites, tasks or files of tasks, with commas between")
	addEvalData(f, &o.data)
	f.IntVar(&o.limit, "limit", 0, "items of each task, the same ones in every run; 0 is all")
	addEvalShots(f, &o.shots)
	addEvalLengths(f, &o.lengths)
	f.BoolVar(&o.byLetter, "explain", false, "have choices explained and answered by a letter, as GPT-4 was examined")
	f.BoolVar(&o.blind, "withhold-images", false, "put items without their images")
	f.BoolVar(&o.againstBlind, "against-blind", false, "put items with images once more without, and say what seeing adds (default with the suites vision and drawn)")
	f.IntVar(&o.samples, "samples", 0, "answers to each item that is written; 0 is as the task says")
	f.Uint64Var(&o.seed, "seed", 0, "of items for --limit, examples and what is drawn")
	f.StringVar(&o.out, "out", "", "directory of the run (default: evals/MODEL-SUITE)")
	f.BoolVar(&o.fresh, "fresh", false, "begin anew where the directory holds another run")
	f.StringVar(&o.report, "report", "", "file of the report (default: report.html in the run's directory)")
	f.StringVar(&o.compare, "compare", "", "another model, or the directory of its run: its scores less those of MODEL, item by item")
	f.StringVar(&o.judge, "judge", "", "model or address that judges free answers by their rubrics")
	f.StringVar(&o.judgeModel, "judge-model", "", "name of the judge at an address")
	addEvalExams(f, &o.examFiles)
	f.StringVar(&o.contamination, "contamination", "auto", "look for items in the model's corpus: auto or off")
	f.StringArrayVar(&o.corpus, "corpus", nil, "corpus to look for items in (default: the model's own)")
	addCarbon(f, &o.carbon)
	f.BoolVar(&o.dryRun, "dry-run", false, "say what the run will take, and stop")
	f.BoolVar(&o.asJSON, "json", false, "print the results as one JSON object")
	o.subject.add(f)
	complete(cmd, "chat", []string{"auto", "on", "off"})
	complete(cmd, "contamination", []string{"auto", "off"})
	if err := cmd.RegisterFlagCompletionFunc("suite", completeSuite); err != nil {
		panic(err) // there is no such flag: a slip of this package
	}
	cmd.AddCommand(a.evalListCommand(), a.evalShowCommand(), a.evalCompareCommand(), a.evalReportCommand(), a.evalJudgeCommand(), a.evalSandboxCommand(), a.evalProbeCommand())
	return cmd
}

// eval examines a model.
func (a *app) eval(ctx context.Context, model string, o *evalFlags) error {
	var err error
	if o.exams, err = examsOf(o.examFiles); err != nil {
		return err
	}
	if err := longFor(model, o); err != nil { // before items are made, which may take a while
		return err
	}
	sheets, err := a.loadSheets(ctx, o)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = o.defaultOut(model)
	}
	other, err := openOther(o.compare, sheets)
	if err != nil {
		return err
	}
	f, err := a.examine(ctx, model, sheets, o, o.out)
	if o.dryRun && err == nil && o.againstBlind {
		fmt.Fprintln(a.Out, "Items with images are put once more without them, which takes less; --against-blind=false leaves that out.")
	}
	if err != nil || o.dryRun {
		return err
	}
	if o.againstBlind {
		return a.againstBlind(ctx, model, f, sheets, o)
	}
	if o.compare != "" && other == nil {
		flags := *o
		flags.subject.adapter, flags.subject.model = "", ""
		if other, err = a.examine(ctx, o.compare, sheets, &flags, flags.otherOut(o.compare)); err != nil {
			return err
		}
	}
	var c *eval.Comparison
	if other != nil {
		if c, err = eval.Compare(f, other); err != nil {
			return err
		}
	}
	return a.conclude(f, f, other, c, o)
}

// openOther opens what is compared with before there is work to lose: a run, or nil
// where it is a model that is there or no comparison is wanted.
func openOther(path string, sheets []eval.Sheet) (*eval.Finished, error) {
	switch {
	case path == "" || isEndpoint(path):
		return nil, nil
	case isRun(path):
		return openComparable(path, sheets)
	}
	_, err := os.Stat(path)
	if err != nil {
		err = fmt.Errorf("--compare: %w", err)
	}
	return nil, err
}

// openComparable opens a run that has one of the tasks at least with the same items.
func openComparable(dir string, sheets []eval.Sheet) (*eval.Finished, error) {
	f, err := eval.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	for i := range f.Result.Tasks {
		for k := range sheets {
			if hash := sheets[k].Hash; hash != "" && hash == f.Result.Tasks[i].TaskHash {
				return f, nil
			}
		}
	}
	s := f.Result.Settings
	return nil, fmt.Errorf("%s has none of these tasks with the same items: it is of --suite %s --limit %d --shots %d --seed %d",
		dir, f.Result.Suite, s.Limit, s.Shots, s.Seed)
}

// isRun says that a path is the directory of a run, over or not.
func isRun(path string) bool {
	for _, name := range []string{"results.json", "settings.json"} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return true
		}
	}
	return false
}

// conclude prints what came of f and writes the report of the one or two runs that are
// compared, of which it is one.
func (a *app) conclude(f, before, after *eval.Finished, c *eval.Comparison, o *evalFlags) error {
	path := o.report
	if path == "" {
		path = filepath.Join(f.Dir, "report.html")
	}
	unwritten := writeEvalReport(path, before, after, c) // what it took hours to find is printed all the same
	if o.asJSON {
		if err := printEvalJSON(a.Out, f.Result, c); err != nil {
			return err
		}
	} else {
		printResult(a.Out, f.Result, c)
		printErrors(a.Out, f)
		if unwritten == nil {
			fmt.Fprintf(a.Out, "\nreport: %s\n", path)
		}
	}
	if unwritten != nil {
		return fmt.Errorf("%w; all else is in %s, and 'polymath eval report %s --report FILE' writes the report elsewhere", unwritten, f.Dir, f.Dir)
	}
	return whatWasNotRun(f.Result)
}

// whatWasNotRun is the error of a run of which some tasks could not be run.
func whatWasNotRun(r *eval.Result) error {
	var skipped []string
	hint := ""
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if t.Skipped == "" {
			continue
		}
		skipped = append(skipped, t.Task)
		if t.Method == task.MethodChoice && strings.HasPrefix(t.Skipped, eval.ErrUnsupported.Error()) {
			hint = "; --explain puts tasks of choices to models that give no log-probabilities"
		}
	}
	if len(skipped) == 0 {
		return nil
	}
	return fmt.Errorf("%s of %d could not be run: %s%s", plural(int64(len(skipped)), "task"), len(r.Tasks), strings.Join(skipped, ", "), hint)
}

// evalJSON is what --json prints.
type evalJSON struct {
	*eval.Result
	Comparison *eval.Comparison `json:"comparison,omitempty"`
}

// examine runs one model, or says what that will take.
func (a *app) examine(ctx context.Context, model string, sheets []eval.Sheet, o *evalFlags, dir string) (*eval.Finished, error) {
	s, err := a.openSubject(ctx, model, &o.subject)
	if err != nil {
		return nil, err
	}
	defer s.close()
	g, err := a.openGraders(ctx, sheets, o)
	if err != nil {
		return nil, err
	}
	defer g.close()
	if err := traceData(s, o); err != nil {
		return nil, err
	}
	settings := eval.Settings{
		Seed: o.seed, Limit: o.limit, Shots: o.shots, Samples: o.samples, Chat: s.subject.Info().Chat, Judge: g.judgeName, Blind: o.blind, Int8: o.subject.int8,
	}
	if o.dryRun {
		return nil, a.planEval(ctx, s.subject, sheets, &settings)
	}
	who := (&eval.Result{Subject: s.subject.Info(), Settings: settings}).Name()
	view := newEvalView(a.Err, who, sheets)
	var meter *energy.Meter
	if !isEndpoint(model) { // whose energy is not this machine's
		meter = energy.Open()
	}
	f, err := eval.Run(ctx, s.subject, sheets, eval.Options{
		Meter: meter, Carbon: o.carbon,
		Version: readVersion(), Suite: o.suite, Settings: settings, Grader: g.grader, Parallel: o.subject.parallel,
		Dir: dir, Fresh: o.fresh, Begin: view.begin, Progress: view.observe, Reading: view.observeReading,
		Finish: func(f *eval.Finished) error {
			view.end()
			return a.complete(ctx, f, sheets, s, o)
		},
	})
	view.end()
	switch {
	case err != nil && ctx.Err() != nil:
		if !interrupt.Alone(err) {
			return nil, err
		}
		fmt.Fprintf(a.Err, "polymath: interrupted; the same command goes on from what is in %s\n", dir)
		return nil, errInterrupted
	case errors.Is(err, eval.ErrOther):
		return nil, fmt.Errorf("%w; give the flags that it began with, another --out, or --fresh to begin anew", err)
	}
	return f, withKey(err)
}

func printEvalJSON(out io.Writer, r *eval.Result, c *eval.Comparison) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(evalJSON{r, c})
}
