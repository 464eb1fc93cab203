package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task/constraint"
)

// instructionFlags are the flags of polymath align data instructions.
type instructionFlags struct {
	out    string
	number int
	seed   uint64
	pairs  bool
}

func (a *app) alignInstructionsCommand() *cobra.Command {
	var o instructionFlags
	cmd := &cobra.Command{
		Use:   "instructions",
		Short: "Make requests with constraints that a program checks",
		Long: `Instructions writes requests with one to three constraints, such as a number of
words, a word to avoid or a numbered list, each with an answer that meets them
all, as conversations for sft, one a line; with --pairs as comparisons for
reward and dpo, of that answer and one that breaks exactly one constraint. The
same flags give the same bytes. The suite 'instructions' of 'polymath eval' has
other combinations of constraints.`,
		Example: `  polymath align data instructions --out instructions.jsonl --number 50000
  polymath align data instructions --out pairs.jsonl --pairs`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.alignInstructions(o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.IntVar(&o.number, "number", 10_000, "number of requests")
	f.Uint64Var(&o.seed, "seed", 1, "what the requests follow from")
	f.BoolVar(&o.pairs, "pairs", false, "write pairs of an answer that meets all and one that does not")
	return cmd
}

func (a *app) alignInstructions(o instructionFlags) error {
	options := constraint.Options{Number: o.number, Seed: o.seed, Pairs: o.pairs}
	if err := options.Check(); err != nil {
		return usageError{err}
	}
	if err := writeNew(o.out, func(w io.Writer) error { return constraint.Write(w, options) }); err != nil {
		return err
	}
	what := "requests with answers that meet them"
	if o.pairs {
		what = "pairs of answers"
	}
	fmt.Fprintf(a.Out, "%s: %s %s\n", o.out, progress.Count(int64(o.number)), what)
	return nil
}
