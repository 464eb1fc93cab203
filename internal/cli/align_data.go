package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task/problem"
)

// problemFlags are the flags of polymath align data problems.
type problemFlags struct {
	out    string
	number int
	kinds  []string
	seed   uint64
	steps  int
	pairs  bool
	direct float64
}

func (a *app) alignDataCommand() *cobra.Command {
	return a.group("data", "Make data to learn from", a.alignProblemsCommand(), a.alignInstructionsCommand(), a.alignSafetyCommand(), a.alignHallucinationCommand(), a.alignCorpusCommand(), a.alignRewritesCommand(), a.alignEntailmentCommand(), a.alignTaskCommand())
}

func (a *app) alignProblemsCommand() *cobra.Command {
	var o problemFlags
	words := kindWords()
	cmd := &cobra.Command{
		Use:   "problems",
		Short: "Make problems of several steps with their solutions",
		Long: `Problems writes problems of one to six steps with a solution step by step, as
conversations for sft, one a line; with --pairs as comparisons for reward and
dpo, of the solution and one with a wrong step. The kinds come in turn. The same
flags give the same bytes. With --direct a share of the answers shows no work:
rewards can then teach a model to work. The suite 'problems' of 'polymath eval'
asks longer problems, in other forms.`,
		Example: `  polymath align data problems --out problems.jsonl --number 100000
  polymath align data problems --out pairs.jsonl --pairs --kinds boolean,cycle`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.alignProblems(o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.IntVar(&o.number, "number", 10_000, "number of problems")
	f.StringSliceVar(&o.kinds, "kinds", nil, "kinds of problems (default: "+strings.Join(words, ", ")+")")
	f.Uint64Var(&o.seed, "seed", 1, "what the problems follow from")
	f.IntVar(&o.steps, "steps", problem.TrainSteps, "largest number of steps of a problem")
	f.Float64Var(&o.direct, "direct", 0, "share of the problems answered without a solution, 0 to 1")
	f.BoolVar(&o.pairs, "pairs", false, "write pairs of a right and a wrong solution")
	complete(cmd, "kinds", words)
	return cmd
}

func kindWords() []string {
	words := make([]string, len(problem.Kinds))
	for i, k := range problem.Kinds {
		words[i] = string(k)
	}
	return words
}

func (a *app) alignProblems(o problemFlags) error {
	options := problem.Options{Number: o.number, Seed: o.seed, Steps: o.steps, Pairs: o.pairs, Direct: o.direct}
	for _, k := range o.kinds {
		options.Kinds = append(options.Kinds, problem.Kind(k))
	}
	if o.steps < 1 || o.steps > problem.TrainSteps {
		return usagef("--steps %d: from 1 to %d, longer ones are for examinations", o.steps, problem.TrainSteps)
	}
	if err := options.Check(); err != nil {
		return usageError{err}
	}
	if err := writeNew(o.out, func(w io.Writer) error { return problem.Write(w, options) }); err != nil {
		return err
	}
	what := "problems with their solutions"
	if o.pairs {
		what = "pairs of solutions"
	}
	fmt.Fprintf(a.Out, "%s: %s %s\n", o.out, progress.Count(int64(o.number)), what)
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(out string, fill func(io.Writer) error) error {
	if err := checkNew(out); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return err
	}
	_, err := atomicfile.Write(out, fill)
	return err
}

// checkNew sees that there is a name of a file to write, which is not there yet.
func checkNew(out string) error {
	if out == "" {
		return usagef("--out is missing: name the file to write")
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s exists: name another file, or remove it", out)
	}
	return nil
}
