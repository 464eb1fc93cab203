package infer

import (
	"context"
	"sync"
	"testing"
)

// TestPrefixCache: the tokens that a prompt shares with an earlier one are not
// read again, and n choices of one prompt read it once.
func TestPrefixCache(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 16})
	r := Request{Prompt: tokens(140), MaxTokens: 2}
	requests := make([]Request, 4)
	for i := range requests {
		requests[i] = r
		requests[i].Choice = i
	}
	together(t, e, requests)
	if s := idleStats(t, e); s.PrefixQueries != 4*140 || s.PrefixHits != 3*139 || s.KeptBlocks != 3 {
		t.Errorf("%+v", s)
	}
	r.Prompt = tokens(128)
	_, result, err := ask(t.Context(), e, r)
	if err != nil || result.CachedTokens != 127 { // the last token is always read
		t.Errorf("%+v, %v", result, err)
	}
	if e.Close(); e.Stats().KeptBlocks != 0 {
		t.Errorf("closed: %+v", e.Stats())
	}
	if result.FirstTokenTime <= 0 || result.QueueTime < 0 {
		t.Errorf("%+v", result)
	}
}

// TestReaderLeaves: a request that waits for another one to read the prompt that
// both begin with goes on when that one leaves. While it waits it costs nothing:
// the tree is not looked into again.
func TestReaderLeaves(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	long := Request{Prompt: tokens(140), MaxTokens: 3}
	mask := &hook{call: func(n int) {
		switch n {
		case 1:
			group.Go(func() {
				if _, _, err := ask(ctx, e, long); err == nil {
					t.Error("it did not leave")
				}
			})
			awaitWaiting(e, 1)
		case 2:
			group.Go(func() {
				if _, result, err := ask(t.Context(), e, long); err != nil || result.CachedTokens != 64 {
					t.Errorf("%+v, %v", result, err)
				}
			})
			awaitWaiting(e, 1)
		case 70: // the first block is read
			waits := e.waiting[0]
			tree := e.pool
			e.pool = nil
			if waits.reader != e.running[1] || waits.shared != 139 || !e.awaited(waits) {
				t.Errorf("it waits for %d tokens of %p", waits.shared, waits.reader)
			}
			e.pool = tree
			cancel()
			for !waits.reader.abandoned.Load() {
			}
		}
	}}
	within(t, func() {
		if _, _, err := ask(t.Context(), e, Request{Prompt: []int32{1}, MaxTokens: 140, Mask: mask}); err != nil {
			t.Error(err)
		}
		group.Wait()
	})
}
