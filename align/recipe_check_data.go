package align

import (
	"cmp"
	"slices"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/recipe"
)

func (r *Recipe) checkPreferences() error {
	p := &r.Preferences
	switch {
	case len(p.Files) == 0:
		return recipe.Bad("preferences.files", "name the files of comparisons")
	case slices.Contains(p.Files, ""):
		return recipe.Bad("preferences.files", "a file without a name: remove it")
	}
	if err := oneOf("preferences.too_long", p.TooLong, preference.Drop, preference.Cut); err != nil {
		return err
	}
	return recipe.Between("preferences.held_out", p.HeldOut, 0, 0.5)
}

func (r *Recipe) checkRollout() error {
	o := &r.Rollout
	switch {
	case len(o.Tasks) == 0 && len(o.Prompts) == 0:
		return recipe.Bad("rollout.tasks", "name the tasks that the policy works on, or files of conversations as rollout.prompts")
	case slices.Contains(o.Tasks, ""):
		return recipe.Bad("rollout.tasks", "a task without a name: remove it")
	case slices.Contains(o.Prompts, ""):
		return recipe.Bad("rollout.prompts", "a file without a name: remove it")
	case slices.Contains(r.Eval.Tasks, ""):
		return recipe.Bad("eval.tasks", "a task without a name: remove it")
	}
	least := 1.0
	if r.Method == GRPO {
		least = 2 // there is nothing to compare one answer with
	}
	return cmp.Or(
		recipe.Between("rollout.held_out", o.HeldOut, 0, 0.5),
		recipe.Between("rollout.answers", float64(o.Answers), least, 1<<16),
		recipe.Between("rollout.max_tokens", float64(o.MaxTokens), 1, float64(r.Batch.Sequence-1)),
		recipe.Between("rollout.temperature", o.Temperature, 0.01, 100),
		recipe.Between("rollout.top_p", o.TopP, 0.01, 1),
	)
}
