package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/grounding"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task/world"
)

// worldFlags are the flags of polymath align data hallucination.
type worldFlags struct {
	out, what, split string
	domains          []string
	number, size     int
	seed, world      uint64
	honest           float64
}

func (a *app) alignHallucinationCommand() *cobra.Command {
	var o worldFlags
	whats := textsOf(world.Whats)
	cmd := &cobra.Command{
		Use:   "hallucination",
		Short: "Make a world that is known, and questions on it and on texts",
		Long: `Hallucination writes questions whose answers can be checked statement by
statement: of the closed domain on a text that is given, of the open one on a
made-up world, of which a model knows what it has read in the world's corpus.
Some ask for what the text does not tell, for what nobody tells, or for names
that do not exist. What is written says --what:

  text       the world's corpus, --number times in other words
  sft        conversations: right answers, or that there is none
  baseline   conversations that make something up wherever there is room, but
             for the share --honest: what hallucination is measured against
  pairs      comparisons for reward and dpo, of the right answer and one with
             something made up, one that declines without need, or one that
             tells what was not asked
  rewriting  closed only: an answer with something made up, what the text does
             not support of it, and the answer without that
  prompts    the questions with all that is known of them

Names and forms of train and rollout are never those of test, which the suite
'hallucination' of 'polymath eval' asks. The same flags give the same bytes.`,
		Example: `  polymath align data hallucination --what text --number 50 --out world.jsonl
  polymath align data hallucination --what baseline --honest 0.1 --out b.jsonl
  polymath align data hallucination --what pairs --domains closed --out p.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.alignHallucination(o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.StringVar(&o.what, "what", string(world.SFT), "what to write: "+strings.Join(whats, ", "))
	f.StringVar(&o.split, "split", string(world.Train), "whose names and forms: "+strings.Join(textsOf(world.Splits), ", "))
	f.StringSliceVar(&o.domains, "domains", nil, "domains that come in turn (default: "+strings.Join(textsOf(world.Domains), ", ")+")")
	f.IntVar(&o.number, "number", 4000, "number of questions, or of tellings of the corpus")
	f.Uint64Var(&o.seed, "seed", 1, "what the questions follow from")
	f.Float64Var(&o.honest, "honest", 0, "share of the baseline that makes nothing up, 0 to 1")
	f.Uint64Var(&o.world, "world", world.DefaultWorld, "what the world follows from; the suite asks for the default one")
	f.IntVar(&o.size, "size", world.DefaultSize, "people, places and ships of the world")
	complete(cmd, "what", whats)
	complete(cmd, "split", textsOf(world.Splits))
	complete(cmd, "domains", textsOf(world.Domains))
	return cmd
}

func textsOf[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = string(s)
	}
	return all
}

func (a *app) alignHallucination(o worldFlags) error {
	w := world.Writing{
		Options:     world.Options{Number: o.number, Seed: o.seed, World: o.world, Size: o.size, Split: world.Split(o.split)},
		What:        world.What(o.what),
		Honest:      o.honest,
		RewriteTurn: grounding.RewriteTurn,
	}
	for _, d := range o.domains {
		w.Domains = append(w.Domains, world.Domain(d))
	}
	if w.What == world.Rewriting && len(w.Domains) == 0 {
		w.Domains = []world.Domain{world.Closed}
	}
	if err := w.Check(); err != nil {
		return usageError{err}
	}
	if err := writeNew(o.out, func(out io.Writer) error { return world.Write(out, w) }); err != nil {
		return err
	}
	what := o.what + ", of " + progress.Count(int64(o.number)) + " questions"
	if w.What == world.Text {
		what = "a world of " + progress.Count(int64(o.size)) + " names, told " + progress.Count(int64(o.number)) + " times"
	}
	fmt.Fprintf(a.Out, "%s: %s\n", o.out, what)
	return nil
}
