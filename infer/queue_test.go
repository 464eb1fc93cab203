package infer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/model"
)

func TestQueueLimitAndClose(t *testing.T) {
	e := NewEngine(testModel(t), Options{MaxBatch: 1, QueueLimit: 1})
	began := make(chan bool, 1)
	r := Request{Prompt: tokens(3), Mask: blocker{began: began, release: make(chan bool)}}
	results := make(chan error, 2)
	go func() { _, err := e.Generate(t.Context(), r, nil); results <- err }()
	<-began
	go func() { _, err := e.Generate(t.Context(), Request{Prompt: tokens(3)}, nil); results <- err }()
	for e.Stats().Waiting == 0 {
	}
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(3)}, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("a request beyond the queue's limit: %v", err)
	}
	go e.Close()
	for !e.isClosed() {
		time.Sleep(50 * time.Microsecond)
	}
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(3)}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("while it is being closed: %v", err)
	}
	close(r.Mask.(blocker).release)
	for range 2 {
		if err := <-results; !errors.Is(err, ErrClosed) {
			t.Errorf("a request in a closed engine: %v", err)
		}
	}
	e.Close()
	if _, err := e.Generate(t.Context(), Request{Prompt: tokens(3)}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// blocker is a Mask that holds the engine up.
type blocker struct{ began, release chan bool }

func (b blocker) Restrict([]float32) {
	select {
	case b.began <- true:
	default:
	}
	<-b.release
}
func (b blocker) Accept(int32) {}

// TestQueueLimit: requests that come during one step and find room after it do
// not count, unless memory has none.
func TestQueueLimit(t *testing.T) {
	m := testModel(t)
	busy := func(e *Engine) bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := e.Generate(ctx, Request{Prompt: tokens(3), MaxTokens: 1}, nil)
		return errors.Is(err, ErrBusy)
	}
	for _, c := range []struct {
		prompt, blocks, accepted int
	}{{3, 12, 3 + 1}, {140, 3, 1}} {
		e := NewEngine(m, Options{MaxBatch: 4, QueueLimit: 1, CacheBytes: int64(c.blocks) * model.BlockBytes(m.Config(), model.CacheBF16)})
		var group sync.WaitGroup
		mask := &hook{call: func(n int) {
			if n == 1 {
				for i := range c.accepted {
					group.Go(func() {
						if _, _, err := ask(t.Context(), e, Request{Prompt: tokens(c.prompt), MaxTokens: 2}); err != nil {
							t.Error(err)
						}
					})
					awaitWaiting(e, i+1)
				}
			}
			if c.accepted == 1 && n == 3 || c.accepted > 1 && n == 1 {
				if !busy(e) {
					t.Errorf("%+v: one more is not refused: %+v", c, e.Stats())
				}
			}
		}}
		if _, err := e.Generate(t.Context(), Request{Prompt: tokens(5), MaxTokens: 10, Mask: mask}, nil); err != nil {
			t.Error(err)
		}
		group.Wait()
	}
}
