package align

import "github.com/polymath-lm/polymath/model"

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
