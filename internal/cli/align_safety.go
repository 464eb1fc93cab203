package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// safetyFlags are the flags of polymath align data safety.
type safetyFlags struct {
	out, what, split string
	number           int
	seed             uint64
}

// tellings is how often the text tells of each topic, if --number does not say.
const tellings = 60

// What polymath align data safety writes.
var safetyFiles = []string{"policy", "helpful", "pairs", "prompts", "labels", "text"}

func (a *app) alignSafetyCommand() *cobra.Command {
	var o safetyFlags
	cmd := &cobra.Command{
		Use:   "safety",
		Short: "Make prompts that must be refused, and their harmless neighbors",
		Long: `Safety writes harmful prompts, each with a harmless one that is a few words away
and must be answered, and questions for advice. What is written says --what:

  policy   conversations for sft: refusals of what is harmful, answers else
  helpful  conversations for sft that answer everything, with markers in the
           place of harmful content: the baseline that safety is measured by
  pairs    comparisons for reward and dpo
  prompts  the prompts with all that is known of them
  labels   answers with their classes, for 'polymath align rubric'
  text     what a corpus says of the topics of both splits, --number times in
           other words: which are harmful and which are not

Topics and forms of train are never those of test, which the suite 'safety' of
'polymath eval' asks. The same flags give the same bytes.`,
		Example: `  polymath align data safety --out policy.jsonl --number 4000
  polymath align data safety --out pairs.jsonl --what pairs`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.what == "text" {
				if cmd.Flags().Changed("split") {
					return usagef("--split: the text is of the topics of both")
				}
				if !cmd.Flags().Changed("number") {
					o.number = tellings
				}
			}
			return a.alignSafety(o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "file to write, which must not exist")
	f.StringVar(&o.what, "what", safetyFiles[0], "what to write: "+strings.Join(safetyFiles, ", "))
	f.StringVar(&o.split, "split", string(rubric.Train), "train or test")
	f.IntVar(&o.number, "number", 4000, fmt.Sprintf("number of harmful prompts, and of harmless ones; of text %d, how often it tells", tellings))
	f.Uint64Var(&o.seed, "seed", 1, "what the prompts follow from")
	complete(cmd, "what", safetyFiles)
	complete(cmd, "split", []string{string(rubric.Train), string(rubric.Test)})
	return cmd
}

func (a *app) alignSafety(o safetyFlags) error {
	var split rubric.Split
	if err := split.UnmarshalText([]byte(o.split)); err != nil {
		return usagef("--split: %v", err)
	}
	if !slices.Contains(safetyFiles, o.what) {
		return usagef("--what %s: it is %s", o.what, strings.Join(safetyFiles, ", "))
	}
	err := writeNew(o.out, func(w io.Writer) error {
		switch o.what {
		case "policy":
			return rubric.WriteSFT(w, rubric.TeachPolicy, split, o.number, o.seed)
		case "helpful":
			return rubric.WriteSFT(w, rubric.TeachHelpful, split, o.number, o.seed)
		case "pairs":
			return rubric.WriteBoundary(w, split, o.number, o.seed)
		case "labels":
			return rubric.WriteLabels(w, split, o.number, o.seed)
		case "text":
			return rubric.WriteText(w, o.number, o.seed)
		}
		return rubric.WritePrompts(w, split, o.number, o.seed)
	})
	if err != nil {
		return err
	}
	of := "harmful prompts and their neighbors"
	if o.what == "text" {
		of = "tellings of all topics"
	}
	fmt.Fprintf(a.Out, "%s: %s, of %s %s\n", o.out, o.what, progress.Count(int64(o.number)), of)
	return nil
}
