package cli

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/polymath-lm/polymath"
)

// scorers opens models that measure perplexity for a corpus. close closes them.
type scorers struct {
	ctx    context.Context
	models []*polymath.Model
}

func (s *scorers) close() {
	for _, m := range s.models {
		_ = m.Close() // nothing was written
	}
}

// open returns what measures with the model at path.
func (s *scorers) open(path string) (func(text []byte) (float64, error), error) {
	m, err := polymath.Open(path)
	if err != nil {
		return nil, err
	}
	s.models = append(s.models, m)
	var one sync.Mutex // a text alone has the same score every time
	return func(text []byte) (float64, error) {
		one.Lock()
		defer one.Unlock()
		return perplexity(s.ctx, m, text)
	}, nil
}

// perplexity is that of a text per token, or of its first half, quarter and so on
// where the model's window is short; 0 for a text of one token.
func perplexity(ctx context.Context, m *polymath.Model, text []byte) (float64, error) {
	for {
		tokens, _, err := m.Score(ctx, string(text), 0)
		if errors.Is(err, polymath.ErrContextWindow) && len(text) > 1 {
			text = text[:len(text)/2]
			continue
		}
		if err != nil || len(tokens) < 2 {
			return 0, err
		}
		var sum float64
		for _, t := range tokens[1:] {
			sum -= t.Logprob
		}
		return math.Exp(sum / float64(len(tokens)-1)), nil
	}
}
