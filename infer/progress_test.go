package infer

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// reading is a call of Progress.
type reading struct{ read, total, cached int }

// watch returns r with a Progress that adds to seen.
func watch(r Request, seen *[]reading) Request {
	r.Progress = func(read, total, cached int) { *seen = append(*seen, reading{read, total, cached}) }
	return r
}

// checkReadings holds calls to what Progress promises.
func checkReadings(t *testing.T, seen []reading, total, cached int) {
	t.Helper()
	if len(seen) == 0 {
		t.Fatal("no progress was told")
	}
	if last := seen[len(seen)-1]; last.read != total {
		t.Errorf("the last was %+v, and the prompt has %d tokens", last, total)
	}
	for i, p := range seen {
		if p.total != total || p.cached != cached {
			t.Errorf("%+v: total is %d and cached %d", p, total, cached)
		}
		if i > 0 && p.read <= seen[i-1].read {
			t.Errorf("%d tokens were read after %d", p.read, seen[i-1].read)
		}
	}
}

// TestProgress: a prompt of 100 tokens in chunks of 7, then the same from the cache.
func TestProgress(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 7})
	defer e.Close()
	prompt := tokens(100)
	for _, cached := range []int{0, 99} {
		var seen []reading
		first := false
		r := watch(Request{Prompt: prompt, MaxTokens: 2}, &seen)
		if _, err := e.Generate(t.Context(), r, func(Token) bool {
			if !first {
				checkReadings(t, seen, 100, cached) // all before the first token
			}
			first = true
			return false
		}); err != nil {
			t.Fatal(err)
		}
		checkReadings(t, seen, 100, cached)
	}
}

// TestProgressOfScores: the last token of a prompt that is only scored is not read.
func TestProgressOfScores(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 16})
	defer e.Close()
	var seen []reading
	r := watch(Request{Prompt: tokens(90), PromptOnly: true, PromptLogprobs: true}, &seen)
	if _, err := e.Generate(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	checkReadings(t, seen, 89, 0)
}

// TestSlowProgress: who takes long over it holds up nobody else.
func TestSlowProgress(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 8})
	defer e.Close()
	began, release := make(chan bool), make(chan bool)
	var seen []reading
	r := watch(Request{Prompt: tokens(120), MaxTokens: 1}, &seen)
	note := r.Progress
	r.Progress = func(read, total, cached int) {
		if len(seen) == 0 {
			close(began)
			<-release
		}
		note(read, total, cached)
	}
	result := make(chan error, 1)
	go func() { _, err := e.Generate(t.Context(), r, nil); result <- err }()
	<-began
	if _, err := e.Generate(t.Context(), Request{Prompt: slices.Repeat([]int32{5}, 30), MaxTokens: 3}, nil); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); e.Stats().Running > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the engine waits for Progress")
		}
		time.Sleep(time.Millisecond)
	}
	close(release)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	checkReadings(t, seen, 120, 0)
}

// TestProgressOfPreempted: what is read again is not told again.
func TestProgressOfPreempted(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Chunk: 8, CacheBytes: 4 * model.BlockBytes(m.Config(), model.CacheBF16)})
	defer e.Close()
	all := make([][]reading, 5)
	var group sync.WaitGroup
	run := func(i int, mask Mask) {
		prompt := tokens(30)
		prompt[0] = int32(i)
		if _, err := e.Generate(t.Context(), watch(Request{Prompt: prompt, MaxTokens: 110, Mask: mask}, &all[i]), nil); err != nil {
			t.Error(err)
		}
	}
	run(0, &hook{call: func(n int) {
		if n == 0 {
			for i := range all[1:] {
				group.Go(func() { run(i+1, nil) })
			}
			awaitWaiting(e, len(all)-1)
		}
	}})
	group.Wait()
	if e.Stats().Preemptions == 0 {
		t.Error("no sequence gave its memory up")
	}
	for _, seen := range all {
		checkReadings(t, seen, 30, 0)
	}
}
