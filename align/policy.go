package align

import (
	"errors"

	"github.com/polymath-lm/polymath/model"
)

// openTrained loads the model at path as the recipe trains it: all of its weights, or
// a new adapter on weights that stay as they are. The caller closes it.
func (r *Run) openTrained(path string) (*model.Model, error) {
	lora := r.recipe.Lora.Rank > 0
	m, err := model.Load(path, !lora)
	if err != nil || !lora {
		return m, err
	}
	if err := m.AddAdapter(r.recipe.Lora.Adapter(), r.recipe.Seed); err != nil {
		_ = m.Close() // the other error matters
		return nil, err
	}
	return m, nil
}

// readConfig reads the configuration of a model at path: a language model, or one
// that gives a text a number, which isScalar tells.
func readConfig(path string) (cfg *model.Config, isScalar bool, err error) {
	cfg, err = model.ReadConfig(path)
	if isScalar = errors.Is(err, model.ErrScalar); isScalar {
		cfg, err = model.ReadScalarConfig(path)
	}
	return cfg, isScalar, err
}

// openWeights opens a model of either kind.
func openWeights(path string) (*model.Weights, error) {
	w, err := model.OpenWeights(path)
	if errors.Is(err, model.ErrScalar) {
		return model.OpenScalar(path)
	}
	return w, err
}
