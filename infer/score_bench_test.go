package infer

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// BenchmarkScore is likelihood scoring of questions with 4 choices of 6 tokens:
// zero-shot after prompts of 40 tokens, few-shot after 1,000 that all questions
// begin with and 60 of their own, beside the reading of prompts of 256 tokens of
// which nothing is wanted. Tokens that are in the cache do not count as read.
func BenchmarkScore(b *testing.B) {
	for _, shape := range []struct {
		name string
		make func(testing.TB) *model.Model
	}{{"moe226M", benchMoE}, {"dense135M", benchDense}} {
		m := shape.make(b)
		for _, load := range []struct {
			name                string
			shared, own, choice int // tokens
			numItems            int // in a round
		}{
			{"prefill", 0, 256, 0, 8},
			{"zeroShot", 0, 40, 6, 64},
			{"letters", 0, 40, 1, 64},
			{"fewShot", 1000, 60, 6, 64},
		} {
			b.Run(shape.name+"/"+load.name, func(b *testing.B) {
				e := NewEngine(m, Options{MaxBatch: 32, Chunk: 256})
				defer e.Close()
				r := rand.New(rand.NewPCG(1, 2))
				prefix := randomTokens(r, load.shared, m.Config().VocabSize)
				var read, items int
				for b.Loop() {
					var requests []Request
					for range load.numItems {
						requests = append(requests, question(r, prefix, load.own, load.choice, m.Config().VocabSize)...)
					}
					read += askAll(b, e, requests)
					items += load.numItems
				}
				s := e.Stats()
				seconds := b.Elapsed().Seconds()
				b.ReportMetric(float64(read)/seconds, "read/s")
				b.ReportMetric(float64(items)/seconds, "items/s")
				b.ReportMetric(float64(read)/float64(s.Steps), "read/step")
				b.ReportMetric(float64(s.PassTime)/float64(b.Elapsed()), "pass/wall")
			})
		}
	}
}

// question returns the requests of an item: one for each of 4 choices of so many
// tokens, or one that only reads the prompt.
func question(r *rand.Rand, prefix []int32, own, choice, vocabulary int) []Request {
	prompt := append(prefix[:len(prefix):len(prefix)], randomTokens(r, own, vocabulary)...)
	if choice == 0 {
		return []Request{{Prompt: prompt, PromptOnly: true}}
	}
	var requests []Request
	for range 4 {
		requests = append(requests, Request{
			Prompt:     append(prompt[:len(prompt):len(prompt)], randomTokens(r, choice, vocabulary)...),
			PromptOnly: true, PromptLogprobs: true, LogprobsFrom: len(prompt),
		})
	}
	return requests
}

// askAll asks with so many goroutines that the engine is never out of work, and
// returns how many tokens were read.
func askAll(b *testing.B, e *Engine, requests []Request) (read int) {
	var group sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range 128 {
		group.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(requests) {
					return
				}
				result, err := e.Generate(b.Context(), requests[i], nil)
				if err != nil {
					b.Error(err)
				}
				mu.Lock()
				read += requests[i].numRead() - result.CachedTokens
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return read
}

func randomTokens(r *rand.Rand, n, vocabulary int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = r.Int32N(int32(vocabulary))
	}
	return ids
}

// benchMoE has 226 million parameters, 42 million of them active.
func benchMoE(b testing.TB) *model.Model {
	return benchModel(b, model.Qwen3MoE, func(c *model.Config) {
		c.VocabSize, c.HiddenSize, c.NumLayers = 16384, 512, 8
		c.NumHeads, c.NumKVHeads, c.HeadDim = 8, 8, 64
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize = 16, 2, 1024
	})
}

// benchDense has the shape of SmolLM-135M (HuggingFaceTB/SmolLM-135M, config.json).
func benchDense(b testing.TB) *model.Model {
	return benchModel(b, model.Llama, func(c *model.Config) {
		c.VocabSize, c.HiddenSize, c.NumLayers = 49152, 576, 30
		c.NumHeads, c.NumKVHeads, c.HeadDim = 9, 3, 64
		c.IntermediateSize, c.TieEmbeddings = 1536, true
	})
}

func benchModel(b testing.TB, kind string, shape func(*model.Config)) *model.Model {
	b.Helper()
	cfg, err := model.Default(kind)
	if err != nil {
		b.Fatal(err)
	}
	shape(cfg)
	cfg.MaxPositions = 2048
	m, err := model.New(cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	return m
}
