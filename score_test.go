package polymath_test

import (
	"context"
	"errors"
	"testing"

	"github.com/polymath-lm/polymath"
)

// TestScore: a text that the model wrote has the log-probabilities that it had
// when it was written.
func TestScore(t *testing.T) {
	m := open(t)
	const prompt = "A stitch"
	r, err := m.Generate(t.Context(), prompt, polymath.GenerateOptions{MaxTokens: 12, Temperature: 1, Seed: 4, Logprobs: true, TopLogprobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	whole := m.Tokenize(prompt, false)
	begin := len(whole)
	for _, token := range r.Tokens {
		whole = append(whole, token.ID)
	}
	if r.PromptTokens > begin { // what begins a text
		first, _, err := m.Score(t.Context(), prompt, 0)
		if err != nil {
			t.Fatal(err)
		}
		whole = append([]int{first[0].ID}, whole...)
		begin++
	}
	scored, usage, err := m.ScoreTokens(t.Context(), whole, 2)
	if err != nil || len(scored) != len(whole) || usage.PromptTokens != len(whole) || usage.CompletionTokens != 0 {
		t.Fatalf("%d tokens, %+v, %v", len(scored), usage, err)
	}
	if scored[0].Logprob != 0 || scored[0].Top != nil {
		t.Errorf("the first token has %v", scored[0])
	}
	for i, token := range r.Tokens {
		got := scored[begin+i]
		if got.ID != token.ID || got.Logprob != token.Logprob || len(got.Top) != 2 || got.Top[0].Logprob != token.Top[0].Logprob {
			t.Errorf("token %d was written as %+v and is scored as %+v", i, token, got)
		}
	}
	if _, _, err := m.ScoreTokens(t.Context(), []int{1 << 20}, 0); !errors.Is(err, polymath.ErrPrompt) {
		t.Errorf("an id that is no token: %v", err)
	}
	if _, _, err := m.ScoreTokens(t.Context(), make([]int, m.ContextWindow()+2), 0); !errors.Is(err, polymath.ErrContextWindow) {
		t.Errorf("a text beyond the window: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := m.Score(ctx, prompt, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
