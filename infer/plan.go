package infer

// plan decides how many tokens each running sequence adds to the pass, and gives
// them memory, the oldest first.
func (e *Engine) plan() {
	e.share()
	for i := 0; i < len(e.running); i++ {
		s := e.running[i]
		pending := s.pending()
		if pending < 1 { // it would wait for ever, and the engine turn with it
			s.fault("a sequence of %d tokens has nothing to read", len(s.tokens))
			continue
		}
		if s.take < pending {
			s.guessed = s.guessed[:0]
		}
		for !e.reserve(s) {
			if len(e.running) == 1 && !s.duplicates() {
				s.fault("%d blocks are not enough for %d tokens", e.pool.capacity, len(s.tokens))
				break
			}
			e.preempt() // perhaps s itself, which is then the last
			if i >= len(e.running) {
				return
			}
		}
	}
}

// share divides the chunk between the prompts that are being read. Half of it is
// the oldest one's, so that each comes to its end, and the rest goes to the one
// that has the least left, so that a short one does not wait for a long one.
func (e *Engine) share() {
	var oldest, shortest *sequence
	for _, s := range e.running {
		s.take = min(1, s.pending())
		if s.pending() <= 1 {
			continue
		}
		s.take = 0
		if oldest == nil {
			oldest = s
		}
		if shortest == nil || s.pending() < shortest.pending() {
			shortest = s
		}
	}
	if oldest == nil {
		return
	}
	left := e.chunk - oldest.takeMore((e.chunk+1)/2)
	left -= shortest.takeMore(left)
	for _, s := range e.running {
		left -= s.takeMore(left)
	}
}

// takeMore lets s read up to n tokens more, and returns how many.
func (s *sequence) takeMore(n int) int {
	n = max(0, min(n, s.pending()-s.take))
	s.take += n
	return n
}

// reserve gives the cache of s room for the pass.
func (e *Engine) reserve(s *sequence) bool {
	for s.cache.Room() < s.cache.Len()+s.take+len(s.guessed) {
		b := e.pool.take()
		if b == nil && len(s.guessed) > 0 {
			s.guessed = s.guessed[:0]
			continue
		}
		if b == nil {
			return false
		}
		s.cache.Extend(b)
		s.held = append(s.held, held{block: b})
	}
	return true
}
