package eval

import (
	"context"
	"sync"
)

// memo remembers scores of texts that many items share. Goroutines share it.
type memo struct {
	mu    sync.Mutex
	known map[[2]string]*remembered
}

type remembered struct {
	mu    sync.Mutex
	known bool
	score Score
}

// score returns what ask says of a prompt and its continuation, which is asked once;
// an error is not remembered.
func (m *memo) score(ctx context.Context, prompt, continuation string,
	ask func(ctx context.Context, prompt, continuation string) (Score, error),
) (Score, error) {
	m.mu.Lock()
	if m.known == nil {
		m.known = map[[2]string]*remembered{}
	}
	key := [2]string{prompt, continuation}
	r := m.known[key]
	if r == nil {
		r = &remembered{}
		m.known[key] = r
	}
	m.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known {
		return r.score, nil
	}
	score, err := ask(ctx, prompt, continuation)
	if err == nil {
		r.known, r.score = true, score
		r.score.Tokens = nil // nobody asks for them, and there are many
	}
	return score, err
}
