package model

import (
	"flag"
	"math"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

var saveDir = flag.String("save", "", "directory in which TestTransformers saves its model, for testdata/transformers_logits.py")

// TestTransformers: a directory that Save wrote opens in transformers as a
// Qwen3MoE model and gives the same logits. Its bf16 run says what error is to
// be expected (see golden.check); the tokens are such that rounding turns no
// choice of experts.
func TestTransformers(t *testing.T) {
	c := small(t, Qwen3MoE)
	c.NumExperts, c.RopeScaling = 16, &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 64}
	c.MLPOnlyLayers, c.NumLayers, c.MaxPositions = []int{1}, 3, 256
	m := newModel(t, c)
	b := &Batch{Tokens: someTokens(33, c.VocabSize, 5), Spans: []Span{{Len: 33}}}
	got := allLogits(t, m, NewWorkspace(m, 33, false), b)
	if *saveDir != "" {
		if err := m.Save(*saveDir, Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		tokens := &tensor.Tensor{Name: "tokens", DType: tensor.DTypeI32, Shape: []int{33}, Data: tensor.Bytes(b.Tokens)}
		if _, err := safetensors.Write(filepath.Join(*saveDir, "tokens.safetensors"), []*tensor.Tensor{tokens}, nil); err != nil {
			t.Fatal(err)
		}
	}
	file, err := safetensors.Open("testdata/transformers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want, err := file.Tensor("logits")
	if err != nil {
		t.Fatal(err)
	}
	bf16, err := strconv.ParseFloat(file.Metadata()["error"], 64)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, w := range want.F32() {
		d := float64(got[i]) - float64(w)
		sum += d * d
	}
	t.Logf("error %.3g, transformers in bf16 %.3g", math.Sqrt(sum), bf16)
	if !(math.Sqrt(sum) <= 2*bf16) {
		t.Errorf("logits are off by %.3g; bf16 explains %.3g", math.Sqrt(sum), 2*bf16)
	}
}
