package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// TestSightAdapter: an adapter is on the decoder alone, learns from pictures, and
// is saved, loaded, checked and merged by the names that it has in a model that
// sees; one for the decoder alone fits as well.
func TestSightAdapter(t *testing.T) {
	c := withTower(small(t, Qwen3MoE))
	c.NumExpertsPerTok = c.NumExperts // merging rounds, which might turn a choice
	full := newModel(t, c)
	m := adapted(t, full, everyTarget)
	b := illustrated(m.Config(), pictures...)
	ws := NewWorkspace(m, len(b.Tokens), true)
	want := allLogits(t, m, ws, b)
	if _, err := m.LossBackward(ws, b, shifted(b), nil, 1); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.AdapterParams() {
		if !strings.HasPrefix(p.Name, "model.layers.") || !slices.ContainsFunc(p.Grad, func(g float32) bool { return g != 0 }) {
			t.Errorf("%s has learned nothing", p.Name)
		}
	}
	base := t.TempDir()
	dir, model := filepath.Join(base, "adapter"), filepath.Join(base, "model")
	if err := full.Save(model, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveAdapter(dir, "base", Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(filepath.Join(dir, adapterWeightsName))
	if err != nil {
		t.Fatal(err)
	}
	name := "base_model.model.model.language_model.layers.1.mlp.experts.5.down_proj.lora_B.weight"
	if !file.Has(name) {
		t.Errorf("no tensor %s", name)
	}
	if config := string(readFile(t, filepath.Join(dir, adapterConfigName))); !strings.Contains(config, `language_model`) {
		t.Errorf("the targets are not the decoder's alone: %s", config)
	}
	other := filepath.Join(base, "other") // as older transformers has it
	var list []*tensor.Tensor
	for _, name := range file.Names() {
		x, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		again := *x
		again.Name = strings.Replace(name, "model.language_model.", "language_model.model.", 1)
		list = append(list, &again)
	}
	if err := m.SaveAdapter(other, "base", Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := safetensors.Write(filepath.Join(other, adapterWeightsName), list, nil); err != nil {
		t.Fatal(err)
	}
	removeManifest(t, other)
	file.Close()
	for _, dir := range []string{dir, other} {
		if n, err := CheckAdapter(m.Config(), dir); err != nil || n == 0 {
			t.Errorf("%d bytes, %v", n, err)
		}
		got := fixed(full)
		if err := got.LoadAdapter(dir, false); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, dir, allLogits(t, got, NewWorkspace(got, len(b.Tokens), false), b), want)
	}
	w, err := OpenWeights(model)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sum, err := MergeAdapter(t.Context(), w, dir)
	if err == nil {
		err = WriteDir(filepath.Join(base, "merged"), sum, DirOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Load(filepath.Join(base, "merged"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer merged.Close()
	if off := apart(allLogits(t, merged, NewWorkspace(merged, len(b.Tokens), false), b), want); !(off < 0.03) || off == 0 {
		t.Errorf("merged, the logits are off by a share of %g", off)
	}
}

// TestSightRefusesTowerAdapter: an adapter of the tower is none of ours.
func TestSightRefusesTowerAdapter(t *testing.T) {
	m := adapted(t, seeing(t, Qwen3MoE), everyTarget)
	dir := t.TempDir()
	if err := m.SaveAdapter(dir, "base", Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	name := adapterPrefix + "model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"
	if _, err := safetensors.Write(filepath.Join(dir, adapterWeightsName), []*tensor.Tensor{tensor.FromF32(name, make([]float32, 36), 1, 36)}, nil); err != nil {
		t.Fatal(err)
	}
	removeManifest(t, dir)
	if err := fixed(seeing(t, Qwen3MoE)).LoadAdapter(dir, false); err == nil || !strings.Contains(err.Error(), "vision_tower") {
		t.Errorf("error %v does not name the tensor", err)
	}
}

// TestSightUpcycled: a dense model that sees becomes a mixture with the same tower.
func TestSightUpcycled(t *testing.T) {
	dense := seeing(t, Qwen3)
	w, err := dense.Weights()
	if err != nil {
		t.Fatal(err)
	}
	up, err := Upcycle(t.Context(), w, UpcycleOptions{Experts: 4, TopK: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadWeights(up, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b := illustrated(dense.Config(), pictures...)
	mustEqual(t, "upcycled", allLogits(t, m, NewWorkspace(m, len(b.Tokens), false), b), allLogits(t, dense, NewWorkspace(dense, len(b.Tokens), false), b))
}

// TestSightFrozen: what has no gradient stays as it is, and the gradients of the
// rest are what they are without.
func TestSightFrozen(t *testing.T) {
	m := seeing(t, Qwen3MoE)
	b := illustrated(m.Config(), pictures...)
	ws := NewWorkspace(m, len(b.Tokens), true)
	pass := func() {
		t.Helper()
		m.ZeroGrad()
		if _, err := m.LossBackward(ws, b, shifted(b), nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	pass()
	want := map[string][]float32{}
	for _, p := range m.Params() {
		want[p.Name] = p.Grad
	}
	for _, group := range []string{"model.", "lm_head.", "vision_tower.", "multi_modal_projector."} {
		for _, p := range m.Params() {
			p.Grad = make([]float32, p.Len())
			if !strings.HasPrefix(p.Name, group) {
				p.Grad = nil
			}
		}
		pass()
		for _, p := range m.Params() {
			if p.Grad != nil {
				mustEqual(t, p.Name, p.Grad, want[p.Name])
			}
		}
	}
}

func removeManifest(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, ManifestName)); err != nil {
		t.Fatal(err)
	}
}
