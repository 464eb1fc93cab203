package polymath

import (
	"context"
	"slices"
	"sync"
)

// Completions hold what was seen in their images until they end, also while they
// wait for the engine: of many that wait, together so many times what is kept of
// images, or so many full windows where these are less.
const (
	roomCaches  = 4
	roomWindows = 32
)

// roomBytes is the memory of that, with WithImageCacheBytes(cache) and images that
// take so many bytes in a full window, of which one always fits.
func roomBytes(cache, window int64) int64 {
	return max(window, min(roomCaches*featureBytes(cache), roomWindows*window))
}

// heldBytes is the memory of the features of so many image tokens.
func heldBytes(tokens, width int) int64 { return 2 * int64(tokens) * int64(width) }

// room is what completions hold, within a budget. Goroutines share it.
type room struct {
	budget int64
	queue  int // how many may wait, 0 is any number

	mu      sync.Mutex // guards what follows
	held    int64
	waiting []*turn // in the order in which they came
}

// turn is one who waits.
type turn struct {
	bytes int64
	come  chan struct{} // closed once it has its room
}

// take waits until there is room for n bytes and for all who came before. They are
// given back with give unless there is an error: ErrBusy or that of ctx.
func (r *room) take(ctx context.Context, n int64) error {
	t, err := r.ask(n)
	if err != nil {
		return err
	}
	select {
	case <-t.come:
		return nil
	case <-ctx.Done():
		r.leave(t)
		return ctx.Err()
	}
}

func (r *room) ask(n int64) (*turn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &turn{bytes: n, come: make(chan struct{})}
	r.waiting = append(r.waiting, t)
	r.admit()
	if r.queue > 0 && len(r.waiting) > r.queue {
		r.waiting = r.waiting[:len(r.waiting)-1]
		return nil, ErrBusy
	}
	return t, nil
}

// admit lets those in who have room.
func (r *room) admit() {
	for len(r.waiting) > 0 {
		t := r.waiting[0]
		if r.held > 0 && r.held+t.bytes > r.budget { // one alone always has room
			return
		}
		r.held += t.bytes
		close(t.come)
		r.waiting = slices.Delete(r.waiting, 0, 1)
	}
}

// leave ends the wait of t, or gives back what it got meanwhile.
func (r *room) leave(t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := slices.Index(r.waiting, t); at >= 0 {
		r.waiting = slices.Delete(r.waiting, at, at+1)
	} else {
		r.held -= t.bytes
	}
	r.admit()
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= n
	r.admit()
}
