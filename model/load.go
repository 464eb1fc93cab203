package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// Load opens a model directory, from Save or from elsewhere in the ecosystem.
// With a manifest.json every file's hash is verified first, and a file that is
// missing or does not match is an error naming it. A tensor that is missing,
// has another shape or is not known to the decoder is an error naming it. A
// trainable model holds masters and gradients besides the compute form.
func Load(dir string, trainable bool) (*Model, error) {
	if err := verifyIfPresent(dir); err != nil {
		return nil, err
	}
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	m := build(cfg)
	err = m.checkTensors(file)
	if err == nil {
		m.alloc(trainable)
		err = m.fill(file)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

// checkTensors compares the file's tensors with those of the model, so that
// nothing is allocated for a file that does not fit.
func (m *Model) checkTensors(file *safetensors.File) error {
	want := map[string][]int{}
	for _, p := range m.params {
		for _, part := range p.Parts {
			want[part.Name] = p.PartShape(part)
		}
	}
	if m.cfg.RouterBias {
		for l := range m.layers {
			if m.layers[l].moe != nil {
				want[biasName(m.cfg, l)] = []int{m.cfg.NumExperts}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !file.Has(name) {
			return fmt.Errorf("tensor %s is missing", name)
		}
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, want[name]) {
			return fmt.Errorf("tensor %s has shape %v; config.json asks for %v", name, t.Shape, want[name])
		}
	}
	for _, name := range file.Names() {
		if want[name] == nil && !m.redundant(name) {
			return fmt.Errorf("tensor %s has no place in a model of type %s", name, m.cfg.ModelType)
		}
	}
	return nil
}

// redundant reports whether a tensor says nothing new: tables that older
// programs saved, and the second name of tied embeddings.
func (m *Model) redundant(name string) bool {
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || m.cfg.TieEmbeddings && name == "lm_head.weight"
}

// fill reads the weights, one group of a Param at a time in parallel.
func (m *Model) fill(file *safetensors.File) error {
	type unit struct {
		p     *Param
		g     int
		parts []nn.Part
	}
	var units []unit
	for _, p := range m.params {
		for g := range p.Groups {
			u := unit{p: p, g: g}
			for _, part := range p.Parts {
				if part.Group == g {
					u.parts = append(u.parts, part)
				}
			}
			units = append(units, u)
		}
	}
	errs := make([]error, len(units))
	par.For(len(units), func(_, i int) {
		u := units[i]
		errs[i] = fillGroup(file, u.p, u.g, u.parts)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return m.fillBiases(file)
}

// fillGroup reads group g of p from its parts.
func fillGroup(file *safetensors.File, p *Param, g int, parts []nn.Part) error {
	if p.Master == nil && len(parts) == 1 {
		t, err := file.Tensor(parts[0].Name)
		if err == nil && t.DType == tensor.DTypeBF16 {
			p.SetGroupBF16(g, t.BF16())
			return nil
		}
	}
	var group []float32
	if p.Master != nil {
		group = p.Group(g)
	} else {
		group = make([]float32, p.GroupLen())
	}
	for _, part := range parts {
		t, err := file.Tensor(part.Name)
		if err != nil {
			return err
		}
		if err := t.CopyF32(p.PartOf(part, group)); err != nil {
			return err
		}
	}
	p.SetGroup(g, group)
	return nil
}

func (m *Model) fillBiases(file *safetensors.File) error {
	for l, bias := range m.RouterBiases() {
		if bias == nil {
			continue
		}
		t, err := file.Tensor(biasName(m.cfg, l))
		if err == nil {
			err = t.CopyF32(bias)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
