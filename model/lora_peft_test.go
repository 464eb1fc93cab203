package model

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// peftCases are the adapters that PEFT is compared on.
var peftCases = []struct {
	name   string
	kind   string
	seed   int // of the tokens: rounding turns no choice of experts
	config AdapterConfig
}{
	{"llama", Llama, 0, everyTarget},
	{"qwen2", Qwen2, 0, AdapterConfig{Rank: 9, Alpha: 5, RankStable: true, Targets: []string{"k_proj", "up_proj"}}},
	{"qwen3", Qwen3, 0, AdapterConfig{Rank: 4, Alpha: 12, Targets: []string{"q_proj", "v_proj"}}},
	{"qwen3_moe", Qwen3MoE, 1, AdapterConfig{Rank: 4, Alpha: 8, Targets: []string{"q_proj", "k_proj", "v_proj", "o_proj"}}},
	// Its experts are fused in transformers, so PEFT turns the adapter into one of
	// another shape, whose gradients are not these.
	{"experts", Qwen3MoE, 1, everyTarget},
}

// peftGolden is what testdata/adapters.py wrote.
type peftGolden struct {
	t    *testing.T
	file *safetensors.File
}

// check compares with PEFT in fp32; see golden.check for the limit.
func (g peftGolden) check(name string, got []float32) {
	g.t.Helper()
	want, err := g.file.Tensor(name)
	if err != nil {
		g.t.Fatal(err)
	}
	var bf16 float64
	if err := json.Unmarshal([]byte(g.file.Metadata()[name]), &bf16); err != nil {
		g.t.Fatal(name, err)
	}
	sum, norm := 0.0, 0.0
	for i, w := range want.F32() {
		d := float64(got[i]) - float64(w)
		sum += d * d
		norm += float64(w) * float64(w)
	}
	line := fmt.Sprintf("%s: error %.3g of %.3g, PEFT in bf16 %.3g", name, math.Sqrt(sum), math.Sqrt(norm), bf16)
	g.t.Log(line)
	if limit := bf16 * (2 + 4/math.Sqrt(float64(len(got)))); len(got) != want.Len() || !(math.Sqrt(sum) <= limit) || bf16 > 0.05*math.Sqrt(norm) {
		g.t.Error(line)
	}
}

// mergedLogits saves model and adapter, merges them, and opens the result.
func mergedLogits(t *testing.T, full, m *Model, b *Batch) []float32 {
	t.Helper()
	dir := t.TempDir()
	base, adapter, merged := filepath.Join(dir, "base"), filepath.Join(dir, "adapter"), filepath.Join(dir, "merged")
	if err := full.Save(base, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveAdapter(adapter, "base", Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWeights(base)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sum, err := MergeAdapter(t.Context(), w, adapter)
	if err == nil {
		err = WriteDir(merged, sum, DirOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	together, err := Load(merged, false)
	if err != nil {
		t.Fatal(err)
	}
	defer together.Close()
	return allLogits(t, together, NewWorkspace(together, len(b.Tokens), false), b)
}

// TestPEFT: PEFT opens adapters that SaveAdapter wrote, and computes the same
// logits and the same gradients; so does the model into which MergeAdapter has
// merged one, within the same error of bf16; and LoadAdapter opens one that PEFT wrote, on
// one layer only, and computes the same logits.
func TestPEFT(t *testing.T) {
	g := peftGolden{t: t}
	if *saveDir == "" {
		file, err := safetensors.Open("testdata/peft.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		g.file = file
	}
	for _, tt := range peftCases {
		c := small(t, tt.kind)
		c.MaxPositions = 256
		full := newModel(t, c)
		const n = 33
		b := &Batch{Tokens: someTokens(n, c.VocabSize, tt.seed), Spans: []Span{{Len: n}}}
		m := adapted(t, full, tt.config)
		if *saveDir != "" {
			dir := filepath.Join(*saveDir, tt.name)
			saveFor(t, full, dir, b.Tokens)
			if err := m.SaveAdapter(filepath.Join(dir, "adapter"), dir, Provenance{}, nil); err != nil {
				t.Fatal(err)
			}
			continue
		}
		ws := NewWorkspace(m, n, true)
		g.check(tt.name+".ours", allLogits(t, m, ws, b))
		g.check(tt.name+".ours", mergedLogits(t, full, m, b))
		if _, err := m.LossBackward(ws, b, shifted(b), nil, 1/float32(n-1)); err != nil {
			t.Fatal(err)
		}
		for _, p := range m.AdapterParams() {
			for _, part := range p.Parts {
				if strings.Contains(part.Name, ".experts.") {
					continue
				}
				g.check(tt.name+".grad."+part.Name, p.PartOf(part, p.Grad))
			}
		}
		theirs := fixed(full)
		if err := theirs.LoadAdapter(filepath.Join("testdata/peft", tt.name), false); err != nil {
			t.Fatal(err)
		}
		g.check(tt.name+".theirs", allLogits(t, theirs, NewWorkspace(theirs, n, false), b))
	}
}
