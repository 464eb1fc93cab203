package infer

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestSteadyState: decoding allocates nothing for a token, and little for a
// block of them.
func TestSteadyState(t *testing.T) {
	m := testModel(t)
	const from, to = 20, 100 // tokens between which is counted
	for i, c := range []struct {
		options  Options
		sampling Sampling
		streams  int
		most     float64 // allocations for a token
	}{
		{Options{}, Sampling{}, 1, 0.5},
		{Options{}, Sampling{}, 8, 0.5},
		{Options{Lookup: true}, Sampling{}, 1, 1.2}, // a cache is cut where a guess was wrong
		{Options{Draft: m}, Sampling{}, 1, 0.5},
		{Options{}, Sampling{Temperature: 1, TopP: 0.9, FrequencyPenalty: 1}, 4, 0.5},
	} {
		e := NewEngine(m, c.options)
		var before, after runtime.MemStats
		var group sync.WaitGroup
		decode := func(choice int, mask Mask) {
			r := Request{Prompt: []int32{5}, Choice: choice, Sampling: c.sampling, Mask: mask}
			if _, err := e.Generate(t.Context(), r, func(Token) bool { return false }); err != nil {
				t.Error(err)
			}
		}
		decode(0, &hook{call: func(n int) {
			switch n {
			case 0:
				for k := 1; k < c.streams; k++ {
					group.Go(func() { decode(k, nil) })
				}
				awaitWaiting(e, c.streams-1)
			case from:
				runtime.ReadMemStats(&before)
			case to:
				runtime.ReadMemStats(&after)
			}
		}})
		group.Wait()
		perToken := float64(after.Mallocs-before.Mallocs) / (to - from) / float64(c.streams)
		if perToken > c.most {
			t.Errorf("case %d: %.2f allocations for a token", i, perToken)
		}
		e.Close()
	}
}

// TestNoGoroutineLeft: an engine has a goroutine while there is work only.
func TestNoGoroutineLeft(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{})
	warm := func() {
		if _, err := e.Generate(t.Context(), Request{Prompt: tokens(9), MaxTokens: 3}, nil); err != nil {
			t.Error(err)
		}
	}
	warm() // the workers of par stay
	idleStats(t, e)
	before := runtime.NumGoroutine()
	for range 8 {
		var group sync.WaitGroup
		for range 4 {
			group.Go(warm)
		}
		group.Wait()
		other := NewEngine(m, Options{Lookup: true})
		if _, err := other.Embed(t.Context(), tokens(9)); err != nil { // not closed
			t.Error(err)
		}
	}
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			stack := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, and before %d:\n%s", runtime.NumGoroutine(), before, stack[:runtime.Stack(stack, true)])
		}
	}
}
