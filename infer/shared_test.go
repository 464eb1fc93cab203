package infer

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// choices are requests for the log-probabilities of 4 continuations of prompt.
func choices(prompt []int32, length int) []Request {
	var requests []Request
	for i := range int32(4) {
		text := slices.Clone(prompt)
		for k := range int32(length) {
			text = append(text, 90+i-k)
		}
		requests = append(requests, Request{Prompt: text, PromptOnly: true, PromptLogprobs: true, LogprobsFrom: len(prompt)})
	}
	return requests
}

// TestLogprobsFrom: scores of the end of a prompt are those that all of it gives,
// under every setting, whatever is cached; nothing else goes through the head.
func TestLogprobsFrom(t *testing.T) {
	m := testModel(t)
	block := model.BlockBytes(m.Config(), model.CacheBF16)
	for i, o := range []Options{
		{},
		{Chunk: 1, MaxBatch: 1},
		{Chunk: 7, MaxBatch: 3},
		{Chunk: 64, CacheBytes: 3 * block, MaxBatch: 4},
		{Int8: true},
		{Int8: true, Chunk: 9},
		{Draft: m},
		{Lookup: true, Chunk: 30},
	} {
		e := NewEngine(m, o)
		for _, length := range []int{1, 2, 9, 63, 64, 65, 100, 127, 128, 129, testWindow - 4, testWindow} {
			for round := range 2 {
				var group sync.WaitGroup
				for _, r := range choices(tokens(length), 1+3*round)[:1+min(3, testWindow-length)] {
					if len(r.Prompt) > testWindow+1 {
						continue
					}
					all := r
					all.LogprobsFrom = 0
					want, err := NewEngine(m, Options{Int8: o.Int8}).Generate(t.Context(), all, nil)
					if err != nil {
						t.Fatal(err)
					}
					group.Go(func() {
						got, err := e.Generate(t.Context(), r, nil)
						if err != nil || !equalTokens(got.PromptLogprobs, want.PromptLogprobs[length:]) {
							t.Errorf("options %d, length %d: %v\n got %v\nwant %v", i, length, err, got.PromptLogprobs, want.PromptLogprobs[length:])
						}
						if got.CachedTokens > length-1 || got.PromptTokens != len(r.Prompt) {
							t.Errorf("options %d, length %d: %+v", i, length, got)
						}
					})
				}
				group.Wait()
			}
		}
		if s := idleStats(t, e); s.PrefixHits == 0 || s.UsedBlocks != 0 {
			t.Errorf("options %d: %+v", i, s)
		}
		r := choices(tokens(50), 5)[2]
		if _, err := e.Generate(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		if idleStats(t, e); o.Chunk == 0 && len(e.pass.scorer.wanted) != 5 {
			t.Errorf("options %d: %d rows for 5 tokens", i, len(e.pass.scorer.wanted))
		}
		e.Close()
	}
}

// together puts requests to the engine between two of its steps, so that none comes
// while another one is read in part. One of a single token holds it up till then.
func together(t *testing.T, e *Engine, requests []Request) {
	var group sync.WaitGroup
	generate := func(r Request) {
		group.Go(func() {
			if _, err := e.Generate(t.Context(), r, nil); err != nil {
				t.Error(err)
			}
		})
	}
	held := make(chan struct{})
	generate(Request{Prompt: []int32{95}, MaxTokens: 1, Mask: &hook{call: func(int) {
		close(held)
		awaitWaiting(e, len(requests))
	}}})
	<-held
	for _, r := range requests {
		generate(r)
	}
	group.Wait()
}

// TestChoicesReadPromptOnce: what choices that come together have in common is
// read once, and kept once.
func TestChoicesReadPromptOnce(t *testing.T) {
	for _, length := range []int{40, 64, 100} {
		for _, o := range []Options{{}, {Chunk: 16}, {MaxBatch: 1}, {Int8: true}} {
			e := NewEngine(testModel(t), o)
			for range 2 {
				together(t, e, choices(tokens(length), 6))
			}
			s := idleStats(t, e)
			if hits := uint64(7 * (length - 1)); s.PrefixHits != hits || s.PrefixQueries != uint64(8*(length+6)) {
				t.Errorf("%+v, %d tokens: %d hits, want %d of %d", o, length, s.PrefixHits, hits, s.PrefixQueries)
			}
			if s.KeptBlocks != (length+63)/64 {
				t.Errorf("%+v, %d tokens: %d blocks are kept", o, length, s.KeptBlocks)
			}
		}
	}
}

// TestWhoWaits: a request waits for another one that reads its prefix if that is
// a whole block, or half of what it has to read and soon there; or if nobody waits
// for its first token.
func TestWhoWaits(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 100})
	start := func(r Request) *sequence {
		s, err := e.newSequence(&r)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	run := func(n int) {
		s := start(Request{Prompt: tokens(n)})
		if !e.enter(s) {
			t.Fatal("no room")
		}
	}
	check := func(name string, r Request, want bool) {
		t.Helper()
		if got := e.awaited(start(r)); got != want {
			t.Errorf("%s waits: %v", name, got)
		}
	}
	longer := func(shared, more int) []int32 {
		return append(tokens(shared), slices.Repeat([]int32{96}, more)...)
	}
	run(60)
	check("a short prefix", Request{Prompt: longer(7, 2)}, false)
	check("half", Request{Prompt: longer(20, 20)}, true)
	check("less than half", Request{Prompt: longer(20, 21)}, false)
	check("less than half, silent", Request{Prompt: longer(20, 21), PromptOnly: true}, false)
	check("scores of all", Request{Prompt: longer(20, 10), PromptOnly: true, PromptLogprobs: true}, false)
	run(50) // of the first one's tokens nothing is there yet
	check("half, but late", Request{Prompt: longer(20, 20)}, false)
	check("half, but late, silent", Request{Prompt: longer(20, 20), PromptOnly: true}, true)
	run(70)
	check("a block, late", Request{Prompt: longer(64, 80)}, true)
	if got := e.unread(); got != 60+50+70 {
		t.Errorf("%d tokens are unread", got)
	}
	for _, s := range e.running {
		e.retire(s, "", nil)
	}
	e.running = nil
}

// TestSameBlockElsewhere: a block that follows other tokens is another block.
func TestSameBlockElsewhere(t *testing.T) {
	m := testModel(t)
	first := append(slices.Repeat([]int32{1}, model.BlockTokens), tokens(40)...)
	second := append(slices.Repeat([]int32{2}, model.BlockTokens), tokens(40)...)
	want, _, err := ask(t.Context(), NewEngine(m, Options{}), Request{Prompt: second, MaxTokens: 3, Logprobs: true})
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(m, Options{})
	if _, _, err := ask(t.Context(), e, Request{Prompt: second[:model.BlockTokens+1], MaxTokens: 1}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	_, _, err = ask(t.Context(), e, Request{Prompt: first, MaxTokens: 20, Mask: &hook{call: func(n int) {
		if n == 3 {
			group.Go(func() {
				got, result, err := ask(t.Context(), e, Request{Prompt: second, MaxTokens: 3, Logprobs: true})
				if err != nil || !got.equal(want) || result.CachedTokens != model.BlockTokens {
					t.Errorf("%+v, %v\n got %v\nwant %v", result, err, got, want)
				}
			})
			awaitWaiting(e, 1)
		}
	}}})
	group.Wait()
	if err != nil {
		t.Error(err)
	}
}

// TestRunningPrefix: what a sequence that still writes has read is shared too,
// and where memory is short the block that is kept is taken instead of a copy.
func TestRunningPrefix(t *testing.T) {
	e := NewEngine(testModel(t), Options{CacheBytes: 2 * model.BlockBytes(testModel(t).Config(), model.CacheBF16)})
	var group sync.WaitGroup
	next := Request{Prompt: append(tokens(45), 7), MaxTokens: 4}
	_, _, err := ask(t.Context(), e, Request{Prompt: tokens(45), MaxTokens: 15, Mask: &hook{call: func(n int) {
		if n == 3 {
			group.Go(func() {
				if _, result, err := ask(t.Context(), e, next); err != nil || result.CachedTokens != 45 {
					t.Errorf("%+v, %v", result, err)
				}
			})
			awaitWaiting(e, 1)
		}
	}}})
	group.Wait()
	if err != nil {
		t.Error(err)
	}
	for i := range 3 { // two blocks are kept, and both are wanted
		long := append(tokens(49), slices.Repeat([]int32{int32(i)}, 30)...)
		if _, _, err := ask(t.Context(), e, Request{Prompt: long, MaxTokens: 4}); err != nil {
			t.Error(err)
		}
		if s := idleStats(t, e); s.UsedBlocks != 0 || len(e.pool.free)+e.pool.tree.kept.Len() != e.pool.made {
			t.Errorf("%+v", s)
		}
	}
}

// isGreedy is what Greedy chooses.
func TestIsGreedy(t *testing.T) {
	for _, logits := range [][]float32{{1}, {1, 2, 2, 0}, {3, 2, 3}, {negativeInfinity, 0, 0}, {5, 5, 5}} {
		for id := range int32(len(logits)) {
			if got := isGreedy(logits, id); got != (Greedy(logits) == id) {
				t.Error(fmt.Sprint(logits, id, got))
			}
		}
	}
}
