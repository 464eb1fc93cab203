package corpus

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// flow is work in parallel whose results come back in the order of the input.
type flow[In, Out any] struct {
	threads int
	memory  int64 // bytes in flight, about
	// size is what one input counts against memory, until its result was collected.
	size func(In) int64
	// worker returns the function of one goroutine.
	worker func() func(In) Out
	// collect takes the results, one after the other.
	collect func(Out) error
}

// job is one input on its way.
type job[In, Out any] struct {
	in   In
	out  Out
	size int64
	done chan struct{}
}

// run calls produce, which calls emit with each input, and returns when all
// results were collected. The first error of produce or collect ends it, and so
// does ctx; emit then returns an error, which produce passes on.
func (f flow[In, Out]) run(ctx context.Context, produce func(ctx context.Context, emit func(In) error) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	budget := newBudget(f.memory)
	stop := context.AfterFunc(ctx, budget.close)
	defer stop()
	work := make(chan *job[In, Out])
	order := make(chan *job[In, Out], 4*f.threads)
	var wg sync.WaitGroup
	for range f.threads {
		wg.Go(func() {
			workOn(f.worker, work, cancel)
			for j := range work { // left after a failure: nobody shall wait for them forever
				close(j.done)
			}
		})
	}
	wg.Go(func() {
		defer close(order)
		defer close(work)
		err := produce(ctx, func(in In) error {
			j := &job[In, Out]{in: in, size: f.size(in), done: make(chan struct{})}
			if !budget.take(j.size) {
				return context.Cause(ctx)
			}
			select {
			case order <- j:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			work <- j // the workers go on until this channel is closed
			return nil
		})
		if err != nil {
			cancel(err)
		}
	})
	for j := range order {
		<-j.done
		if ctx.Err() == nil {
			if err := f.collect(j.out); err != nil {
				cancel(err)
			}
		}
		budget.give(j.size)
	}
	wg.Wait()
	return context.Cause(ctx) // nil unless it was canceled
}

// workOn is one worker. A panic ends the flow as an error: the program has more
// to save than this worker.
func workOn[In, Out any](worker func() func(In) Out, work <-chan *job[In, Out], fail func(error)) {
	var current *job[In, Out]
	defer func() {
		if p := recover(); p != nil {
			fail(fmt.Errorf("a bug in the program: %v\n%s", p, debug.Stack()))
			if current != nil {
				close(current.done)
			}
		}
	}()
	do := worker()
	for j := range work {
		current = j
		j.out = do(j.in)
		current = nil
		close(j.done)
	}
}

// budget bounds the bytes in flight.
type budget struct {
	mu     sync.Mutex
	freed  sync.Cond
	limit  int64
	used   int64
	closed bool
}

func newBudget(limit int64) *budget {
	b := &budget{limit: limit}
	b.freed.L = &b.mu
	return b
}

// take waits until n bytes are free, or until nothing is in use where n is more
// than there are. It returns false once the budget is closed.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed && b.used > 0 && b.used+n > b.limit {
		b.freed.Wait()
	}
	b.used += n
	return !b.closed
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.freed.Broadcast()
}

func (b *budget) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.freed.Broadcast()
}
