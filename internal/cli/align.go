package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/train"
)

func (a *app) alignCommand() *cobra.Command {
	cmd := a.group("align", "Make a model follow instructions and preferences", a.alignDataCommand(), a.alignGroundingCommand(), a.alignLabelCommand(), a.alignRubricCommand(), a.alignSFTCommand())
	cmd.AddCommand(a.alignMethodCommands()...)
	cmd.Long = `Align goes on with a model by a recipe, a YAML file. The stages, in the order in
which they are used:

  sft     learns the answers of conversations
  reward  learns a reward model from comparisons of answers
  dpo     learns from comparisons without a reward model
  grpo    answers prompts and learns from rewards, one answer beside another
  ppo     answers prompts and learns from rewards, with a critic

Data makes things to learn from without people; label lets people compare
answers; rubric works on the files by which answers are judged safe; grounding
measures who checks whether a text supports what an answer says.

Each keeps everything of its run in one directory, as 'polymath train' does:
checkpoints, metrics.jsonl, the run page run.html, and at the end the model.
Interrupted with ctrl-C it saves; --resume goes on and gives the same bits as a
run that was never interrupted.`
	cmd.Example = `  polymath align sft recipes/finetune-full.yaml
  polymath align reward recipes/align-reward.yaml
  polymath align ppo recipes/align-ppo.yaml --dry-run`
	return cmd
}

func (a *app) alignSFTCommand() *cobra.Command {
	o := trainFlags{command: []string{"align", "sft"}}
	cmd := &cobra.Command{
		Use:   "sft RECIPE",
		Short: "Learn the answers of conversations",
		Long: `Sft trains the model that the recipe names as model.from on the conversations
that it names as data.conversations: on the assistant's words and no others, as
the chat template marks them. All weights are trained, or with a section lora an
adapter. It is 'polymath train' for recipes of this kind; 'polymath finetune'
does the same without a recipe.`,
		Example: `  polymath align sft recipes/finetune-full.yaml
  polymath align sft recipes/finetune-lora.yaml --resume`,
		Args: exactly("RECIPE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.alignSFT(cmd.Context(), args[0], o) },
	}
	o.addTo(cmd.Flags())
	o.addWatchTo(cmd.Flags())
	return cmd
}

func (a *app) alignSFT(ctx context.Context, path string, o trainFlags) error {
	r, err := train.ReadRecipe(path)
	if err != nil {
		return err
	}
	problem := ""
	switch {
	case r.Model.From == "":
		problem = "model.from: name the model to go on from"
	case len(r.Data.Conversations) == 0:
		problem = "data.conversations: name the files of conversations"
	}
	if problem != "" {
		return &recipe.Error{File: path, Problem: problem + "; 'polymath train' follows a recipe of another kind"}
	}
	o.run = o.runDir(path)
	return a.follow(ctx, r, path, o)
}
