package corpus

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/corpus/reader"
)

// square is a flow of numbers whose workers take their time.
func square(threads int, collect func(int) error) flow[int, int] {
	return flow[int, int]{
		threads: threads, memory: 100, size: func(int) int64 { return 30 }, collect: collect,
		worker: func() func(int) int {
			return func(n int) int {
				time.Sleep(time.Duration(n%3) * time.Millisecond)
				return n * n
			}
		},
	}
}

func numbers(n int) func(context.Context, func(int) error) error {
	return func(_ context.Context, emit func(int) error) error {
		for i := range n {
			if err := emit(i); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestFlowKeepsOrder(t *testing.T) {
	for _, threads := range []int{1, 3, 8} {
		next := 0
		err := square(threads, func(got int) error {
			if got != next*next {
				t.Fatalf("got %d, want %d", got, next*next)
			}
			next++
			return nil
		}).run(t.Context(), numbers(100))
		if err != nil || next != 100 {
			t.Errorf("%d threads: %d results, %v", threads, next, err)
		}
	}
}

func TestFlowEnds(t *testing.T) {
	broken := errors.New("broken")
	t.Run("collect", func(t *testing.T) {
		err := square(3, func(n int) error {
			if n == 49 {
				return broken
			}
			return nil
		}).run(t.Context(), numbers(1<<30))
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	})
	t.Run("produce", func(t *testing.T) {
		collected := 0
		err := square(3, func(int) error { collected++; return nil }).run(t.Context(), func(_ context.Context, emit func(int) error) error {
			return errors.Join(emit(1), emit(2), broken)
		})
		if !errors.Is(err, broken) || collected > 2 {
			t.Error(collected, err)
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := square(3, func(n int) error {
			if n == 100 {
				cancel()
			}
			return nil
		}).run(ctx, numbers(1<<30))
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("worker", func(t *testing.T) {
		f := square(3, func(int) error { return nil })
		f.worker = func() func(int) int {
			return func(n int) int {
				if n == 20 {
					panic("a slip")
				}
				return n
			}
		}
		err := f.run(t.Context(), numbers(1<<30))
		if err == nil || !strings.Contains(err.Error(), "a bug in the program: a slip") {
			t.Error(err)
		}
	})
}

// TestFlowIsBounded: no more is in flight than the budget allows.
func TestFlowIsBounded(t *testing.T) {
	var inFlight, most atomic.Int64
	f := square(4, func(int) error { inFlight.Add(-1); return nil })
	err := f.run(t.Context(), func(_ context.Context, emit func(int) error) error {
		for i := range 200 {
			if err := emit(i); err != nil {
				return err
			}
			if n := inFlight.Add(1); n > most.Load() {
				most.Store(n)
			}
		}
		return nil
	})
	if err != nil || most.Load() > 4 { // three of 30 bytes, and one that is being counted here
		t.Error(most.Load(), err)
	}
}

func TestBudgetTakesWhatIsTooLarge(t *testing.T) {
	b := newBudget(10)
	if !b.take(1000) {
		t.Fatal("closed")
	}
	done := make(chan bool)
	go func() { done <- b.take(1) }()
	select {
	case <-done:
		t.Error("more was taken than there is")
	case <-time.After(20 * time.Millisecond):
	}
	b.give(1000)
	if !<-done {
		t.Error("closed")
	}
	b.close()
	if b.take(1) {
		t.Error("not closed")
	}
}

// TestLargeRecordsGoAlone: two records whose words may take all of the memory are
// not worked on at the same time, and a batch of small ones counts its bytes.
func TestLargeRecordsGoAlone(t *testing.T) {
	large := func() *batch {
		content := make([]byte, 64<<20)
		return &batch{items: []item{{record: &reader.Record{Content: content}}}, bytes: int64(len(content))}
	}
	small := &batch{bytes: batchBytes}
	for range 16 {
		small.items = append(small.items, item{record: &reader.Record{Content: make([]byte, batchBytes/16)}})
	}
	if got := small.size(); got != 2*batchBytes {
		t.Errorf("small records count %d bytes, want %d", got, 2*batchBytes)
	}
	var inFlight, most atomic.Int64
	f := flow[*batch, int]{
		threads: 2, memory: 1 << 30, size: (*batch).size,
		worker: func() func(*batch) int {
			return func(*batch) int {
				if n := inFlight.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(5 * time.Millisecond)
				inFlight.Add(-1)
				return 0
			}
		},
		collect: func(int) error { return nil },
	}
	err := f.run(t.Context(), func(_ context.Context, emit func(*batch) error) error {
		for range 4 {
			if err := emit(large()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || most.Load() != 1 {
		t.Errorf("%d large records at a time (%v), want 1", most.Load(), err)
	}
}
