package model

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestDropHead: without its head a decoder has the hidden states that it had and
// the gradients that follow from theirs, its Params are those of its Config, and
// its memory is what is said before.
func TestDropHead(t *testing.T) {
	for _, tied := range []bool{false, true} {
		c := small(t, Qwen3MoE)
		c.TieEmbeddings, c.RouterAuxLossCoef = tied, 0.5
		with, without := newModel(t, c), newModel(t, c)
		if err := without.DropHead(); err != nil {
			t.Fatal(err)
		}
		b := documents(c.VocabSize, 40, 9)
		dHidden := make([]tensor.BF16, len(b.Tokens)*c.HiddenSize)
		for i := range dHidden {
			dHidden[i] = tensor.FromFloat32(float32(i%13)/8 - 0.7)
		}
		for _, m := range []*Model{with, without} {
			ws := NewWorkspace(m, len(b.Tokens), true)
			if _, err := m.ForwardTrain(ws, b); err != nil {
				t.Fatal(err)
			}
			m.Backward(ws, b, dHidden, 2)
			if m == without && ws.Bytes() != WorkspaceBytes(m.Config(), len(b.Tokens), true) {
				t.Errorf("workspace of %d bytes, %d were said", ws.Bytes(), WorkspaceBytes(m.Config(), len(b.Tokens), true))
			}
		}
		grads := map[string][]float32{}
		for _, p := range with.Trained() {
			grads[p.Name] = p.Grad
		}
		var names, want []string
		for _, p := range without.Trained() {
			mustEqual(t, p.Name, p.Grad, grads[p.Name])
			names = append(names, p.Name)
		}
		for _, p := range build(without.Config()).params {
			want = append(want, p.Name)
		}
		if !slices.Equal(names, want) || slices.Contains(names, headName) {
			t.Errorf("it has %v, and its Config asks for %v", names, want)
		}
		if got, said := without.SizeBytes(), ModelBytes(without.Config(), true); got != said {
			t.Errorf("%d bytes, %d were said", got, said)
		}
		frozen := fixed(with)
		if err := errors.Join(frozen.DropHead(), frozen.AddAdapter(everyTarget, 1)); err != nil {
			t.Errorf("an adapter after the head is gone: %v", err)
		}
		larger := *without.Config()
		larger.VocabSize *= 100
		if got, want := WorkspaceBytes(&larger, 64, true), WorkspaceBytes(without.Config(), 64, true); got != want {
			t.Errorf("a workspace without a head of %d bytes for a small vocabulary, %d for a large one", want, got)
		}
		if with.Config().Scalar || !without.Config().Scalar {
			t.Error("Config does not say what has a head")
		}
		if err := without.DropHead(); err != nil {
			t.Errorf("once more: %v", err)
		}
		checkHeadless(t, without, b)
	}
	if err := seeing(t, Llama).DropHead(); err == nil || !strings.Contains(err.Error(), "do not see") {
		t.Errorf("of a model that sees: %v", err)
	}
}

// TestHiddenGradients compares the gradients that follow from those of hidden
// states with slopes of the model in float64, as TestGradients does.
func TestHiddenGradients(t *testing.T) {
	for _, kind := range []string{Llama, Qwen3MoE} {
		c := small(t, kind)
		if c.NumExperts > 0 {
			c.RouterAuxLossCoef, c.RouterZLossCoef = 1, 0.3
		}
		m := newModel(t, c)
		if err := m.DropHead(); err != nil {
			t.Fatal(err)
		}
		b := documents(c.VocabSize, 17, 8)
		targets := shifted(b)
		ws := NewWorkspace(m, len(targets), true)
		if _, err := m.ForwardTrain(ws, b); err != nil {
			t.Fatal(err)
		}
		dHidden := m.HiddenGrad(ws)
		if len(dHidden) != len(targets)*c.HiddenSize {
			t.Fatalf("room for %d numbers", len(dHidden))
		}
		weight := func(t, i int) float32 { return float32((t*7+i*5)%9)/8 - 0.5 }
		for i, target := range targets {
			for k := range c.HiddenSize {
				if target >= 0 {
					dHidden[i*c.HiddenSize+k] = tensor.FromFloat32(weight(i, k))
				}
			}
		}
		m.Backward(ws, b, dHidden, 1)
		r := newReference(m, ws)
		r.value = func(t int, hidden []float64) (sum float64) {
			for k, h := range hidden {
				sum += h * float64(weight(t, k))
			}
			return sum
		}
		compareGradients(t, r, b, targets, nil)
		for _, v := range m.HiddenGrad(ws) {
			if v != 0 {
				t.Fatal("room with something in it")
			}
		}
	}
}

// checkHeadless: what needs logits says that there are none.
func checkHeadless(t *testing.T, m *Model, b *Batch) {
	t.Helper()
	n := len(b.Tokens)
	ws, dst := NewWorkspace(m, n, true), make([]float32, n)
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(){
		"Logits":           func() { _ = m.Logits(ws, []int32{0}, make([]float32, m.cfg.VocabSize)) },
		"LogProbs":         func() { m.LogProbs(ws, shifted(b), dst) },
		"Entropies":        func() { m.Entropies(ws, shifted(b), dst) },
		"LogProbsBackward": func() { m.LogProbsBackward(ws, b, shifted(b), dst, nil, 0) },
		"Loss":             func() { _, _ = m.Loss(ws, b, shifted(b)) },
		"LossBackward":     func() { _, _ = m.LossBackward(ws, b, shifted(b), nil, 1) },
	} {
		if !panics(call) {
			t.Errorf("%s of a decoder without a head does not panic", name)
		}
	}
}

// TestScalarIsNoLanguageModel: whatever opens language models refuses the files
// of a reward model in words, and the other way round.
func TestScalarIsNoLanguageModel(t *testing.T) {
	m := newModel(t, small(t, Qwen3MoE))
	language, reward := filepath.Join(t.TempDir(), "language"), filepath.Join(t.TempDir(), "reward")
	if err := m.Save(language, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.DropHead(); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(reward, Provenance{}, nil); err == nil || !strings.Contains(err.Error(), ScoreName) {
		t.Errorf("saved without a head: %v", err)
	}
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	score := make([]float32, m.cfg.HiddenSize)
	all, err := NewWeights(m.Config(), func(string) tensor.DType { return tensor.DTypeF32 }, func(name string) (*tensor.Tensor, error) {
		if name == ScoreName {
			return tensor.FromF32(name, score, 1, len(score)), nil
		}
		return w.Tensor(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteDir(reward, all, DirOptions{}); err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(reward, generationName)) {
		t.Error("it is said how to generate with a reward model")
	}
	for name, open := range map[string]func() error{
		"OpenWeights": func() error { _, err := OpenWeights(reward); return err },
		"Load":        func() error { _, err := Load(reward, true); return err },
		"LoadWithin":  func() error { _, err := LoadWithin(reward, 1<<40); return err },
		"PlanWeights": func() error { _, err := PlanWeights(reward, 1<<40); return err },
		"ReadConfig":  func() error { _, err := ReadConfig(reward); return err },
	} {
		if err := open(); !errors.Is(err, ErrScalar) || !strings.Contains(err.Error(), reward) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckGGUF(m.Config()); err == nil {
		t.Error("GGUF has no place for score.weight")
	}
	for name, open := range map[string]func() error{
		"OpenScalar":       func() error { _, err := OpenScalar(language); return err },
		"ReadScalarConfig": func() error { _, err := ReadScalarConfig(language); return err },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), language+" is no reward model") {
			t.Errorf("%s: %v", name, err)
		}
	}
	back, err := OpenScalar(reward)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if list := back.Tensors(); list[len(list)-1].Name != ScoreName || list[len(list)-1].Role != RoleHead || len(list) != len(all.Tensors()) {
		t.Errorf("tensors %v", list)
	}
}

// TestMerged: an adapter in memory is merged as one in files is.
func TestMerged(t *testing.T) {
	for _, kind := range []string{Llama, Mixtral} {
		full := newModel(t, small(t, kind))
		dir, adapter := filepath.Join(t.TempDir(), "base"), filepath.Join(t.TempDir(), "adapter")
		if err := full.Save(dir, Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		m, err := Load(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := m.Merged(); err != nil || len(plain.Tensors()) == 0 {
			t.Errorf("without an adapter: %v", err)
		}
		if err := m.AddAdapter(everyTarget, 5); err != nil {
			t.Fatal(err)
		}
		stir(m)
		if err := m.SaveAdapter(adapter, "", Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		base, err := OpenWeights(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer base.Close()
		want, err := MergeAdapter(t.Context(), base, adapter)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Merged()
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range want.Tensors() {
			a, err := got.Tensor(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := want.Tensor(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			if a.DType != b.DType || !slices.Equal(a.Data, b.Data) {
				t.Errorf("%s: %s differs", kind, info.Name)
			}
		}
	}
	m := adapted(t, newModel(t, small(t, Llama)), everyTarget)
	if _, err := m.Merged(); !errors.Is(err, errNoFile) {
		t.Errorf("of a model without a file: %v", err)
	}
}
