package infer

// settle takes in what a pass gave for s, and reports whether s has ended.
func (e *Engine) settle(s *sequence) bool {
	if s.failure != nil {
		s.deliver() // of several tokens in a step, those before
		e.retire(s, "", s.failure)
		return true
	}
	if s.take == 0 {
		return false
	}
	// Of the guesses, those that were sampled are right; the last sampled token
	// has not been read.
	right := max(0, len(s.fresh)-1)
	if s.finish == FinishEnd {
		right = min(len(s.guessed), len(s.fresh)) // the end token is not among them
	}
	e.countGuesses(len(s.guessed), right)
	good := len(s.tokens) - len(s.fresh) + right
	s.cache.Truncate(min(s.cache.Len(), good))
	if s.draft != nil {
		s.draft.Truncate(min(s.draft.Len(), good))
	}
	e.keep(s)
	s.tell()
	s.deliver()
	if s.finish != "" {
		e.retire(s, s.finish, nil)
		return true
	}
	return false
}

func (e *Engine) countGuesses(drafted, accepted int) {
	if drafted == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Drafted += uint64(drafted)
	e.stats.Accepted += uint64(accepted)
}
