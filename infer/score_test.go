package infer

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestPromptLogprobs: a token has the same log-probability to the bit as part of
// a prompt and when it was generated, however the prompt is read and whoever
// else is there.
func TestPromptLogprobs(t *testing.T) {
	m := testModel(t)
	block := model.BlockBytes(m.Config(), model.CacheBF16)
	for i, o := range []Options{
		{},
		{Chunk: 1, MaxBatch: 1},
		{Chunk: 64},
		{Chunk: 37, Lookup: true},
		{Int8: true, Chunk: 50},
		{Chunk: 20, CacheBytes: 4 * block},
		{Draft: m, Vocabulary: 90},
	} {
		e := NewEngine(m, o)
		begin := slices.DeleteFunc(tokens(40), func(id int32) bool { return id >= 90 })
		r := Request{Prompt: begin, Logprobs: true, TopLogprobs: 4, Sampling: Sampling{Temperature: 1}}
		written, _, err := ask(t.Context(), e, r)
		if err != nil {
			t.Fatal(err)
		}
		r.Prompt, r.PromptLogprobs, r.MaxTokens = append(slices.Clone(begin), ids(written.tokens[:80])...), true, 1
		var group sync.WaitGroup
		for k := range 5 {
			group.Go(func() {
				q := r
				q.PromptOnly = k == 1
				if k == 4 { // another one, which the others must not notice
					q = Request{Prompt: r.Prompt[3:], MaxTokens: 20}
				}
				got, result, err := ask(t.Context(), e, q)
				if k == 4 {
					return
				}
				all := result.PromptLogprobs
				if err != nil || len(all) != len(r.Prompt) || result.CachedTokens != 0 || result.Finish != FinishLength {
					t.Errorf("options %d: %d of %d tokens, %+v, %v", i, len(all), len(r.Prompt), result, err)
					return
				}
				if !equalTokens(all[len(begin):], written.tokens[:80]) {
					t.Errorf("options %d:\n got %v\nwant %v", i, all[len(begin):], written.tokens[:80])
				}
				if want := written.tokens[80:81]; k != 1 && !equalTokens(got.tokens, want) || k == 1 && len(got.tokens) > 0 {
					t.Errorf("options %d: the next token is %v, not %v", i, got.tokens, want)
				}
				if all[0].ID != begin[0] || all[0].Logprob != 0 || all[0].Top != nil || all[1].Logprob >= 0 {
					t.Errorf("options %d: it begins %v", i, all[:2])
				}
			})
		}
		group.Wait()
	}
}

// They are those of the training pass.
func TestPromptLogprobsEqualTraining(t *testing.T) {
	m := testModel(t)
	text := tokens(testWindow) // the whole window
	e := NewEngine(m, Options{})
	result, err := e.Generate(t.Context(), Request{Prompt: text, PromptLogprobs: true, PromptOnly: true}, nil)
	if err != nil || result.CompletionTokens != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	for i, logits := range forwardLogits(t, m, text)[:testWindow-1] {
		got := result.PromptLogprobs[i+1]
		want, _ := Logprobs(logits, text[i+1], 0)
		if got.ID != text[i+1] || got.Position != i+1 || got.Logprob != want.Logprob || got.Top != nil {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
	result, err = e.Generate(t.Context(), Request{Prompt: text[:1], PromptLogprobs: true, PromptOnly: true}, nil)
	if err != nil || len(result.PromptLogprobs) != 1 {
		t.Errorf("of one token: %+v, %v", result, err)
	}
}

// What was scored before a preemption is not lost, and what was not is.
func TestPromptLogprobsPreempted(t *testing.T) {
	m := testModel(t)
	r := Request{Prompt: tokens(100), PromptLogprobs: true, PromptOnly: true, TopLogprobs: 2}
	want, err := NewEngine(m, Options{}).Generate(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(m, Options{Chunk: 1, CacheBytes: 4 * model.BlockBytes(m.Config(), model.CacheBF16)})
	var got Result
	var group sync.WaitGroup
	mask := &hook{call: func(n int) {
		if n != 1 {
			return
		}
		group.Go(func() {
			if got, err = e.Generate(t.Context(), r, nil); err != nil {
				t.Error(err)
			}
		})
		awaitWaiting(e, 1)
	}}
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(60), MaxTokens: 90, Mask: mask}, nil); err != nil {
		t.Error(err)
	}
	group.Wait()
	if !equalTokens(got.PromptLogprobs, want.PromptLogprobs) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	if s := e.Stats(); s.Preemptions == 0 || s.Steps > 60+90+100-64 {
		t.Errorf("not preempted, or read from the beginning: %+v", s)
	}
}

// A row of damaged logits fails the request that needs it.
func TestPromptLogprobsNonFinite(t *testing.T) {
	m := testModel(t)
	for _, p := range m.Params() {
		if p.Name == "lm_head.weight" {
			p.Master[7] = float32(math.NaN())
		}
	}
	m.Sync()
	e := NewEngine(m, Options{})
	result, err := e.Generate(t.Context(), Request{Prompt: tokens(10), PromptLogprobs: true, PromptOnly: true}, nil)
	if !errors.Is(err, model.ErrNonFinite) || result.PromptLogprobs != nil {
		t.Errorf("%+v, %v", result, err)
	}
}
