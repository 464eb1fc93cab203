package model

import (
	"fmt"
	"slices"
	"testing"
)

// TestRecompute: gradients are the same bits whether what a layer computed was kept
// or is computed again, pass after pass in the same workspace.
func TestRecompute(t *testing.T) {
	for kind, m := range recomputed(t) {
		t.Run(kind, func(t *testing.T) {
			b := documents(m.cfg.VocabSize, 90, 8, 1, 31)
			if m.cfg.Vision != nil {
				b = illustrated(m.cfg, pictures...)
			}
			other := documents(m.cfg.VocabSize, 17, 40) // leaves its own results behind
			n := max(len(b.Tokens), len(other.Tokens))
			kept, again := NewTrainingWorkspace(m, n, false), NewTrainingWorkspace(m, n, true)
			gradientOf(t, m, again, other)
			wantStats, want := gradientOf(t, m, kept, b)
			gotStats, got := gradientOf(t, m, again, b)
			if wantStats != gotStats {
				t.Errorf("%s, want %s", gotStats, wantStats)
			}
			for i, p := range m.Trained() {
				if !slices.Equal(want[i], got[i]) {
					t.Errorf("the gradient of %s differs", p.Name)
				}
			}
		})
	}
}

// recomputed are models of all that layers are made of.
func recomputed(t *testing.T) map[string]*Model {
	models := map[string]*Model{}
	for _, kind := range []string{Llama, Mistral, Qwen2, Qwen3, Qwen3MoE, OLMoE, Mellum} {
		c := small(t, kind)
		c.NumLayers = 4
		if kind == Mellum {
			c.LayerTypes = append(c.LayerTypes, c.LayerTypes...)
		}
		models[kind] = newModel(t, c)
	}
	c := small(t, Qwen3MoE)
	c.NumLayers, c.SharedExpertSize, c.MLPOnlyLayers, c.CapacityFactor = 5, 12, []int{1, 3, 4}, 0.9
	models["all at once"] = newModel(t, c)
	models["adapter"] = adapted(t, newModel(t, c), everyTarget)
	models["pictures"] = seeing(t, Qwen3)
	return models
}

// gradientOf runs a pass and returns what it measured and the gradients.
func gradientOf(t *testing.T, m *Model, ws *Workspace, b *Batch) (stats string, gradients [][]float32) {
	t.Helper()
	m.ZeroGrad()
	s, err := m.LossBackward(ws, b, shifted(b), nil, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Trained() {
		gradients = append(gradients, slices.Clone(p.Grad))
	}
	return fmt.Sprintf("%+v", s), gradients
}

// TestRecomputeBytes: the size known before is what is allocated, and of each further
// layer it takes what enters it.
func TestRecomputeBytes(t *testing.T) {
	c := small(t, Qwen3MoE)
	const tokens = 1024
	sizes := map[bool][]int64{}
	for _, layers := range []int{4, 5} {
		c.NumLayers = layers
		m := newModel(t, c)
		for _, again := range []bool{false, true} {
			want := TrainingWorkspaceBytes(c, tokens, again)
			if got := NewTrainingWorkspace(m, tokens, again).Bytes(); got != want {
				t.Errorf("%d layers, %v: %d bytes, want %d", layers, again, got, want)
			}
			sizes[again] = append(sizes[again], want)
		}
	}
	row := int64(2 * c.HiddenSize * tokens)
	if got := sizes[true][1] - sizes[true][0]; got != row {
		t.Errorf("a layer takes %d bytes, and %d enter it", got, row)
	}
	if kept := sizes[false][1] - sizes[false][0]; kept < 5*row {
		t.Errorf("a layer that keeps everything takes %d bytes", kept)
	}
}

// TestRecomputeDoesNotAllocate holds the steady state.
func TestRecomputeDoesNotAllocate(t *testing.T) {
	m := newModel(t, small(t, Qwen3MoE))
	b := documents(m.cfg.VocabSize, 90, 30)
	targets := shifted(b)
	ws := NewTrainingWorkspace(m, len(b.Tokens), true)
	pass := func() {
		if _, err := m.LossBackward(ws, b, targets, nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	pass()
	if allocs := testing.AllocsPerRun(5, pass); allocs > 0 {
		t.Errorf("%v allocations a pass", allocs)
	}
}
