package infer

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// faulty is a Mask with a bug.
type faulty struct{}

func (faulty) Restrict([]float32) { panic("a bug") }
func (faulty) Accept(int32)       {}

// TestFaultIsolation: what goes wrong with one request is its own.
func TestFaultIsolation(t *testing.T) {
	m := testModel(t)
	const poison = 96
	d := m.Config().HiddenSize
	for i := range d {
		m.Params()[0].Master[poison*d+i] = 0 // a token whose embedding is not finite
	}
	m.Params()[0].Master[poison*d] = float32(negativeInfinity)
	m.Sync()
	e := NewEngine(m, Options{})
	r := Request{Prompt: tokens(40), MaxTokens: 30, Sampling: Sampling{Bias: map[int32]float32{poison: -1000}}}
	r.Prompt = slices.DeleteFunc(r.Prompt, func(id int32) bool { return id == poison })
	want, _, err := ask(t.Context(), e, r)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			q := r
			switch i % 3 {
			case 0:
				q.Mask = faulty{}
			case 1:
				q.Prompt = append(slices.Clone(r.Prompt), poison)
			}
			got, _, err := ask(t.Context(), e, q)
			if i%3 == 2 && (err != nil || !got.equal(want)) || i%3 != 2 && err == nil {
				t.Errorf("request %d: %v, %v", i, got, err)
			}
		})
	}
	group.Wait()
}

// TestFaultAfterReading: a pass that fails behind the model, when the caches have gone on,
// is the fault of one sequence; the others go on with the same bits.
func TestFaultAfterReading(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	defer e.Close()
	r := Request{Prompt: tokens(60), MaxTokens: 24} // over the edge of a block
	want, _, err := ask(t.Context(), e, r)
	if err != nil {
		t.Fatal(err)
	}
	const victim = 77
	spoil := func(n int) {
		if n != 2 {
			return
		}
		for _, s := range e.running {
			if s.maxTokens == victim {
				s.scores, s.scored = []Token{}, s.promptLen-1 // a row of no pass
			}
		}
	}
	var group sync.WaitGroup
	others := func() {
		for i := range 3 {
			group.Go(func() {
				q := r
				q.Mask = &hook{call: spoil}
				if i == 0 {
					q.MaxTokens, q.Mask = victim, nil
				}
				got, _, err := ask(t.Context(), e, q)
				if i == 0 && err == nil || i > 0 && (err != nil || !got.equal(want)) {
					t.Errorf("request %d: %v, want %v, %v", i, got, want, err)
				}
			})
		}
		awaitWaiting(e, 3) // so that all begin together
	}
	q := r
	q.Mask = &hook{call: func(n int) {
		if n == 0 {
			others()
		}
	}}
	if got, _, err := ask(t.Context(), e, q); err != nil || !got.equal(want) {
		t.Errorf("%v, want %v, %v", got, want, err)
	}
	group.Wait()
}

// within fails the test if f takes too long.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
}

// TestSchedulerFault: a panic in the scheduler, or a goroutine that is made to
// end, is an error of every request under way. The engine goes on with others,
// and has all of its memory.
func TestSchedulerFault(t *testing.T) {
	for name, sabotage := range map[string]func(*Engine){
		"books":  func(e *Engine) { e.running[0].cache = nil },
		"goexit": func(*Engine) { runtime.Goexit() },
		"queue":  func(e *Engine) { e.running = append(e.running, nil) },
	} {
		e := NewEngine(testModel(t), Options{MaxBatch: 2})
		r := Request{Prompt: tokens(70), MaxTokens: 20}
		want, _, err := ask(t.Context(), e, r)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		fails := func(mask Mask) {
			q := r
			q.Mask, q.MaxTokens = mask, 80
			_, _, err := ask(t.Context(), e, q)
			var fault *PanicError
			if !errors.As(err, &fault) || len(fault.Stack) == 0 || strings.Contains(err.Error(), "goroutine ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		within(t, func() {
			fails(&hook{call: func(n int) {
				switch n {
				case 1:
					group.Go(func() { fails(nil) }) // runs
					awaitWaiting(e, 1)
				case 3:
					for range 3 {
						group.Go(func() { fails(nil) }) // waits
					}
					awaitWaiting(e, 3)
					sabotage(e)
				}
			}})
			group.Wait()
			if got, _, err := ask(t.Context(), e, r); err != nil || !got.equal(want) {
				t.Errorf("%s: afterwards: %v, %v", name, got, err)
			}
		})
		if s := idleStats(t, e); s.UsedBlocks != 0 || s.KeptBlocks != 2 || e.pool.made != 2 {
			t.Errorf("%s: %+v, %d blocks made", name, s, e.pool.made)
		}
		e.Close()
	}
}

// TestNoProgress: a sequence that could never go on ends with an error; the
// engine would turn for ever.
func TestNoProgress(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	s, err := e.newSequence(&Request{Prompt: tokens(5)})
	if err != nil {
		t.Fatal(err)
	}
	s.cache = e.model.NewCache(e.pool.kind, 10)
	s.tokens = nil
	e.running = []*sequence{s}
	e.step()
	var fault *PanicError
	if len(e.running) != 0 || !errors.As(s.err, &fault) {
		t.Errorf("nothing to read: %d run, %v", len(e.running), s.err)
	}
	lost := &hook{call: func(n int) {
		if n == 1 { // blocks are lost
			e.pool.capacity = e.pool.made
		}
	}}
	within(t, func() {
		_, err = e.Generate(t.Context(), Request{Prompt: tokens(5), Mask: lost}, nil)
	})
	if !errors.As(err, &fault) {
		t.Errorf("no memory: %v", err)
	}
	if s := idleStats(t, e); s.UsedBlocks != 0 {
		t.Errorf("left behind: %+v", s)
	}
}

// TestRepetitionInOneWindow: a completion that another has left in the cache is
// written again where memory is for one. Its blocks are then there twice.
func TestRepetitionInOneWindow(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{CacheBytes: 3 * model.BlockBytes(m.Config(), model.CacheBF16)})
	var answers [3]answer
	within(t, func() {
		for i := range answers {
			var err error
			if answers[i], _, err = ask(t.Context(), e, Request{Prompt: tokens(5)}); err != nil {
				t.Error(err)
			}
		}
	})
	if !answers[0].equal(answers[1]) || !answers[1].equal(answers[2]) || len(answers[0].tokens) != testWindow-5 {
		t.Error("the answers differ")
	}
}
