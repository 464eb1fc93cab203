package infer

import (
	"context"
	"time"
)

// submit puts s in the queue and wakes the engine.
func (e *Engine) submit(ctx context.Context, s *sequence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrClosed
	case e.queueLimit > 0 && len(e.waiting) >= e.queueLimit:
		return ErrBusy
	}
	e.count++
	s.number = e.count
	s.arrived = time.Now()
	e.waiting = append(e.waiting, s)
	if !e.active {
		e.active = true
		go e.work()
	}
	return nil
}

// attend hands the tokens of s on until it ends.
func (e *Engine) attend(ctx context.Context, s *sequence, receive func(Token) bool) (Result, error) {
	result := Result{PromptTokens: s.promptLen}
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			e.abandon(s)
			s.complete(&result)
			return result, ctx.Err()
		}
		tokens, done := s.collect()
		for _, token := range tokens {
			if ctx.Err() != nil {
				e.abandon(s)
				return result, ctx.Err()
			}
			result.CompletionTokens++
			if receive != nil && receive(token) {
				e.abandon(s)
				s.complete(&result)
				result.Finish = FinishEnd
				return result, nil
			}
		}
		if done {
			s.complete(&result)
			return result, s.err
		}
	}
}

// abandon takes s out of the queue, or tells the engine to drop it and waits
// until it has, so that the request's mask is the caller's again.
func (e *Engine) abandon(s *sequence) {
	s.abandoned.Store(true)
	e.mu.Lock()
	for i, w := range e.waiting {
		if w == s && !s.started() {
			e.waiting = append(e.waiting[:i:i], e.waiting[i+1:]...)
			e.mu.Unlock()
			return
		}
	}
	e.mu.Unlock()
	<-s.ended
}
