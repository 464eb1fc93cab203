package plan

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
)

// TestFromConfig: a model of ours counts the same as package model counts it,
// parameters and operations, on random configurations.
func TestFromConfig(t *testing.T) {
	types := []string{model.Llama, model.Mistral, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := randomConfig(r, types[r.IntN(len(types))])
		if err := c.Validate(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		m := FromConfig(c)
		if err := m.Validate(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		total, active := c.Params()
		if p := m.Params(); p.Total != total || p.Active != active {
			t.Errorf("seed %d: %d total, %d active; package model counts %d and %d: %+v", seed, p.Total, p.Active, total, active, c)
		}
		length := 1 + r.IntN(300)
		if got, want := m.FLOPsPerToken(length, false).Total, c.FLOPs(length); math.Abs(got-want) > 1e-9*want {
			t.Errorf("seed %d: %g operations for a token, package model counts %g", seed, got, want)
		}
	}
}

func randomConfig(r *rand.Rand, modelType string) *model.Config {
	c, err := model.Default(modelType)
	if err != nil {
		panic(err)
	}
	c.VocabSize, c.NumLayers = 2+r.IntN(1000), 1+r.IntN(6)
	c.NumKVHeads = 1 + r.IntN(4)
	c.NumHeads = c.NumKVHeads * (1 + r.IntN(4))
	c.HeadDim = 2 * (1 + r.IntN(32))
	c.HiddenSize, c.IntermediateSize = 1+c.NumHeads*(1+r.IntN(40)), 1+r.IntN(500)
	c.TieEmbeddings = r.IntN(2) == 0
	if modelType == model.Mistral || modelType == model.Mixtral {
		c.SlidingWindow = r.IntN(2) * (1 + r.IntN(200))
	}
	switch modelType {
	case model.Qwen3MoE:
		c.NumExperts = 1 + r.IntN(20)
		c.MoEIntermediateSize = 1 + r.IntN(100)
		c.DecoderSparseStep = 1 + r.IntN(c.NumLayers)
		c.SharedExpertSize = r.IntN(2) * (1 + r.IntN(100))
		c.RouterBias = r.IntN(2) == 0
		if r.IntN(2) == 0 {
			c.MLPOnlyLayers = []int{r.IntN(c.NumLayers)}
		}
	case model.Mixtral, model.OLMoE:
		c.NumExperts, c.MoEIntermediateSize = 1+r.IntN(20), c.IntermediateSize
	default:
		if r.IntN(3) == 0 {
			v := vision.Default()
			v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 32, 8, 24, 48, 2, 4
			c.Vision = &v
		}
	}
	c.NumExpertsPerTok = min(c.NumExperts, 2)
	return c
}

// TestFromConfigKinds: layers of two kinds, which package model counts one by one.
func TestFromConfigKinds(t *testing.T) {
	c, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	c.VocabSize, c.NumLayers, c.NumHeads, c.NumKVHeads, c.HiddenSize, c.IntermediateSize = 100, 4, 2, 1, 64, 96
	c.SlidingWindow = 16
	c.LayerTypes = []string{"sliding_attention", "full_attention", "sliding_attention", "sliding_attention"}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	m := FromConfig(c)
	for l := range c.NumLayers {
		if m.Window(l) != c.Window(l) {
			t.Errorf("layer %d sees %d, package model says %d", l, m.Window(l), c.Window(l))
		}
	}
	// 100 tokens in full: 5050/100 keys on average; in a window of 16: (136+84*16)/100.
	if got, want := m.FLOPsPerToken(100, false).Part(PartScores), 4.0*2*128*(50.5+3*14.8); math.Abs(got-want) > 1e-6 {
		t.Errorf("attention takes %g, want %g", got, want)
	}
	if got, want := m.KVBytes(100, BF16), 2.0*2*128*(100+3*16); got != want {
		t.Errorf("the cache takes %g bytes, want %g", got, want)
	}
}
