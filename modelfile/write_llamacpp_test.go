package modelfile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// TestLlamaCppReadsOurs: GGUF files that we write open in llama.cpp, and its
// logits are ours. What we compute is compared with llama.cpp in fp32 on the
// same file decoded to F32, within what transformers in bf16 errs on the same
// weights (see golden.check in package model). What llama.cpp makes of the file
// itself, with activations in 8 bits, is beside it. And the file decoded to F32 by llama.cpp gives our
// bits: both decode alike.
func TestLlamaCppReadsOurs(t *testing.T) {
	o := startOracle(t)
	formats := []tensor.DType{
		tensor.DTypeF32, tensor.DTypeF16, tensor.DTypeBF16, tensor.DTypeQ8_0, tensor.DTypeQ4_0,
		tensor.DTypeQ4K, tensor.DTypeQ5K, tensor.DTypeQ6K, tensor.DTypeMXFP4,
	}
	kinds := []string{model.Llama, model.Mistral, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE, model.Mellum}
	for i, kind := range kinds {
		for j, d := range formats {
			if testing.Short() && (i+j)%len(kinds) != 0 {
				continue
			}
			t.Run(fmt.Sprint(kind, " ", d), func(t *testing.T) {
				p := *o
				p.t = t
				checkWritten(&p, kind, d, rand.New(rand.NewPCG(uint64(i), uint64(j))))
			})
		}
	}
}

// ourModel saves a random model with a vocabulary, of which llama.cpp computes
// the same as we do; wide ones have rows for all formats of blocks.
func ourModel(t *testing.T, kind string, wide bool, rng *rand.Rand) (dir string, cfg *model.Config) {
	t.Helper()
	c, err := model.Default(kind)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	text, err := os.ReadFile("../tokenizer/testdata/golden/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	tok, err := Tokenizer(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.VocabSize, c.NumLayers, c.MaxPositions, c.InitStd = tok.VocabSize(), 2, 256, 0.15
	c.NumHeads, c.NumKVHeads, c.HiddenSize, c.HeadDim, c.IntermediateSize = 4, 2, 64, 16, 96
	if wide {
		c.NumLayers, c.InitStd = 1, 0.08
		c.HiddenSize, c.HeadDim, c.IntermediateSize = 256, 64, 256
	}
	c.SlidingWindow, c.BOSTokenID, c.EOSTokenIDs = 0, -1, []int{c.VocabSize - 1}
	if kind == model.Mellum {
		c.NumLayers, c.SlidingWindow, c.SlidingRopeTheta = 2, 1+rng.IntN(8), 0
		c.LayerTypes = []string{model.SlidingAttention, model.FullAttention}
	}
	c.TieEmbeddings, c.RopeTheta, c.RMSNormEps = rng.IntN(3) == 0, []float64{100, 1e4, 1e6}[rng.IntN(3)], 1e-5
	switch rng.IntN(3) {
	case 0:
		c.RopeScaling = &model.RopeScaling{Type: model.RopeLinear, Factor: 4}
	case 1:
		c.RopeScaling = &model.RopeScaling{Type: model.RopeYaRN, Factor: 4, OriginalPositions: 64}
		if kind == model.Llama {
			c.RopeScaling = &model.RopeScaling{Type: model.RopeLlama3, Factor: 8, OriginalPositions: 32, LowFreqFactor: 1, HighFreqFactor: 4}
		}
	}
	if c.NumExperts > 0 {
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize = 4, 2, c.IntermediateSize
		c.NormTopKProb = kind != model.OLMoE
	}
	if kind == model.OLMoE {
		c.NumKVHeads, c.HeadDim = c.NumHeads, 0
	}
	if kind != model.OLMoE && kind != model.Qwen2 && !wide {
		c.HeadDim = 12 + 4*rng.IntN(3)
		c.HeadDim += c.HeadDim % 8 // rows of the output product in whole blocks of 32
	}
	saveRandom(t, c, dir, rng)
	return dir, c
}

// saveRandom saves a model in which norms and biases matter too.
func saveRandom(t *testing.T, c *model.Config, dir string, rng *rand.Rand) {
	t.Helper()
	m, err := model.New(c, rng.Uint64())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		if p.InitStd == 0 {
			for i := range p.Master {
				p.Master[i] = p.Fill + float32(rng.IntN(64)-32)/128
			}
		}
	}
	m.Sync()
	if err := m.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
}

// writeAs writes the weights at from as a GGUF file of one format.
func writeAs(t *testing.T, dir, from, to string, d tensor.DType) {
	t.Helper()
	w, err := model.OpenWeights(from)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pairs, err := Metadata(dir, w.Config())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.WriteGGUF(to, w, pairs, func(model.TensorInfo) tensor.DType { return d }, nil); err != nil {
		t.Fatal(err)
	}
}

// runOn runs the model at path.
func runOn(t *testing.T, path string, tokens []int32) []float32 {
	t.Helper()
	m, err := model.Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	n := len(tokens)
	ws := model.NewWorkspace(m, n, false)
	if err := m.Forward(ws, &model.Batch{Tokens: tokens, Spans: []model.Span{{Len: n}}}); err != nil {
		t.Fatal(err)
	}
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	dst := make([]float32, n*m.Config().VocabSize)
	m.Logits(ws, rows, dst)
	return dst
}

func checkWritten(o *oracle, kind string, d tensor.DType, rng *rand.Rand) {
	t := o.t
	elements, _ := d.Block()
	var file, decoded, same string
	var tokens []int32
	for try := 0; tokens == nil; try++ {
		if try == 20 {
			t.Fatal("no model of 20 in which rounding turns no choice of experts")
		}
		dir, cfg := ourModel(t, kind, elements > 32, rng)
		file, decoded = filepath.Join(dir, "ours.gguf"), filepath.Join(dir, "decoded.gguf")
		writeAs(t, dir, dir, file, d)
		o.quantize(file, decoded, "F32")
		same = saveDecoded(t, dir, decoded)
		tokens = o.tokens(same, cfg.VocabSize, rng.IntN(1<<30), cfg.NumExperts > 0)
	}
	ours := runOn(t, file, tokens)
	if theirs := runOn(t, decoded, tokens); !slices.Equal(ours, theirs) {
		e, norm := apart(t, ours, theirs)
		t.Errorf("llama.cpp decodes otherwise: %g of %g", e, norm)
	}
	exact, as := o.llama(decoded, tokens, true), o.llama(file, tokens, false)
	rounded, norm := apart(t, o.bf16(same, tokens), exact)
	e, _ := apart(t, ours, exact)
	int8, _ := apart(t, as, exact)
	between, _ := apart(t, as, ours)
	t.Logf("of %.3g: ours %.3g, transformers in bf16 %.3g, llama.cpp on the file %.3g; ours to it %.3g", norm, e, rounded, int8, between)
	if limit := rounded * (2 + 4/math.Sqrt(float64(len(exact)))); !(e <= limit) {
		t.Errorf("error %g of %g; rounding to bf16 explains %g", e, norm, limit)
	}
	if !(int8 <= 0.15*norm && rounded <= 0.1*norm) {
		t.Errorf("llama.cpp is off by %g, transformers in bf16 by %g of %g", int8, rounded, norm)
	}
}

// saveDecoded saves the weights of a GGUF file for transformers, with the
// configuration in dir, so that what the file says of it is judged as well.
func saveDecoded(t *testing.T, dir, decoded string) (same string) {
	t.Helper()
	m, err := model.Load(decoded, true)
	if err != nil {
		t.Fatal(err)
	}
	same = t.TempDir()
	if err := m.Save(same, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(same, "config.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return same
}
