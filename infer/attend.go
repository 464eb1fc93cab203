package infer

import (
	"context"
	"slices"
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
	case e.queueLimit > 0 && len(e.waiting) >= e.queueLimit+e.places():
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

// places returns how many of those that wait will not after the step in
// progress, as far as is known.
func (e *Engine) places() int {
	if e.full {
		return 0
	}
	return e.maxBatch - e.stats.Running
}

// attend hands the tokens of s on until it ends. However it returns, the engine
// is done with s.
func (e *Engine) attend(ctx context.Context, s *sequence, receive func(Token) bool) (result Result, err error) {
	result.PromptTokens = s.promptLen
	for i := range s.request.Images {
		result.ImageTokens += s.request.Images[i].rows(e.width)
	}
	var tokens []Token
	told, read := -1, -1 // of the prompt
	complete := false
	defer func() { // also when receive panics
		e.abandon(s)
		s.complete(&result)
		if complete {
			result.Finish = FinishEnd
		}
	}()
	for done := false; !done; {
		select {
		case <-s.news:
		case <-ctx.Done():
			return result, ctx.Err()
		}
		tokens, read, done = s.collect(tokens)
		if read > told {
			told = read
			s.request.Progress(read, s.request.numRead(), s.cached)
		}
		for _, token := range tokens {
			if err := ctx.Err(); err != nil {
				return result, err
			}
			result.CompletionTokens++
			if complete = receive != nil && receive(token); complete {
				return result, nil
			}
		}
	}
	return result, s.err
}

// abandon takes s out of the queue, or tells the engine to drop it and waits
// until it has, so that the request's mask is the caller's again.
func (e *Engine) abandon(s *sequence) {
	s.abandoned.Store(true)
	select {
	case <-s.ended:
		return
	default:
	}
	e.mu.Lock()
	if at := slices.Index(e.waiting, s); at >= 0 && !s.started() {
		e.waiting = slices.Delete(e.waiting, at, at+1)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	<-s.ended
}
