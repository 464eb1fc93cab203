package infer

import (
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// longModel is a small mixture of experts with a window of that many tokens, in
// which one layer slides and the other sees everything.
func longModel(t testing.TB, window int) *model.Model {
	t.Helper()
	cfg, err := model.Default(model.Mellum)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 97, 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 1, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.LayerTypes, cfg.SlidingWindow = []string{model.SlidingAttention, model.FullAttention}, 100
	cfg.MaxPositions, cfg.InitStd = window, 0.2
	m, err := model.New(cfg, 5)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// chunkInvariance asks for the same in chunks of all sizes, and then again, when
// the prompt is in the cache.
func chunkInvariance(t *testing.T, m *model.Model, length int, chunks []int) {
	t.Helper()
	prompt := make([]int32, length)
	for i := range prompt {
		prompt[i] = int32((i*i*5 + 11*i) % 97)
	}
	r := Request{Prompt: prompt, MaxTokens: 6, Logprobs: true, TopLogprobs: 4, PromptLogprobs: true, LogprobsFrom: length - 20, Sampling: Sampling{Temperature: 1, Seed: 3}}
	for _, int8s := range []bool{false, true} {
		var want answer
		for i, chunk := range chunks {
			e := NewEngine(m, Options{Chunk: chunk, Int8: int8s, MaxBatch: 2})
			got, _, err := ask(t.Context(), e, r)
			if err != nil {
				t.Fatal(err)
			}
			again, result, err := ask(t.Context(), e, r)
			if err != nil || result.CachedTokens < length-20-model.BlockTokens {
				t.Errorf("again: %d of %d tokens are cached, %v", result.CachedTokens, length, err)
			}
			e.Close()
			if i == 0 {
				want = got
			}
			if !got.equal(want) || !again.equal(want) {
				t.Errorf("8 bits %v, chunks of %d tokens: %v, again %v, and in chunks of %d: %v", int8s, chunk, got, again, chunks[0], want)
			}
		}
	}
}

// TestChunkInvariance: chunks of any size give the same bits, beyond the window of
// the layer that slides too.
func TestChunkInvariance(t *testing.T) {
	m := longModel(t, 1000)
	chunkInvariance(t, m, 701, []int{701, 1, 2, 63, 64, 65, 100, 101, 256, 700, 1000})
	// They are those of one pass over everything.
	prompt := tokens(300)
	whole := forwardLogits(t, m, prompt)[299]
	seen := &recorder{text: []int32{1}}
	if _, err := NewEngine(m, Options{Chunk: 37}).Generate(t.Context(), Request{Prompt: prompt, MaxTokens: 1, Mask: seen}, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen.seen[0], whole) {
		t.Error("logits are not those of one pass")
	}
}

// TestLongChunkInvariance is that for a prompt of more than 32,768 tokens.
func TestLongChunkInvariance(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 33,001 tokens twelve times")
	}
	chunkInvariance(t, longModel(t, 33100), 33001, []int{33001, 256, 1999})
}
