package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/align/preference"
)

// rewardMeasureFlags are the flags of polymath align reward measure.
type rewardMeasureFlags struct {
	align.MeasureOptions
	cut, asJSON bool
}

func (a *app) rewardMeasureCommand() *cobra.Command {
	var o rewardMeasureFlags
	cmd := &cobra.Command{
		Use:   "measure MODEL FILE...",
		Short: "Say how often a reward model agrees with comparisons",
		Long: `Measure has a reward model judge the answers of comparisons and says how often
it prefers the better one, beside preferring the longer one, and how far its
probabilities can be believed, with 95% intervals. Give it comparisons that it
did not learn from: those of training say little.`,
		Example: `  polymath align reward measure runs/align-reward/model held.jsonl
  polymath align reward measure runs/align-reward/model held.jsonl --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			return exactly("MODEL", "FILE")(cmd, args[:min(len(args), 2)])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rewardMeasure(cmd.Context(), args[0], args[1:], &o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Sequence, "sequence", 0, "tokens that a prompt with an answer may have (default 1024, or what the model reads)")
	f.BoolVar(&o.cut, "cut", false, "leave out the beginning of what is longer, not all of it")
	f.BoolVar(&o.SkipBad, "skip-bad", false, "leave out lines that cannot be read")
	f.BoolVar(&o.asJSON, "json", false, "print the measurement as one JSON object")
	return cmd
}

func (a *app) rewardMeasure(ctx context.Context, dir string, files []string, o *rewardMeasureFlags) error {
	if o.Sequence < 0 {
		return usagef("--sequence is not below 0")
	}
	if o.cut {
		o.TooLong = preference.Cut
	}
	m, report, err := align.MeasureReward(ctx, dir, files, o.MeasureOptions)
	if err != nil {
		return err
	}
	if o.asJSON {
		return json.NewEncoder(a.Out).Encode(struct {
			Measures    align.Measures     `json:"measures"`
			Comparisons *preference.Report `json:"comparisons"`
		}{m, report})
	}
	printComparisons(a.Err, report)
	fmt.Fprintf(a.Out, "accuracy  %s of %s\n", withBounds(m.Estimate("accuracy")), plural(int64(report.Pairs), "pair"))
	fmt.Fprintf(a.Out, "longer    %.1f%%: how often the longer answer is the better one\n", 100*m["baseline/longer"])
	if _, ok := m["ece"]; ok {
		e := m.Estimate("ece")
		fmt.Fprintf(a.Out, "error     %.3f (%.3f to %.3f) of its probabilities, Brier score %.3f\n", e.Value, e.Low, e.High, m["brier"])
	}
	fmt.Fprintf(a.Out, "margin    %.3f between the better and the worse answer\n", m["margin"])
	return nil
}
