package model

import (
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

var saveDir = flag.String("save", "", "directory in which TestTransformers saves its models, for testdata/transformers_logits.py")

// TestTransformers: directories that Save wrote open in transformers, under
// their own model types, and give the same logits. Transformers' run in bf16
// says what error is to be expected (see golden.check); the tokens are such
// that rounding turns no choice of experts.
func TestTransformers(t *testing.T) {
	tests := []struct {
		kind   string
		seed   int // of the tokens
		change func(c *Config)
	}{
		{Llama, 0, func(c *Config) {
			c.RopeScaling = &RopeScaling{Type: RopeLlama3, Factor: 8, OriginalPositions: 32, LowFreqFactor: 1, HighFreqFactor: 4}
		}},
		{Mistral, 0, func(c *Config) { c.SlidingWindow, c.TieEmbeddings = 9, true }},
		{Mixtral, 5, func(c *Config) {}},
		{Qwen2, 0, func(c *Config) { c.RopeScaling, c.SlidingWindow = &RopeScaling{Type: RopeLinear, Factor: 2}, 9 }},
		{Qwen3, 0, func(c *Config) {
			c.RopeScaling, c.SlidingWindow = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 64}, 9
			c.LayerTypes = []string{SlidingAttention, FullAttention}
		}},
		{Qwen3MoE, 0, func(c *Config) { c.NumExperts, c.MLPOnlyLayers, c.SlidingWindow = 16, []int{1}, 9 }},
		{OLMoE, 0, func(c *Config) { c.NormTopKProb = false }},
		{Mellum, 1, func(c *Config) {
			c.RopeScaling, c.SlidingWindow, c.NumLayers = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 64}, 9, 3
			c.LayerTypes, c.MLPOnlyLayers = []string{SlidingAttention, FullAttention, SlidingAttention}, []int{2}
		}},
	}
	file, err := safetensors.Open("testdata/transformers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tt := range tests {
		c := small(t, tt.kind)
		c.MaxPositions = 256
		if tt.kind == OLMoE { // it has no head_dim of its own
			c.HiddenSize, c.HeadDim = 48, 0
		}
		tt.change(c)
		m := newModel(t, c)
		const n = 33
		b := &Batch{Tokens: someTokens(n, c.VocabSize, tt.seed), Spans: []Span{{Len: n}}}
		got := allLogits(t, m, NewWorkspace(m, n, false), b)
		if *saveDir != "" {
			saveFor(t, m, filepath.Join(*saveDir, tt.kind), b.Tokens)
			continue
		}
		want, err := file.Tensor(tt.kind)
		if err != nil {
			t.Fatal(err)
		}
		bf16, err := strconv.ParseFloat(file.Metadata()[tt.kind], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum, norm := 0.0, 0.0
		for i, w := range want.F32() {
			d := float64(got[i]) - float64(w)
			sum += d * d
			norm += float64(w) * float64(w)
		}
		line := fmt.Sprintf("%s: error %.3g of %.3g, transformers in bf16 %.3g", tt.kind, math.Sqrt(sum), math.Sqrt(norm), bf16)
		t.Log(line)
		if !(math.Sqrt(sum) <= 2*bf16 && bf16 < 0.05*math.Sqrt(norm)) {
			t.Error(line)
		}
	}
}

func saveFor(t *testing.T, m *Model, dir string, tokens []int32) {
	if err := m.Save(dir, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	list := []*tensor.Tensor{{Name: "tokens", DType: tensor.DTypeI32, Shape: []int{len(tokens)}, Data: tensor.Bytes(tokens)}}
	if _, err := safetensors.Write(filepath.Join(dir, "tokens.safetensors"), list, nil); err != nil {
		t.Fatal(err)
	}
}
