package model

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/model/vision"
)

// Sources are the models that Join takes parts from, each "" for none.
type Sources struct {
	Decoder string // a directory or a GGUF file
	Tower   string // a directory with a tower, see ReadTower
}

// Join returns a trainable model of cfg, which sees, whose decoder and tower are
// those of the sources, with the bits that they have there. What no source has is
// what New gives for the seed; so is the projector, unless the tower's source has
// one of these sizes. cfg must have the sizes of the sources.
func Join(cfg *Config, from Sources, seed uint64) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Vision == nil {
		return nil, errBlind
	}
	m := build(cfg.clone())
	m.trainable = true
	decoder, tower := m.params[:m.decoder], m.params[m.decoder:]
	if from.Decoder == "" {
		m.allocSome(decoder, seed)
	} else {
		w, err := OpenWeights(from.Decoder)
		if err != nil {
			return nil, err
		}
		if err := m.take(w, decoder); err != nil {
			return nil, err
		}
	}
	if err := m.takeTower(from.Tower, tower, seed); err != nil {
		return nil, err
	}
	m.Sync()
	return m, nil
}

// allocSome makes some of the Params, and the biases of routers, as New does.
func (m *Model) allocSome(params []*Param, seed uint64) {
	for _, p := range params {
		p.Alloc(true)
		p.Init(seed)
	}
	for _, l := range m.layers {
		if l.moe != nil && m.cfg.RouterBias && l.moe.Router.Bias == nil {
			l.moe.Router.Bias = make([]float32, m.cfg.NumExperts)
		}
	}
}

// take fills the decoder's Params, and closes w.
func (m *Model) take(w *Weights, params []*Param) error {
	f := filling{w: w, options: LoadOptions{Trainable: true}}
	for _, p := range params {
		if err := f.add(p); err != nil {
			return w.failed(err)
		}
	}
	if err := f.run(); err != nil {
		return w.failed(err)
	}
	if err := readMapped(func() error { return m.fillBiases(w) }); err != nil {
		return w.failed(err)
	}
	return w.Close()
}

// takeTower fills the Params of tower and projector from the directory, or makes
// them.
func (m *Model) takeTower(path string, params []*Param, seed uint64) error {
	for _, p := range params {
		p.Alloc(true)
		p.Init(seed)
	}
	if path == "" {
		return nil
	}
	t, err := openTower(path)
	if err != nil {
		return err
	}
	for _, p := range params {
		for _, part := range p.Parts {
			err = errors.Join(err, t.copy(p, part))
		}
	}
	return errors.Join(err, t.close())
}

// ReadTower returns the shape of the tower in a directory and the hash of its
// files. The directory is that of a model that sees, or of a SigLIP model
// (model_type siglip or siglip_vision_model) as transformers saves it. The image
// token is that of the model, or 0.
func ReadTower(path string) (cfg *vision.Config, sha256hex string, err error) {
	t, err := openTower(path)
	if err != nil {
		return nil, "", err
	}
	if sha256hex, err = t.hash(); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return t.cfg, sha256hex, errors.Join(err, t.close())
}
