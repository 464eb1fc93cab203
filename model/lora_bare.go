package model

import "github.com/polymath-lm/polymath/model/nn"

// Bare calls f while the model is what it was before it had an adapter, and returns
// f's error: passes give the base's bits. Without an adapter it only calls f. Nobody
// else may use the model meanwhile, and f must not run a backward pass.
func (m *Model) Bare(f func() error) error {
	if m.adapter == nil {
		return f()
	}
	updated := m.adapter.updated
	kept := make([]*nn.LoRA, len(updated))
	for i, p := range updated {
		kept[i], p.LoRA = p.LoRA, nil
	}
	defer func() {
		for i, p := range updated {
			p.LoRA = kept[i]
		}
	}()
	return f()
}
