package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// ggufWeights is the model that an open GGUF file holds.
func ggufWeights(path string, file *gguf.File) (*Weights, error) {
	cfg, err := ggufConfig(file)
	if err != nil {
		return nil, err
	}
	if err := plausibleGGUF(cfg, file); err != nil {
		return nil, err
	}
	w := newWeights(cfg)
	w.path, w.file, w.gguf = path, file, file
	places, used := map[string]place{}, map[string]bool{ggufRopeFreqs: true}
	for _, t := range w.list {
		p := ggufPlace(cfg, t)
		if p.expert >= 0 && !file.Has(p.name) && file.Has(p.alone) {
			p = place{name: p.alone, expert: -1}
		}
		places[t.Name] = p
		used[p.name] = true
	}
	w.raw = func(name string) (stored, error) { return ggufTensor(file, cfg, places[name], name) }
	called := func(name string) string { return places[name].name }
	return w, w.check(called, func(name string) bool { return used[name] })
}

// plausibleGGUF is Config.plausible for a file that stacks experts.
func plausibleGGUF(cfg *Config, file *gguf.File) error {
	const gate = "blk.0.ffn_gate_exps.weight"
	if cfg.NumExperts == 0 || !file.Has(gate) {
		return cfg.plausible(len(file.Names()))
	}
	t, err := file.Mapped(gate)
	if err != nil {
		return err
	}
	if err := checkStack(t, place{name: gate}, cfg); err != nil {
		return err
	}
	dense := *cfg
	dense.NumExperts = 0
	return dense.plausible(len(file.Names()))
}

// ggufTensor returns a tensor of ours, aliasing the file.
func ggufTensor(file *gguf.File, cfg *Config, p place, name string) (stored, error) {
	t, err := file.Mapped(p.name)
	if err != nil {
		return stored{}, err
	}
	at, err := file.Locate(p.name)
	if err != nil {
		return stored{}, err
	}
	ours := *t
	ours.Name = name
	if p.expert >= 0 {
		if err := checkStack(t, p, cfg); err != nil {
			return stored{}, err
		}
		size := len(t.Data) / t.Shape[0]
		at.Offset += int64(p.expert) * int64(size)
		ours.Shape = t.Shape[1:]
		ours.Data = t.Data[p.expert*size : (p.expert+1)*size : (p.expert+1)*size]
	}
	if p.heads > 0 && (len(t.Shape) == 0 || t.Shape[0]%(2*p.heads) != 0) {
		return stored{}, fmt.Errorf("tensor %s of shape %v does not divide into the halves of %d heads", p.name, t.Shape, p.heads)
	}
	return stored{Tensor: &ours, heads: p.heads, at: at}, nil
}

// checkStack sees that t stacks one matrix for each expert.
func checkStack(t *tensor.Tensor, p place, cfg *Config) error {
	if len(t.Shape) != 3 || t.Shape[0] != cfg.NumExperts {
		return fmt.Errorf("tensor %s has shape %v; it must stack the matrices of %d experts", p.name, t.Shape, cfg.NumExperts)
	}
	return nil
}
