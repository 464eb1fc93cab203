package infer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// answer is what a request must give, whoever shares the engine.
type answer struct {
	tokens []Token
	scores []Token // of the prompt
	finish Finish
}

func (a answer) equal(b answer) bool {
	return a.finish == b.finish && equalTokens(a.tokens, b.tokens) && equalTokens(a.scores, b.scores)
}

func equalTokens(a, b []Token) bool {
	return slices.EqualFunc(a, b, func(x, y Token) bool {
		return x.ID == y.ID && x.Position == y.Position && x.Logprob == y.Logprob && x.Greedy == y.Greedy && slices.Equal(x.Top, y.Top)
	})
}

func ask(ctx context.Context, e *Engine, r Request) (answer, Result, error) {
	var a answer
	result, err := e.Generate(ctx, r, func(token Token) bool { a.tokens = append(a.tokens, token); return false })
	a.finish, a.scores = result.Finish, result.PromptLogprobs
	if err == nil && result.CompletionTokens != len(a.tokens) {
		err = fmt.Errorf("%d tokens came and the result counts %d", len(a.tokens), result.CompletionTokens)
	}
	return a, result, err
}

// idleStats waits until the engine has nothing to do: an answer is there a
// little before its memory is free.
func idleStats(t *testing.T, e *Engine) Stats {
	t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(time.Millisecond) {
		if s := e.Stats(); s.Running+s.Waiting == 0 {
			return s
		}
	}
	t.Fatalf("the engine does not come to rest: %+v", e.Stats())
	return Stats{}
}

// randomRequest begins with one of a few common prefixes, so that the prefix
// cache is used.
func randomRequest(r *rand.Rand, window int) Request {
	prompt := make([]int32, 1+r.IntN(window-10))
	family := r.Int32N(3)
	for i := range prompt {
		prompt[i] = (int32(i*i)*family + family + int32(i/7)) % 97
	}
	for i := len(prompt) - r.IntN(min(20, len(prompt))); i < len(prompt); i++ {
		prompt[i] = r.Int32N(97)
	}
	q := Request{
		Prompt: prompt, MaxTokens: 1 + r.IntN(min(40, window-len(prompt))), Choice: r.IntN(3),
		Logprobs: true, TopLogprobs: r.IntN(4), End: []int32{r.Int32N(97)},
	}
	q.Sampling = Sampling{Temperature: float32(r.IntN(3)) / 2, Seed: r.Uint64N(5)}
	switch r.IntN(5) {
	case 0:
		q.Sampling.TopK = 5
	case 1:
		q.Sampling.TopP = 0.8
	case 2:
		q.Sampling.FrequencyPenalty, q.Sampling.PresencePenalty, q.Sampling.RepetitionPenalty = 0.4, 0.2, 1.2
	case 3:
		q.Sampling.Bias = map[int32]float32{3: 5, 9: -100}
	}
	if q.PromptLogprobs = r.IntN(2) == 0; q.PromptLogprobs {
		q.PromptOnly, q.LogprobsFrom = r.IntN(3) > 0, r.IntN(len(prompt))
	}
	return q
}

func setPath(t *testing.T, name string) {
	if err := kernel.SetPath(name); err != nil {
		t.Fatal(err)
	}
}

// TestBatchInvariance: a request's tokens and log-probabilities, those of its
// prompt too, are the same to the bit alone and beside others, with a cold and a
// warm prefix cache, of whole blocks and of parts, with
// any chunk, with memory for all and for so few that sequences are preempted,
// with guesses and without, on any number of threads and every CPU path. With
// keys and values in 8 bits it is another answer, of which the same is true.
func TestBatchInvariance(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	requests := make([]Request, 24)
	for i := range requests {
		requests[i] = randomRequest(r, testWindow)
	}
	batchInvariance(t, testModel(t), requests)
}

// batchInvariance asks for all requests under many settings.
func batchInvariance(t *testing.T, m *model.Model, requests []Request) {
	cfg := *m.Config()
	cfg.Vision = nil
	draft, err := model.New(&cfg, 4) // another model, which does not see: mostly wrong
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 10))
	alone := map[bool][]answer{} // by Int8
	for i := range requests {
		for _, int8s := range []bool{false, true} {
			e := NewEngine(m, Options{MaxBatch: 1, Chunk: testWindow, Int8: int8s})
			a, _, err := ask(t.Context(), e, requests[i])
			if err != nil {
				t.Fatal(err)
			}
			alone[int8s] = append(alone[int8s], a)
			e.Close()
		}
	}
	if slices.EqualFunc(alone[false], alone[true], answer.equal) {
		t.Error("8 bits changed nothing")
	}
	defer par.SetThreads(par.Threads())
	defer setPath(t, kernel.CPU())
	window := model.CacheBytes(m.Config(), model.CacheBF16, testWindow)
	for i, o := range []Options{
		{},
		{Chunk: 5, MaxBatch: 32},
		{Chunk: 64, MaxBatch: 7, CacheBytes: window},
		{CacheBytes: 2 * window, MaxBatch: 16, Chunk: 33},
		{Lookup: true},
		{Draft: draft, MaxBatch: 4},
		{Draft: m, Lookup: true, CacheBytes: 2 * window},
		{Int8: true},
		{Int8: true, Chunk: 21, MaxBatch: 9, CacheBytes: window, Lookup: true},
		{Int8: true, Chunk: 3, Draft: draft, Lookup: true},
	} {
		paths := kernel.Paths() // the solo runs had the best one
		for at, path := range paths {
			if testing.Short() && at != i%len(paths) { // by turns: the race detector is slow
				continue
			}
			setPath(t, path)
			par.SetThreads(1 + (i+at)%3)
			t.Run(fmt.Sprintf("%d %s", i, path), func(t *testing.T) { testInvariance(t, NewEngine(m, o), o, r, requests, alone[o.Int8]) })
		}
	}
}

// testInvariance asks e all requests at the same time, twice, the second time
// with a warm cache, and closes it.
func testInvariance(t *testing.T, e *Engine, o Options, r *rand.Rand, requests []Request, alone []answer) {
	defer e.Close()
	var partly atomic.Int64 // requests that found part of a block
	for round := range 2 {
		var group sync.WaitGroup
		for _, k := range r.Perm(len(requests)) {
			group.Go(func() {
				got, result, err := ask(t.Context(), e, requests[k])
				if result.CachedTokens%model.BlockTokens > 0 {
					partly.Add(1)
				}
				if err != nil || !got.equal(alone[k]) {
					t.Errorf("round %d, request %d: %v\n got %v\nwant %v", round, k, err, got, alone[k])
				}
			})
		}
		group.Wait()
	}
	s := idleStats(t, e)
	t.Logf("%+v", s)
	least := int64(5)
	if s.NumBlocks < 5 { // what is kept has to go at once
		least = 1
	}
	switch {
	case s.UsedBlocks != 0:
		t.Errorf("left behind: %+v", s)
	case s.PrefixHits == 0 || partly.Load() < least:
		t.Errorf("the prefix cache was not used: %d hits, %d requests in part", s.PrefixHits, partly.Load())
	case o.guesses() && s.Accepted == 0 || !o.guesses() && s.Drafted > 0:
		t.Errorf("%d of %d guesses were right", s.Accepted, s.Drafted)
	}
}

// TestPreemption: where memory runs out the youngest waits, and nothing
// changes.
func TestPreemption(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{CacheBytes: model.BlockBytes(m.Config(), model.CacheBF16) * 4, MaxBatch: 8})
	requests, alone := make([]Request, 6), make([]answer, 6)
	for i := range requests {
		requests[i] = Request{Prompt: tokens(20 + i), MaxTokens: 110, Sampling: Sampling{Temperature: 1, Seed: uint64(i)}, Logprobs: true}
		var err error
		if alone[i], _, err = ask(t.Context(), NewEngine(m, Options{}), requests[i]); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	check := func(i int, r Request) {
		if got, _, err := ask(t.Context(), e, r); err != nil || !got.equal(alone[i]) {
			t.Errorf("request %d: %v\n got %v\nwant %v", i, err, got, alone[i])
		}
	}
	first := requests[0]
	first.Mask = &hook{call: func(n int) {
		if n == 0 {
			for i := range requests[1:] {
				group.Go(func() { check(i+1, requests[i+1]) })
			}
			awaitWaiting(e, len(requests)-1)
		}
	}}
	check(0, first)
	group.Wait()
	if s := e.Stats(); s.Preemptions == 0 {
		t.Errorf("nothing was preempted: %+v", s)
	}
}

// TestCancellation: requests that leave at any time leave nothing behind, and
// nobody else notices.
func TestCancellation(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{MaxBatch: 3, Chunk: 16, CacheBytes: model.BlockBytes(m.Config(), model.CacheBF16) * 6})
	r := Request{Prompt: tokens(80), MaxTokens: 60, Sampling: Sampling{Temperature: 1}}
	want, _, err := ask(t.Context(), e, r)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			if i%4 == 0 {
				if got, _, err := ask(t.Context(), e, r); err != nil || !got.equal(want) {
					t.Errorf("a request that stayed: %v, %v", got, err)
				}
				return
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			other := r
			other.Prompt = tokens(30 + i)
			_, err := e.Generate(ctx, other, func(Token) bool {
				if n++; n == i && i%4 == 1 {
					cancel()
				}
				return n == i && i%4 == 2
			})
			if wrong := i%4 == 1; errors.Is(err, context.Canceled) != wrong || err != nil && !wrong {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if s := idleStats(t, e); s.UsedBlocks != 0 {
		t.Errorf("left behind: %+v", s)
	}
}

// TestPromised: prompts that do not fit together are read one after another, and none
// twice.
func TestPromised(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Chunk: 8, CacheBytes: 5 * model.BlockBytes(m.Config(), model.CacheBF16)})
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			prompt := tokens(120 + i)
			prompt[0] = int32(i) // nothing in common
			if _, err := e.Generate(t.Context(), Request{Prompt: prompt, MaxTokens: 2}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if s := idleStats(t, e); s.Preemptions != 0 || s.Steps > 6*(16+2) {
		t.Errorf("%d were preempted in %d steps", s.Preemptions, s.Steps)
	}
}
