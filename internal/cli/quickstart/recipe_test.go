package quickstart

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/train"
)

// recipes/quickstart.yaml says that it is the quick start's own choice for its
// width and its number of tokens. Change it together with shape.go.
func TestRecipeIsTheShape(t *testing.T) {
	r, err := train.ReadRecipe(filepath.Join("..", "..", "..", "recipes", "quickstart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const tokens = 16e6
	s := shapeOf(r.Model.HiddenSize, 0)
	s = shapeOf(s.Width, tokens*s.flopsPerToken())
	want := s.recipe(recipeOptions{
		tokenizer: r.Tokenizer, shards: r.Data.Shards, heldOut: heldOutShare, steps: r.TotalSteps(), prompts: r.Sample.Prompts,
	})
	want.Tokens, want.Steps = r.Tokens, r.Steps
	want.Eval, want.Sample, want.Checkpoint = r.Eval, r.Sample, r.Checkpoint
	want.Seed = r.Seed
	r.Optimizer.LR = math.Round(1e4*r.Optimizer.LR) / 1e4
	want.Optimizer.LR = math.Round(1e4*want.Optimizer.LR) / 1e4
	if r.Tokens != tokens {
		t.Errorf("tokens: %d, and this test counts with %g", r.Tokens, tokens)
	}
	if difference := cmp.Diff(want, r); difference != "" {
		t.Errorf("recipes/quickstart.yaml is not what the quick start chooses (- chosen, + recipe):\n%s", difference)
	}
}
