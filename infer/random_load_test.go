package infer

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// TestRandomLoad: requests come at random times and leave at random tokens or
// times, with hardly any memory, and some with a bug. Whoever stays gets the
// answer that it gets alone, whoever leaves has its beginning, and nothing is
// left behind.
func TestRandomLoad(t *testing.T) {
	m := testModel(t)
	const numRequests = 60
	block := model.BlockBytes(m.Config(), model.CacheBF16)
	r := rand.New(rand.NewPCG(3, 4))
	requests, alone := make([]Request, 12), make([]answer, 12)
	embeddings := make([][]float32, len(requests))
	for i := range requests {
		requests[i] = randomRequest(r, testWindow)
		e := NewEngine(m, Options{MaxBatch: 1})
		var err error
		if alone[i], _, err = ask(t.Context(), e, requests[i]); err == nil {
			embeddings[i], err = e.Embed(t.Context(), requests[i].Prompt)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, o := range []Options{
		{Chunk: 9, MaxBatch: 5, CacheBytes: 3 * block},
		{Chunk: 40, MaxBatch: 12, CacheBytes: 5 * block, Lookup: true},
		{Chunk: 64, MaxBatch: 3, CacheBytes: 7 * block, Draft: m},
	} {
		e := NewEngine(m, o)
		var group sync.WaitGroup
		for range numRequests {
			k, kind := r.IntN(len(requests)), r.IntN(6)
			at, late := 1+r.IntN(10), time.Duration(r.IntN(4000))*time.Microsecond
			group.Go(func() { visit(t, e, requests[k], alone[k], embeddings[k], kind, at, late) })
			time.Sleep(time.Duration(r.IntN(600)) * time.Microsecond)
		}
		group.Wait()
		s := idleStats(t, e)
		t.Logf("options %d: %+v", i, s)
		if s.UsedBlocks != 0 {
			t.Errorf("options %d: %+v", i, s)
		}
		if free := len(e.pool.free) + e.pool.tree.kept.Len(); free != e.pool.made || e.pool.made > s.NumBlocks {
			t.Errorf("options %d: of %d blocks %d are there", i, e.pool.made, free)
		}
		e.Close()
	}
}

// visit sends a request, and leaves in a way that depends on kind.
func visit(t *testing.T, e *Engine, r Request, want answer, embedding []float32, kind, at int, late time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got answer
	receive := func(token Token) bool { got.tokens = append(got.tokens, token); return false }
	switch kind {
	case 0:
		time.AfterFunc(late, cancel)
	case 1:
		receive = func(token Token) bool {
			got.tokens = append(got.tokens, token)
			return len(got.tokens) == at
		}
	case 2:
		vector, err := e.Embed(ctx, r.Prompt)
		if err != nil || !slices.Equal(vector, embedding) {
			t.Errorf("embedding: %v", err)
		}
		return
	case 3:
		r.Mask = &hook{call: func(n int) {
			if n == at {
				panic("a bug")
			}
		}}
	}
	result, err := e.Generate(ctx, r, receive)
	got.finish, got.scores = result.Finish, result.PromptLogprobs
	var fault *PanicError
	switch {
	case kind == 0 && errors.Is(err, context.Canceled), kind == 3 && errors.As(err, &fault), kind == 1 && err == nil && len(got.tokens) == at:
		if n := len(got.tokens); n > len(want.tokens) || !equalTokens(got.tokens, want.tokens[:n]) {
			t.Errorf("kind %d: the beginning differs", kind)
		}
	case err != nil || !got.equal(want):
		t.Errorf("kind %d: %v\n got %v\nwant %v", kind, err, got, want)
	}
}
