package align

import (
	"fmt"
	"os"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// RecipeError is a mistake in a recipe file, with its line and a caret.
type RecipeError = recipe.Error

// ReadRecipe reads and checks the recipe of a method at path. A key that does not
// exist, a value of the wrong type or an impossible one, and a section of another
// method, is a *RecipeError.
func ReadRecipe(method, path string) (*Recipe, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return ParseRecipe(method, path, source)
}

// ParseRecipe is ReadRecipe on source; name is the file's name in errors.
func ParseRecipe(method, name string, source []byte) (*Recipe, error) {
	r := DefaultRecipe(method, false)
	places, err := recipe.Decode(name, source, r)
	if err != nil {
		return nil, err
	}
	if places.Has("lora") {
		r = DefaultRecipe(method, true)
		if places, err = recipe.Decode(name, source, r); err != nil {
			return nil, err
		}
	}
	for _, key := range foreignKeys(method) {
		if places.Has(key) {
			return nil, places.Locate(foreign(method, key))
		}
	}
	if r.learnsFromPairs() && r.Steps == 0 && r.Epochs == 0 {
		r.Epochs = defaultEpochs
	}
	r.Schedule.Settle(places.Has)
	if err := r.Validate(); err != nil {
		return nil, places.Locate(err)
	}
	return r, nil
}
