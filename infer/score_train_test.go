package infer

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestLogProbsOfTraining: a pass for training over packed sequences gives each
// token the log-probability that the engine gave it when it wrote it, at
// temperature 1, and when it read it, to the bit.
func TestLogProbsOfTraining(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{})
	batch := &model.Batch{}
	var targets []int32
	var want []float32
	for i, n := range []int{7, 40, 1, 101} {
		prompt := tokens(n)
		written, _, err := ask(t.Context(), e, Request{
			Prompt: prompt, MaxTokens: 30 + i, Logprobs: true, Sampling: Sampling{Temperature: 1, Seed: uint64(i)},
		})
		if err != nil {
			t.Fatal(err)
		}
		text := append(prompt, ids(written.tokens)...)
		result, err := e.Generate(t.Context(), Request{Prompt: text, PromptLogprobs: true, PromptOnly: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !equalTokens(result.PromptLogprobs[n:], written.tokens) {
			t.Fatalf("read %v, wrote %v", result.PromptLogprobs[n:], written.tokens)
		}
		batch.Spans = append(batch.Spans, model.Span{Start: len(batch.Tokens), Len: len(text)})
		batch.Tokens = append(batch.Tokens, text...)
		targets = append(append(targets, text[1:]...), -1)
		for _, token := range result.PromptLogprobs[1:] {
			want = append(want, token.Logprob)
		}
		want = append(want, 0)
	}
	ws := model.NewWorkspace(m, len(targets), true)
	if _, err := m.ForwardTrain(ws, batch); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(targets))
	m.LogProbs(ws, targets, got)
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("token %d: %v in training, %v of the engine", i, got[i], want[i])
		}
	}
}
