package model

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// TestCacheForkAndTruncate: forks and truncated caches go on as if their tokens
// had been fed to a new cache, whatever the others write.
func TestCacheForkAndTruncate(t *testing.T) {
	testForkAndTruncate(t, CacheBF16)
	testForkAndTruncate(t, CacheInt8)
}

func testForkAndTruncate(t *testing.T, kind CacheKind) {
	c := small(t, Qwen3)
	m := newModel(t, c)
	ws := NewWorkspace(m, 200, false)
	tokens := someTokens(200, c.VocabSize, 5)
	want := generateIn(t, kind, m, ws, tokens, []int{200})
	tail := func(cache *Cache, from int) []float32 {
		n := len(tokens) - from
		return allLogits(t, m, ws, &Batch{Tokens: tokens[from:], Spans: []Span{{Len: n, Pos: from, Cache: cache}}})
	}
	noise := func(cache *Cache, n int) { // other tokens that go on from here
		other := someTokens(n, c.VocabSize, 11)
		allLogits(t, m, ws, &Batch{Tokens: other, Spans: []Span{{Len: n, Pos: cache.Len(), Cache: cache}}})
	}
	parent := m.NewCache(kind, 200)
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
		if parent.Bytes() != CacheBytes(c, kind, 200) {
			t.Errorf("Bytes() = %d, CacheBytes %d", parent.Bytes(), CacheBytes(c, kind, 200))
		}
		parent.Truncate(150)
	}
}

// TestExtendCopy: a cache that begins with a copy of part of another one's block
// goes on as if it had read those tokens, whatever else that block holds.
func TestExtendCopy(t *testing.T) {
	for _, kind := range []CacheKind{CacheBF16, CacheInt8} {
		c := small(t, Qwen3)
		m := newModel(t, c)
		ws := NewWorkspace(m, 200, false)
		tokens := someTokens(150, c.VocabSize, 5)
		want := generateIn(t, kind, m, ws, tokens, []int{150})
		whole, part := m.NewBlock(kind), m.NewBlock(kind)
		parent := m.NewCache(kind, 200)
		parent.Extend(whole)
		parent.Extend(part)
		allLogits(t, m, ws, &Batch{Tokens: tokens[:120], Spans: []Span{{Len: 120, Cache: parent}}})
		tail := allLogits(t, m, ws, &Batch{Tokens: tokens[120:], Spans: []Span{{Len: 30, Pos: 120, Cache: parent}}})
		mustEqual(t, "the source", tail, want[120*c.VocabSize:])
		shape := m.layers[0].attn.Shape
		poison := make([]tensor.BF16, 8*(shape.Heads+2*shape.KVHeads)*shape.HeadDim)
		for i := range poison {
			poison[i] = tensor.FromFloat32(float32(math.NaN()))
		}
		for l := range parent.blocks {
			shape.Append(poison, []kernel.Span{{Len: 8, Pos: 120, Blocks: parent.blocks[l]}})
		}
		for _, n := range []int{1, 31, 32, 45, 56} {
			garbage := m.NewBlock(kind)
			for l := range garbage.layers {
				garbage.layers[l].Copy(&whole.layers[l])
			}
			cache := m.NewCache(kind, 200)
			cache.Adopt(whole)
			cache.ExtendCopy(garbage, part, n)
			at := 64 + n
			if cache.Len() != at {
				t.Fatalf("%d positions, want %d", cache.Len(), at)
			}
			for _, length := range []int{1, 149 - at} {
				got := allLogits(t, m, ws, &Batch{Tokens: tokens[at : at+length], Spans: []Span{{Len: length, Pos: at, Cache: cache}}})
				mustEqual(t, fmt.Sprint("copied ", n), got, want[at*c.VocabSize:(at+length)*c.VocabSize])
				at += length
			}
		}
	}
}

// TestCacheForgetsNonFinite: what was not finite in positions that a cache has
// forgotten, or that a failed pass wrote, does not reach later queries.
func TestCacheForgetsNonFinite(t *testing.T) {
	testForgetsNonFinite(t, CacheBF16)
	testForgetsNonFinite(t, CacheInt8)
}

func testForgetsNonFinite(t *testing.T, kept CacheKind) {
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
		want := generateIn(t, kept, m, ws, tokens, []int{n, 10})
		for _, way := range []string{"truncated", "forked", "forked and truncated"} {
			cache := m.NewCache(kept, 80)
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

// TestInt8Cache: with keys and values in 8 bits, prefill in any pieces, decode,
// and a batch of several sequences give the same logits to the bit, for any
// number of threads and on every CPU path; and they are close to those in bf16.
func TestInt8Cache(t *testing.T) {
	defer par.SetThreads(0)
	defer setPath(t, kernel.CPU())
	for _, kind := range modelTypes {
		c := small(t, kind)
		m := newModel(t, c)
		first, second := someTokens(131, c.VocabSize, 1), someTokens(70, c.VocabSize, 2)
		ws := NewWorkspace(m, 150, false)
		whole := generateIn(t, CacheInt8, m, ws, first, []int{131})
		rest := generateIn(t, CacheInt8, m, ws, second, []int{70})
		for i, pieces := range [][]int{{1}, {64}, {63, 2, 100}, {5, 60}} {
			par.SetThreads(1 + i%3)
			setPath(t, kernel.Paths()[i%len(kernel.Paths())])
			got := generateIn(t, CacheInt8, m, ws, first, pieces)
			mustEqual(t, fmt.Sprint(kind, " by ", pieces), got, whole)
		}
		testTogether(t, CacheInt8, m, first, second, slices.Concat(whole, rest))
		var diff, size float64
		for i, v := range generate(t, m, ws, first, []int{131}) {
			diff, size = diff+math.Pow(float64(v-whole[i]), 2), size+float64(v)*float64(v)
		}
		if e := math.Sqrt(diff / size); e == 0 || e > 0.03 && c.NumExperts == 0 { // a token may come to other experts
			t.Errorf("%s: logits are off by %g", kind, e)
		}
	}
}

// TestCacheKinds: 8 bits take about half of the memory, which CacheBytes knows
// before; and kinds do not mix.
func TestCacheKinds(t *testing.T) {
	c := small(t, Qwen3)
	c.HeadDim = 64
	full, half := BlockBytes(c, CacheBF16), BlockBytes(c, CacheInt8)
	if rows := int64(c.NumLayers * c.NumKVHeads * 2 * BlockTokens); full != rows*64*2 || half != rows*(64+4) {
		t.Errorf("blocks of %d and %d bytes", full, half)
	}
	m := build(c)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		m.NewBlock(CacheInt8)
	}
	runtime.ReadMemStats(&after)
	if got := int64(after.TotalAlloc-before.TotalAlloc) / 100; got < half || got > half+half/20 {
		t.Errorf("a block takes %d bytes, BlockBytes %d", got, half)
	}
	defer func() {
		if recover() == nil {
			t.Error("a cache took a block of another kind")
		}
	}()
	m.NewCache(CacheBF16, 100).Extend(m.NewBlock(CacheInt8))
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
