package serve

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath"
)

// produced is a piece of one of several completions.
type produced[T any] struct {
	index int
	piece T
	err   error
}

// pieceBuffer is how far a completion may be ahead of what the client has read
// before the model waits for the client.
const pieceBuffer = 64

// maxTogether is how many completions of one request are worked on at a time.
const maxTogether = 16

// busyTime is how long a completion that found no place waits while others of its
// request are worked on.
const busyTime = 50 * time.Millisecond

// produce runs n completions at the same time. The channel is closed when all
// have ended, which they do soon after ctx has; the receiver must read it to
// its end. A panic in one becomes its error.
func produce[T any](ctx context.Context, x *exchange, n int, run func(ctx context.Context, index int) iter.Seq2[T, error]) <-chan produced[T] {
	out := make(chan produced[T], pieceBuffer)
	var group sync.WaitGroup
	turns := make(chan struct{}, maxTogether)
	var working atomic.Int32
	for index := range n {
		group.Go(func() {
			send := func(p produced[T]) bool {
				select {
				case out <- p:
					return true
				case <-ctx.Done():
					return false
				}
			}
			defer func() {
				if p := recover(); p != nil {
					send(produced[T]{index: index, err: x.panicked(p, debug.Stack())})
				}
			}()
			select {
			case turns <- struct{}{}:
				defer func() { <-turns }()
			case <-ctx.Done():
				return
			}
			for attempt(ctx, index, &working, run, send) {
				select {
				case <-time.After(busyTime):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		group.Wait()
		close(out)
	}()
	return out
}

// attempt runs one completion and reports whether to try again: the model had no place
// for it, but works on another one of the same request, which must not be lost. working
// counts those that run.
func attempt[T any](ctx context.Context, index int, working *atomic.Int32, run func(ctx context.Context, index int) iter.Seq2[T, error], send func(produced[T]) bool) (again bool) {
	working.Add(1)
	running := true
	leave := func() int32 { running = false; return working.Add(-1) }
	defer func() {
		if running {
			leave()
		}
	}()
	begun := false
	for piece, err := range run(ctx, index) {
		if errors.Is(err, polymath.ErrBusy) && !begun && leave() > 0 {
			return true
		}
		begun = true
		if !send(produced[T]{index, piece, err}) || err != nil {
			return false
		}
	}
	return false
}

// consume hands the pieces to take, in the order in which they come, and
// returns the first error. quiet, if not nil, is called when nothing has come
// for a while, and idle when there is nothing more to take at the moment. All
// completions have ended when consume returns.
func consume[T any](x *exchange, n int, run func(ctx context.Context, index int) iter.Seq2[T, error], take func(index int, piece T) error, idle, quiet func() error) error {
	ctx, cancel := context.WithCancel(x.r.Context())
	pieces := produce(ctx, x, n, run)
	defer func() {
		cancel()
		for range pieces {
		}
	}()
	timer := time.NewTimer(x.s.limits.KeepAlive)
	defer timer.Stop()
	for {
		if len(pieces) == 0 && idle != nil {
			if err := idle(); err != nil {
				return err
			}
		}
		select {
		case p, more := <-pieces:
			switch {
			case !more:
				return ctx.Err()
			case p.err != nil:
				return p.err
			}
			if err := take(p.index, p.piece); err != nil {
				return err
			}
		case <-timer.C:
			if quiet != nil {
				if err := quiet(); err != nil {
					return err
				}
			}
		}
		timer.Reset(x.s.limits.KeepAlive)
	}
}

// eventStream writes server-sent events. The answer begins with the first of
// them, so that what goes wrong before it still has its own status.
type eventStream struct {
	x       *exchange
	pending bool                  // written and not flushed
	failure func(*apiError) error // sends an error; nil: as chat completions do
}

// begin sends the header.
func (s *eventStream) begin() {
	if s.x.sse != nil {
		return
	}
	s.x.sse = s
	h := s.x.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.x.w.WriteHeader(http.StatusOK)
}

// send writes v as the data of an event, of that name if it is not empty.
func (s *eventStream) send(name string, v any) error {
	data, err := marshal(v)
	if err != nil {
		panic(err) // our own types: a bug
	}
	event := make([]byte, 0, len(data)+len(name)+20)
	if name != "" {
		event = append(append(append(event, "event: "...), name...), '\n')
	}
	event = append(append(append(event, "data: "...), data...), '\n', '\n')
	return s.write(event)
}

// write sends bytes, which the client has to take in time.
func (s *eventStream) write(p []byte) error {
	s.begin()
	s.pending = true
	if _, err := s.x.w.Write(p); err != nil {
		return clientGone()
	}
	return nil
}

// clientGone is the fault of a client that does not read, or has left.
func clientGone() *apiError {
	return &apiError{status: statusClientGone, kind: typeServer, code: "cancelled", message: "The client has gone."}
}

// flush lets the client see what has been written.
func (s *eventStream) flush() error {
	if !s.pending {
		return nil
	}
	s.pending = false
	s.x.w.limitWrite()
	if err := s.x.rc.Flush(); err != nil {
		return clientGone()
	}
	return nil
}

// comment keeps the connection alive; clients ignore it.
func (s *eventStream) comment() error {
	if err := s.write([]byte(": still here\n\n")); err != nil {
		return err
	}
	return s.flush()
}

// done ends the stream as OpenAI does.
func (s *eventStream) done() error {
	if err := s.write([]byte("data: [DONE]\n\n")); err != nil {
		return err
	}
	return s.flush()
}

// fail ends the stream with an error.
func (s *eventStream) fail(fault *apiError) {
	var err error
	if s.failure != nil {
		err = s.failure(fault)
	} else {
		err = s.send("", map[string]errorBody{"error": fault.body()})
	}
	if err == nil {
		_ = s.flush() // the client has gone
	}
}
