package align

import (
	"context"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestRecompute: what is learned does not hang on whether activations are kept or
// computed again, and they take less memory.
func TestRecompute(t *testing.T) {
	type runner func(t testing.TB, ctx context.Context, r *Recipe, o Options) (Result, []Record)
	sparse, plain := smallModel(t, experts), smallModel(t, dense)
	for name, c := range map[string]struct {
		run    runner
		recipe *Recipe
	}{
		"reward":  {runPairs, pairsRecipe(Reward, sparse, false, tastes(t, 40))},
		"dpo":     {runPairs, pairsRecipe(DPO, sparse, false, tastes(t, 40))},
		"adapter": {runPairs, pairsRecipe(DPO, sparse, true, tastes(t, 40))},
		"ppo":     {runGRPO, lettersPPO(t, plain, false)},
	} {
		t.Run(name, func(t *testing.T) {
			c.recipe.Steps = 3
			want, _ := c.run(t, t.Context(), c.recipe, Options{})
			again := *c.recipe
			again.Batch.Recompute = true
			got, _ := c.run(t, t.Context(), &again, Options{})
			sameFiles(t, want.ModelDir, got.ModelDir)
		})
	}
	cfg, err := model.ReadConfig(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if kept, again := model.TrainingWorkspaceBytes(cfg, 512, false), model.TrainingWorkspaceBytes(cfg, 512, true); again >= kept {
		t.Errorf("%d bytes in place of %d", again, kept)
	}
}
