package model

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

// TestCacheForkAndTruncate: forks and truncated caches go on as if their tokens
// had been fed to a new cache, whatever the others write.
func TestCacheForkAndTruncate(t *testing.T) {
	c := small(t, Qwen3)
	m := newModel(t, c)
	ws := NewWorkspace(m, 200, false)
	tokens := someTokens(200, c.VocabSize, 5)
	want := generate(t, m, ws, tokens, []int{200})
	tail := func(cache *Cache, from int) []float32 {
		n := len(tokens) - from
		return allLogits(t, m, ws, &Batch{Tokens: tokens[from:], Spans: []Span{{Len: n, Pos: from, Cache: cache}}})
	}
	noise := func(cache *Cache, n int) { // other tokens that go on from here
		other := someTokens(n, c.VocabSize, 11)
		allLogits(t, m, ws, &Batch{Tokens: other, Spans: []Span{{Len: n, Pos: cache.Len(), Cache: cache}}})
	}
	parent := m.NewCache(CacheBF16, 200)
	allLogits(t, m, ws, &Batch{Tokens: tokens[:150], Spans: []Span{{Len: 150, Cache: parent}}})
	for _, n := range []int{0, 10, 64, 128, 130, 150} {
		fork := parent.Fork(n)
		noise(fork, 30)
		parent.Truncate(min(n+3, 150)) // writes to blocks that the fork shares must not show
		noise(parent, 40)
		fork.Truncate(n)
		mustEqual(t, fmt.Sprint("fork at ", n), tail(fork, n), want[n*c.VocabSize:])
		parent.Truncate(n)
		mustEqual(t, fmt.Sprint("truncated to ", n), tail(parent, n), want[n*c.VocabSize:])
		if parent.Bytes() != CacheBytes(c, CacheBF16, 200) {
			t.Errorf("Bytes() = %d, CacheBytes %d", parent.Bytes(), CacheBytes(c, CacheBF16, 200))
		}
		parent.Truncate(150)
	}
}

// TestCacheForgetsNonFinite: what was not finite in positions that a cache has
// forgotten, or that a failed pass wrote, does not reach later queries.
func TestCacheForgetsNonFinite(t *testing.T) {
	for _, kind := range []string{Llama, Qwen3MoE} { // the router reports it, and a dense model does not
		c := small(t, kind)
		m := newModel(t, c)
		ws := NewWorkspace(m, 80, false)
		tokens := make([]int32, 80)
		for i := range tokens {
			tokens[i] = int32(i % 90)
		}
		const poison, n = 95, 70
		for i := range c.HiddenSize {
			m.Params()[0].Master[poison*c.HiddenSize+i] = float32(math.NaN())
		}
		m.Sync()
		want := generate(t, m, ws, tokens, []int{n, 10})
		for _, way := range []string{"truncated", "forked", "forked and truncated"} {
			cache := m.NewCache(CacheBF16, 80)
			allLogits(t, m, ws, &Batch{Tokens: tokens[:n], Spans: []Span{{Len: n, Cache: cache}}})
			err := m.Forward(ws, &Batch{Tokens: []int32{1, poison}, Spans: []Span{{Len: 2, Pos: n, Cache: cache}}})
			if (err == nil) != (kind == Llama) {
				t.Fatalf("%s: %v", kind, err)
			}
			switch {
			case way == "forked":
				cache = cache.Fork(n)
			case way == "forked and truncated":
				cache.Fork(cache.Len())
				fallthrough
			case err == nil:
				cache.Truncate(n)
			}
			got := allLogits(t, m, ws, &Batch{Tokens: tokens[n : n+1], Spans: []Span{{Len: 1, Pos: n, Cache: cache}}})
			mustEqual(t, kind+" "+way, got, want[n*c.VocabSize:(n+1)*c.VocabSize])
		}
	}
}

// TestConcurrentPasses: goroutines may share a model, each with a workspace and
// a cache of its own.
func TestConcurrentPasses(t *testing.T) {
	c := small(t, Qwen3MoE)
	m := newModel(t, c)
	var group sync.WaitGroup
	for i := range 4 {
		tokens := someTokens(90, c.VocabSize, i)
		want := generate(t, m, NewWorkspace(m, 90, false), tokens, []int{90})
		group.Go(func() {
			got := generate(t, m, NewWorkspace(m, 30, false), tokens, []int{29, 1, 1})
			if !slices.Equal(got, want) {
				t.Errorf("sequence %d differs from itself alone", i)
			}
		})
	}
	group.Wait()
}
