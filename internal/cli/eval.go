package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/task/suite"
)

// evalFlags are the flags of polymath eval.
type evalFlags struct {
	subject       subjectFlags
	suite, data   string
	limit, shots  int
	samples       int
	seed          uint64
	out, report   string
	compare       string
	judge         string // who judges by rubrics
	judgeModel    string // its name at an address
	dryRun, fresh bool
	asJSON        bool
	contamination string
	corpus        []string
	examFiles     []string
	exams         []*exam.Exam // the ready ones and those of examFiles
}

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

Scores are the same to the bit however many items are worked on at a time. A
run that is interrupted goes on with the same command; items that failed are
tried again. The run's directory gets the records of all items, the results and
a report.`,
		Example: `  polymath eval polymath-quickstart/run/model --suite clone
  polymath eval MODEL --suite arc_easy,piqa --data ../data --limit 500
  polymath eval MODEL --suite mmlu --compare evals/other-mmlu
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
	f.IntVar(&o.samples, "samples", 0, "answers to each item that is written; 0 is as the task says")
	f.Uint64Var(&o.seed, "seed", 0, "of items for --limit, examples and what is drawn")
	f.StringVar(&o.out, "out", "", "directory of the run (default: evals/MODEL-SUITE)")
	f.BoolVar(&o.fresh, "fresh", false, "begin anew where the directory holds another run")
	f.StringVar(&o.report, "report", "", "file of the report (default: report.html in the run's directory)")
	f.StringVar(&o.compare, "compare", "", "another model, or the directory of its run: its scores less those of MODEL, item by item")
	f.StringVar(&o.judge, "judge", "", "model or address that judges free answers by their rubrics")
	f.StringVar(&o.judgeModel, "judge-model", "", "name of the judge at an address")
	f.StringArrayVar(&o.examFiles, "exam", nil, "file of examinations of your own, besides the ready ones")
	f.StringVar(&o.contamination, "contamination", "auto", "look for items in the model's corpus: auto or off")
	f.StringArrayVar(&o.corpus, "corpus", nil, "corpus to look for items in (default: the model's own)")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what the run will take, and stop")
	f.BoolVar(&o.asJSON, "json", false, "print the results as one JSON object")
	o.subject.add(f)
	complete(cmd, "chat", []string{"auto", "on", "off"})
	complete(cmd, "contamination", []string{"auto", "off"})
	if err := cmd.RegisterFlagCompletionFunc("suite", completeSuite); err != nil {
		panic(err) // there is no such flag: a slip of this package
	}
	cmd.AddCommand(a.evalListCommand(), a.evalShowCommand(), a.evalCompareCommand(), a.evalReportCommand(), a.evalJudgeCommand(), a.evalSandboxCommand())
	return cmd
}

// dataVariable names the directory of the data where the flag does not.
const dataVariable = "POLYMATH_DATA"

func addEvalData(f *pflag.FlagSet, data *string) {
	f.StringVar(data, "data", "", "directory of the tasks' data (default: "+dataVariable+", if it is set)")
}

func addEvalShots(f *pflag.FlagSet, shots *int) {
	f.IntVar(shots, "shots", -1, "solved examples before each item; -1 is as the task says")
}

// completeSuite completes the last of several names.
func completeSuite(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var names []string
	for _, s := range suite.Suites() {
		names = append(names, before+s.Name)
	}
	names = append(names, before+examSuite)
	for _, name := range suite.Names() {
		names = append(names, before+name)
	}
	return names, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func (o *evalFlags) check(model string) error {
	switch {
	case o.suite == "":
		return usagef("name what to examine by --suite, such as --suite clone; 'polymath eval list' lists suites and tasks")
	case o.limit < 0 || o.samples < 0 || o.shots < -1:
		return usagef("--limit, --samples and --shots are no numbers below 0, but for --shots -1")
	case o.contamination != "auto" && o.contamination != "off":
		return usagef("--contamination is %q; give auto or off", o.contamination)
	case o.contamination == "off" && len(o.corpus) > 0:
		return usagef("--contamination off and --corpus exclude each other")
	}
	return o.subject.check(model)
}

// defaultOut is the directory of a run that is not named.
func (o *evalFlags) defaultOut(model string) string {
	name := shortName(model)
	if o.subject.model != "" {
		name = shortName(o.subject.model)
	}
	name += "-" + clean(o.suite)
	for _, flag := range []struct {
		name  string
		value int
		given bool
	}{{"limit", o.limit, o.limit > 0}, {"shots", o.shots, o.shots >= 0}, {"samples", o.samples, o.samples > 0}} {
		if flag.given {
			name += "-" + flag.name + strconv.Itoa(flag.value)
		}
	}
	return filepath.Join("evals", name)
}

// shortName tells models apart by their paths: the last part that says something.
func shortName(path string) string {
	parts := strings.FieldsFunc(filepath.ToSlash(path), func(r rune) bool { return r == '/' })
	for len(parts) > 1 {
		last := parts[len(parts)-1]
		if last != "model" && last != "run" && last != "v1" {
			break
		}
		parts = parts[:len(parts)-1]
	}
	if len(parts) == 0 {
		return "model"
	}
	return clean(strings.TrimSuffix(parts[len(parts)-1], ".gguf"))
}

// clean keeps what stands in a file's name anywhere.
func clean(name string) string {
	const long = 60
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	return name[:min(len(name), long)]
}

// eval examines a model.
func (a *app) eval(ctx context.Context, model string, o *evalFlags) error {
	var err error
	if o.exams, err = examsOf(o.examFiles); err != nil {
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
	if err != nil || o.dryRun {
		return err
	}
	if o.compare != "" && other == nil {
		flags := *o
		flags.subject.adapter, flags.subject.model = "", ""
		if other, err = a.examine(ctx, o.compare, sheets, &flags, flags.defaultOut(o.compare)); err != nil {
			return err
		}
	}
	var c *eval.Comparison
	if other != nil {
		if c, err = eval.Compare(f, other); err != nil {
			return err
		}
	}
	return a.conclude(f, other, c, o)
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

// conclude prints what came of it and writes the report.
func (a *app) conclude(f, other *eval.Finished, c *eval.Comparison, o *evalFlags) error {
	path := o.report
	if path == "" {
		path = filepath.Join(f.Dir, "report.html")
	}
	if err := writeEvalReport(path, f, other, c); err != nil {
		return err
	}
	if o.asJSON {
		if err := printEvalJSON(a.Out, f.Result, c); err != nil {
			return err
		}
	} else {
		printResult(a.Out, f.Result, c)
		fmt.Fprintf(a.Out, "\nreport: %s\n", path)
	}
	var skipped []string
	for i := range f.Result.Tasks {
		if t := &f.Result.Tasks[i]; t.Skipped != "" {
			skipped = append(skipped, t.Task)
		}
	}
	if len(skipped) > 0 {
		return fmt.Errorf("%s of %d could not be run: %s", plural(int64(len(skipped)), "task"), len(f.Result.Tasks), strings.Join(skipped, ", "))
	}
	return nil
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
		Seed: o.seed, Limit: o.limit, Shots: o.shots, Samples: o.samples, Chat: s.subject.Info().Chat, Judge: g.judgeName,
	}
	if o.dryRun {
		return nil, a.planEval(ctx, s.subject, sheets, &settings)
	}
	view := newEvalView(a.Err, s.subject.Info().Name, sheets)
	f, err := eval.Run(ctx, s.subject, sheets, eval.Options{
		Version: readVersion(), Suite: o.suite, Settings: settings, Grader: g.grader, Parallel: o.subject.parallel,
		Dir: dir, Fresh: o.fresh, Begin: view.begin, Progress: view.observe,
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
	return f, err
}

func printEvalJSON(out io.Writer, r *eval.Result, c *eval.Comparison) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(evalJSON{r, c})
}
