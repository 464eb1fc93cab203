package train

import (
	"fmt"
	"os"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/train/conversation"
)

// RecipeError is a mistake in a recipe file, with its line and a caret.
type RecipeError = recipe.Error

// ReadRecipe reads and checks the recipe at path. A key that does not exist, a
// value of the wrong type or an impossible one is a *RecipeError.
func ReadRecipe(path string) (*Recipe, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return ParseRecipe(path, source)
}

// ParseRecipe is ReadRecipe on source; name is the file's name in errors.
func ParseRecipe(name string, source []byte) (*Recipe, error) {
	r := DefaultRecipe()
	places, err := recipe.Decode(name, source, r)
	if err != nil {
		return nil, err
	}
	if lora := places.Has("lora"); lora || len(r.Data.Conversations) > 0 && r.Model.From != "" {
		r = FinetuneRecipe(lora)
		if places, err = recipe.Decode(name, source, r); err != nil {
			return nil, err
		}
		if n := len(r.Stages); r.Steps == 0 && r.Tokens == 0 && r.Epochs == 0 && (n == 0 || r.Stages[n-1].Steps == 0 && r.Stages[n-1].Tokens == 0) {
			r.Epochs = defaultEpochs
		}
	}
	if len(r.talks()) > 0 && r.Data.TooLong == "" {
		r.Data.TooLong = conversation.Cut
	}
	r.Schedule.Settle(places.Has)
	if err := r.Validate(); err != nil {
		return nil, places.Locate(err)
	}
	return r, nil
}
