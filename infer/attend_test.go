package infer

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// TestReceiverPanics: a receiver's panic is its caller's, and the engine is rid
// of the request when it gets there.
func TestReceiverPanics(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	mask := &hook{call: func(n int) {
		for start := time.Now(); n == 5 && !e.running[0].abandoned.Load() && time.Since(start) < 5*time.Second; {
		}
	}}
	func() {
		defer func() {
			if recover() != "a bug" {
				t.Error("the panic did not arrive")
			}
		}()
		_, _ = e.Generate(t.Context(), Request{Prompt: tokens(5), Mask: mask}, func(Token) bool { panic("a bug") })
	}()
	n := mask.n // the race detector looks here too
	if s := idleStats(t, e); s.UsedBlocks != 0 || mask.n != n || n > 6 {
		t.Errorf("it went on to %d tokens: %+v", mask.n, s)
	}
}

// TestReceiverUsesEngine: a receiver may ask for more, and close the engine.
func TestReceiverUsesEngine(t *testing.T) {
	e := NewEngine(testModel(t), Options{MaxBatch: 1})
	n := 0
	within(t, func() {
		_, err := e.Generate(t.Context(), Request{Prompt: tokens(5), MaxTokens: 3}, func(Token) bool {
			if _, err := e.Embed(t.Context(), tokens(9)); err != nil {
				t.Error(err)
			}
			_, err := e.Generate(t.Context(), Request{Prompt: tokens(9), MaxTokens: 4}, nil)
			if n++; err != nil {
				t.Error(err)
			}
			return false
		})
		if err != nil || n != 3 {
			t.Errorf("%d tokens: %v", n, err)
		}
		n = 0
		mask := &hook{call: func(i int) {
			for i == 9 && !e.isClosed() {
			}
		}}
		_, err = e.Generate(t.Context(), Request{Prompt: tokens(5), Mask: mask}, func(Token) bool {
			if n++; n == 2 {
				e.Close()
			}
			return false
		})
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed by the receiver: %v", err)
		}
	})
}

func (e *Engine) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// TestCanceledResult: what is known of a request is told however it ends.
func TestCanceledResult(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, err := e.Generate(ctx, Request{Prompt: tokens(100)}, nil); !errors.Is(err, context.Canceled) || result.PromptTokens != 0 {
		t.Errorf("canceled before: %+v, %v", result, err)
	}
	if s := e.Stats(); s.Steps != 0 {
		t.Errorf("a canceled request took %d steps", s.Steps)
	}
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(100), MaxTokens: 1}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	result, err := e.Generate(ctx, Request{Prompt: tokens(100), Mask: &hook{call: func(n int) {
		for n == 3 && ctx.Err() == nil {
		}
	}}}, func(Token) bool { cancel(); return false })
	if !errors.Is(err, context.Canceled) || result.PromptTokens != 100 || result.CachedTokens != 99 || result.FirstTokenTime <= 0 || result.Finish != "" {
		t.Errorf("canceled: %+v, %v", result, err)
	}
}

func TestLogprobsOfTheWholeVocabulary(t *testing.T) {
	if _, top := Logprobs([]float32{1, 2, 3}, 0, math.MaxInt); len(top) != 3 {
		t.Errorf("%d alternatives of 3", len(top))
	}
}
