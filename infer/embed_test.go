package infer

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/model"
)

func TestEmbed(t *testing.T) {
	m := testModel(t)
	text := tokens(150)
	ws := model.NewWorkspace(m, len(text), false)
	if err := m.Forward(ws, &model.Batch{Tokens: text, Spans: []model.Span{{Len: len(text)}}}); err != nil {
		t.Fatal(err)
	}
	d := m.Config().HiddenSize
	want := make([]float64, d)
	norm := 0.0
	for i, h := range m.Hidden(ws) {
		want[i%d] += float64(h.Float32())
	}
	for _, v := range want {
		norm += v * v
	}
	var first []float32
	for _, chunk := range []int{7, 64, 256} {
		e := NewEngine(m, Options{Chunk: chunk})
		if _, _, err := ask(t.Context(), e, Request{Prompt: text[:100], MaxTokens: 3}); err != nil {
			t.Fatal(err)
		}
		got, err := e.Embed(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if d := float64(v)*float64(v)*norm - want[i]*want[i]; d > 1e-3*norm || d < -1e-3*norm {
				t.Errorf("chunk %d, dimension %d: %v", chunk, i, v)
			}
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("chunk %d gives other bits", chunk)
		}
	}
}

// A text that fills the cache can be embedded however often it was read before.
func TestEmbedAgain(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Chunk: 64, CacheBytes: 2 * model.BlockBytes(m.Config(), model.CacheBF16)})
	text := tokens(2 * model.BlockTokens)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, _, err := ask(ctx, e, Request{Prompt: text[:len(text)-1], MaxTokens: 1}); err != nil {
		t.Fatal(err)
	}
	var first []float32
	for range 3 {
		got, err := e.Embed(ctx, text)
		if first == nil {
			first = got
		}
		if err != nil || !slices.Equal(got, first) {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if s := idleStats(t, e); s.UsedBlocks != 0 {
		t.Errorf("%+v", s)
	}
}

// Nobody waits for what an embedding reads, since it is not shared.
func TestEmbedNotAwaited(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 8})
	var group sync.WaitGroup
	text, entered := tokens(140), false
	mask := &hook{call: func(n int) {
		switch n {
		case 1:
			group.Go(func() {
				if _, err := e.Embed(t.Context(), text); err != nil {
					t.Error(err)
				}
			})
			awaitWaiting(e, 1)
		case 2:
			group.Go(func() {
				if _, _, err := ask(t.Context(), e, Request{Prompt: text, MaxTokens: 1}); err != nil {
					t.Error(err)
				}
			})
			awaitWaiting(e, 1)
		case 3:
			entered = len(e.running) == 3
		}
	}}
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(9)[8:], MaxTokens: 5, Mask: mask}, nil); err != nil {
		t.Error(err)
	}
	group.Wait()
	if !entered {
		t.Error("a completion waits for an embedding of the same text")
	}
}

// Damaged weights are an error, and no vector.
func TestEmbedNonFinite(t *testing.T) {
	m := testModel(t)
	for _, p := range m.Params() {
		if p.Name == "model.norm.weight" {
			p.Master[7] = float32(math.NaN())
		}
	}
	m.Sync()
	if v, err := NewEngine(m, Options{}).Embed(t.Context(), tokens(10)); !errors.Is(err, model.ErrNonFinite) || v != nil {
		t.Errorf("%v, %v", v, err)
	}
}

// An embedding that gives up its memory in the middle begins again.
func TestEmbedPreempted(t *testing.T) {
	m := testModel(t)
	text := tokens(100)
	want, err := NewEngine(m, Options{}).Embed(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(m, Options{Chunk: 1, CacheBytes: 4 * model.BlockBytes(m.Config(), model.CacheBF16)})
	var got []float32
	var group sync.WaitGroup
	mask := &hook{call: func(n int) {
		if n != 1 {
			return
		}
		group.Go(func() {
			var err error
			if got, err = e.Embed(t.Context(), text); err != nil {
				t.Error(err)
			}
		})
		awaitWaiting(e, 1)
	}}
	_, err = e.Generate(t.Context(), Request{Prompt: tokens(60), MaxTokens: 90, Mask: mask}, nil)
	group.Wait()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
	if s := e.Stats(); s.Preemptions == 0 {
		t.Errorf("nothing was preempted: %+v", s)
	}
}
