package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/shell"
)

// alignFlags are the flags of polymath align METHOD.
type alignFlags struct {
	trainFlags
	asJSON bool
}

// alignMethods are the commands of the methods, in the order of the help.
var alignMethods = []struct{ method, short, long string }{
	{align.Reward, "Learn a reward model from comparisons of answers", `Reward learns a reward model: a number for each answer, higher for the one that
was preferred, from the comparisons that the recipe names as preferences.files.
It is a decoder with one number for a head, read at the end of the answer, in a
directory that transformers opens as a model for sequence classification.`},
	{align.DPO, "Learn from comparisons of answers, without a reward model", `Dpo makes the preferred answer of each comparison likelier and the other one
less, beside a reference, by direct preference optimization.`},
	{align.GRPO, "Learn from rewards, one answer beside another", `Grpo has the model answer each prompt several times, judges the answers by the
rewards of the recipe, and makes those likelier that did better than the others
of their prompt (group relative policy optimization).`},
	{align.PPO, "Learn from rewards, with a critic", `Ppo has the model answer prompts, judges the answers by the rewards of the
recipe, and makes those likelier that did better than a critic expects, which
learns too (proximal policy optimization). Leaving the reference costs.`},
}

func (a *app) alignMethodCommands() []*cobra.Command {
	var list []*cobra.Command
	for _, m := range alignMethods {
		var o alignFlags
		cmd := &cobra.Command{
			Use: m.method + " RECIPE", Short: m.short, Long: m.long,
			Example: fmt.Sprintf("  polymath align %[1]s recipes/align-%[1]s.yaml\n  polymath align %[1]s recipes/align-%[1]s.yaml --resume", m.method),
			Args:    exactly("RECIPE"),
			RunE:    func(cmd *cobra.Command, args []string) error { return a.align(cmd.Context(), m.method, args[0], o) },
		}
		o.addTo(cmd.Flags())
		o.addWatchTo(cmd.Flags())
		cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the result, or with --dry-run the plan, as one JSON object")
		if m.method == align.Reward {
			cmd.AddCommand(a.rewardMeasureCommand())
			cmd.Annotations = map[string]string{"argument": "RECIPE"}
		}
		list = append(list, cmd)
	}
	return list
}

func (a *app) align(ctx context.Context, method, path string, o alignFlags) error {
	recipe, err := align.ReadRecipe(method, path)
	if err != nil {
		return err
	}
	o.run = o.runDir(path)
	a.sayFresh(&o.trainFlags)
	screen := progress.NewScreen(a.Err)
	view := progress.NewAlignment(screen, slog.New(slog.NewTextHandler(a.Err, nil)), recipe.Steps)
	run, err := align.New(ctx, recipe, align.Options{
		RunDir: o.run, Resume: o.resume, Version: readVersion(), Observer: view,
		DataDir: dataDir(""), Grading: gradingOf(recipe), OpenJudge: a.openRewardJudge,
	})
	if err != nil {
		return err
	}
	defer run.Close()
	plan := run.Plan()
	view.SetSteps(plan.Steps)
	printAlignPlan(a.Err, plan)
	if o.dryRun {
		if o.asJSON {
			return json.NewEncoder(a.Out).Encode(planOf(plan))
		}
		return nil
	}
	if o.watch != "" {
		stop, err := a.serveRunPage(o.watch, align.Watch(o.run))
		if err != nil {
			return err
		}
		defer stop()
	}
	result, err := run.Run(ctx)
	screen.Clear()
	resume := shell.Command("align", method, path, "--run", o.run, "--resume")
	if err != nil && result.Checkpoint != "" {
		fmt.Fprintf(a.Err, "what was learned before is saved in %s\ngo on with: %s\n", result.Checkpoint, resume)
	}
	if err != nil {
		return err
	}
	return a.aligned(result, resume, o.asJSON)
}

// aligned says how a run ended, and what to do next.
func (a *app) aligned(r align.Result, resume string, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(a.Out).Encode(outcomeOf(r)); err != nil {
			return err
		}
	}
	if !r.Finished {
		saved := ""
		if r.Checkpoint != "" {
			saved = "; saved in " + r.Checkpoint
		}
		fmt.Fprintf(a.Err, "interrupted after step %d%s\ngo on with: %s\n", r.Step, saved, resume)
		return errInterrupted
	}
	if asJSON {
		return nil
	}
	fmt.Fprintf(a.Out, "%s: %d steps", r.ModelDir, r.Step)
	for _, part := range []struct {
		name     string
		measures align.Measures
	}{{"", r.Last}, {"held-out ", r.Eval}} {
		if names := progress.Headlines(part.measures); len(names) > 0 {
			fmt.Fprintf(a.Out, ", %s%s", part.name, strings.ReplaceAll(progress.Numbers(part.measures, names[:min(len(names), 3)]), " · ", ", "))
		}
	}
	if r.Skipped > 0 {
		fmt.Fprintf(a.Out, ", %s left out", plural(int64(r.Skipped), "update"))
	}
	fmt.Fprintln(a.Out)
	return nil
}
