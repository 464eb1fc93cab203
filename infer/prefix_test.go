package infer

import (
	"sync"
	"testing"
)

// TestPrefixCache: the tokens that a prompt shares with an earlier one are not
// read again, and n choices of one prompt read it once.
func TestPrefixCache(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 16})
	r := Request{Prompt: tokens(140), MaxTokens: 2}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			q := r
			q.Choice = i
			if _, _, err := ask(t.Context(), e, q); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if s := idleStats(t, e); s.PrefixQueries != 4*140 || s.PrefixHits != 3*128 || s.KeptBlocks != 2 {
		t.Errorf("%+v", s)
	}
	r.Prompt = tokens(128)
	_, result, err := ask(t.Context(), e, r)
	if err != nil || result.CachedTokens != 64 { // the last token is always read
		t.Errorf("%+v, %v", result, err)
	}
	if result.FirstTokenTime <= 0 || result.QueueTime < 0 {
		t.Errorf("%+v", result)
	}
}
