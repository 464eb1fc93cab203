package train

import (
	"fmt"

	"github.com/polymath-lm/polymath/model"
)

// Shape returns the configuration of the model that the recipe makes or goes on
// from, without looking at its data: special tokens are those of the data and
// are missing in a new model's. Errors name the key, or the file of the model to
// go on from.
func (r *Recipe) Shape() (*model.Config, error) {
	cfg, err := r.shape()
	if err != nil || !r.Model.Vision.given() {
		return cfg, err
	}
	spec := &r.Model.Vision
	if spec.From == "" {
		cfg.Vision, err = spec.config()
		return cfg, err
	}
	if cfg.Vision, _, err = model.ReadTower(spec.From); err != nil {
		return nil, fmt.Errorf("model.vision.from: %w", err)
	}
	return cfg, nil
}

// shape is the decoder's part of Shape.
func (r *Recipe) shape() (*model.Config, error) {
	if from := r.Model.From; from != "" {
		cfg, err := model.ReadConfig(from)
		if err != nil {
			return nil, fmt.Errorf("model.from: %w", err)
		}
		return cfg, nil
	}
	cfg, err := r.Model.config()
	if err != nil {
		return nil, err
	}
	cfg.MaxPositions = max(r.Model.Context, r.Batch.Sequence)
	return cfg, nil
}
