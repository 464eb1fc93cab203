package polymath

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

// HeldImageBytes says what completions hold of images, of what budget, and how many
// wait for room.
func (m *Model) HeldImageBytes() (held, budget int64, waiting int) {
	r := m.sight.room
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held, r.budget, len(r.waiting)
}

func TestRoomBytes(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ cache, window, want int64 }{
		{0, 100 * mib, 512 * mib}, {10 * mib, 2 * mib, 40 * mib}, // of the cache
		{0, mib, 32 * mib},                           // full windows
		{0, 600 * mib, 600 * mib}, {1, mib, 1 * mib}, // one always fits
	} {
		if got := roomBytes(c.cache, c.window); got != c.want {
			t.Errorf("a cache of %d and windows of %d: %d, want %d", c.cache, c.window, got, c.want)
		}
	}
}

// waits begins to wait for n bytes, and returns once it does.
func waits(ctx context.Context, r *room, n int64) (end <-chan error) {
	c := make(chan error, 1)
	r.mu.Lock()
	before := len(r.waiting)
	r.mu.Unlock()
	go func() { c <- r.take(ctx, n) }()
	for {
		r.mu.Lock()
		now := len(r.waiting)
		r.mu.Unlock()
		if now > before {
			return c
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRoomInTurn: who came first has room first, one larger than all room has it
// alone, and who leaves takes no place.
func TestRoomInTurn(t *testing.T) {
	r := &room{budget: 10, queue: 3}
	if err := r.take(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	large, small, huge := waits(ctx, r, 5), waits(t.Context(), r, 4), waits(t.Context(), r, 11)
	if err := r.take(t.Context(), 1); !errors.Is(err, ErrBusy) || r.held != 6 {
		t.Errorf("a fourth waits: %v, %d bytes", err, r.held)
	}
	cancel() // the large one, behind which the small one has room
	if err := <-large; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := <-small; err != nil || r.held != 10 {
		t.Errorf("%v, %d bytes", err, r.held)
	}
	r.give(4)
	if len(huge) > 0 {
		t.Error("more than there is room for came in")
	}
	r.give(6)
	if err := <-huge; err != nil || r.held != 11 {
		t.Errorf("%v, %d bytes", err, r.held)
	}
	r.give(11)
	if r.held != 0 || len(r.waiting) != 0 {
		t.Errorf("%d bytes, %d wait", r.held, len(r.waiting))
	}
}

// TestRoomIsBounded: whoever comes, goes and gives up, no more is held than the
// budget, and nothing in the end.
func TestRoomIsBounded(t *testing.T) {
	r := &room{budget: 100}
	var group sync.WaitGroup
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(1, seed))
		group.Go(func() {
			for range 300 {
				n := random.Int64N(100) + 1
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(200))*time.Microsecond)
				err := r.take(ctx, n)
				cancel()
				if err != nil {
					continue
				}
				r.mu.Lock()
				if r.held < n || r.held > r.budget {
					t.Errorf("%d bytes are held", r.held)
				}
				r.mu.Unlock()
				runtime.Gosched()
				r.give(n)
			}
		})
	}
	group.Wait()
	if r.held != 0 || len(r.waiting) != 0 {
		t.Errorf("%d bytes, %d wait", r.held, len(r.waiting))
	}
}
