package infer

import (
	"slices"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// work is the life of the engine's goroutine: steps until there is nothing to
// do. Whatever panics outside of the parts that stand up for themselves ends the
// requests, and not the program.
func (e *Engine) work() {
	done := false
	defer func() {
		if !done {
			e.fail(panicError(recover()))
		}
	}()
	for e.admit() {
		e.step()
	}
	done = true
}

// admit drops what was given up, lets waiting sequences in, and reports
// whether there is work. If not, the goroutine has ended for all others.
func (e *Engine) admit() bool {
	e.running = slices.DeleteFunc(e.running, e.dropped)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		for _, s := range slices.Concat(e.running, e.waiting) {
			e.retire(s, "", ErrClosed)
		}
		e.running, e.waiting = nil, nil
	}
	e.waiting = slices.DeleteFunc(e.waiting, func(s *sequence) bool {
		return s.started() && e.dropped(s) // it was preempted; others take themselves out
	})
	e.letIn()
	e.stats.Running = len(e.running)
	e.stats.UsedBlocks, e.stats.KeptBlocks = e.pool.used(), e.pool.tree.kept.Len()
	e.active = len(e.running) > 0
	if !e.active {
		e.idle.Broadcast()
	}
	return e.active
}

// dropped retires s if its caller has left.
func (e *Engine) dropped(s *sequence) bool {
	if !s.abandoned.Load() {
		return false
	}
	e.retire(s, "", nil)
	return true
}

// letIn makes waiting sequences running ones, the oldest first, until one does
// not fit.
func (e *Engine) letIn() {
	e.full = false
	for i := 0; i < len(e.waiting) && len(e.running) < e.maxBatch; {
		s := e.waiting[i]
		if e.awaited(s) { // another sequence is reading its prefix: let it, and go on from there
			i++
			continue
		}
		if !e.enter(s) {
			e.full = true
			return
		}
		e.waiting = slices.Delete(e.waiting, i, i+1)
	}
}

// awaited reports whether a running sequence reads what s begins with too,
// beyond what is there, and enough of it. Once it has found one, it only looks
// whether that one still does: many long prompts may wait.
func (e *Engine) awaited(s *sequence) bool {
	if s.reader != nil && s.reader.reads(s.shared) {
		return true
	}
	s.reader = nil
	known, keys := -1, s.keys[:s.prefixLimit()]
	for _, r := range e.running {
		if r.pending() <= 1 {
			continue
		}
		shared := common(r.keys, keys)
		if shared < minShared || !r.reads(shared) {
			continue
		}
		if known < 0 {
			p := e.lookUp(keys)
			known = p.len()
		}
		if e.worthWaiting(s, shared-known, known) {
			s.reader, s.shared = r, shared
			return true
		}
	}
	return false
}

// worthWaiting reports whether s, of which known tokens are there, should wait
// while another sequence reads n more. Whoever waits for an answer does so for a
// whole block, or for half of the own reading if the next step is the end of it:
// two steps take no longer than one of all rows then.
func (e *Engine) worthWaiting(s *sequence, n, known int) bool {
	switch {
	case n >= model.BlockTokens:
		return true
	case n < minShared || 2*n < len(s.tokens)-known:
		return false
	}
	return s.silent() || e.unread() <= e.chunk
}

// unread returns how many tokens of prompts the running sequences are to read.
func (e *Engine) unread() int {
	n := 0
	for _, s := range e.running {
		if pending := s.pending(); pending > 1 {
			n += pending
		}
	}
	return n
}

// reads reports whether s is about to read some of its first n tokens, as part
// of a prompt that it shares.
func (s *sequence) reads(n int) bool {
	return s.embedding == nil && s.cache != nil && s.cache.Len() < n && s.pending() > 1
}

// promised returns how many blocks running sequences have still to take for what they
// read, and one for each of them.
func (e *Engine) promised() int {
	n := len(e.running)
	for _, s := range e.running {
		n += max(0, blocksOf(len(s.tokens))-len(s.held))
	}
	return n
}

// blocksOf returns how many blocks that many tokens take.
func blocksOf(tokens int) int { return (tokens + model.BlockTokens - 1) / model.BlockTokens }

// enter makes s a running sequence, if there is memory for what it has to read, for
// what those that run have still to read, and a block for each of them.
func (e *Engine) enter(s *sequence) bool {
	if len(e.running) > 0 && e.pool.available() <= e.promised() {
		return false
	}
	s.reader = nil
	limit := s.prefixLimit()
	p := e.lookUp(s.keys[:limit])
	for _, n := range p.path {
		e.pool.tree.use(n)
	}
	need := blocksOf(len(s.tokens)) - len(p.path)
	if len(s.tokens)%model.BlockTokens == 0 && !s.silent() {
		need++ // for what it generates
	}
	if len(e.running) > 0 && need > e.pool.available()-e.promised() {
		for _, n := range slices.Backward(p.path) {
			e.pool.tree.leave(n)
		}
		return false
	}
	s.cache = e.model.NewCache(e.pool.kind, s.promptLen+s.maxTokens)
	clear(s.embedding) // of what it had read before it was preempted
	e.adopt(s, p)
	if !s.started() {
		s.began = time.Now()
		s.cached = s.cache.Len()
		if limit > 0 {
			e.stats.PrefixQueries += uint64(s.promptLen)
			e.stats.PrefixHits += uint64(s.cached)
		}
		s.tell()
	}
	at, _ := slices.BinarySearchFunc(e.running, s.number, byNumber)
	e.running = slices.Insert(e.running, at, s)
	return true
}

func byNumber(s *sequence, number uint64) int {
	switch {
	case s.number < number:
		return -1
	case s.number > number:
		return 1
	}
	return 0
}

// leave takes the memory of s back, and keeps what others may share.
func (e *Engine) leave(s *sequence) {
	e.keepPart(s)
	e.pool.release(s.held)
	s.held, s.cache, s.draft, s.guessed = nil, nil, nil, nil
}

// retire ends s for good.
func (e *Engine) retire(s *sequence, finish Finish, err error) {
	e.leave(s)
	s.end(finish, err)
}

// preempt makes the youngest running sequence give up its memory and wait
// again. It goes on later with the same bits: what it had generated is then
// read like a prompt.
func (e *Engine) preempt() {
	last := len(e.running) - 1
	s := e.running[last]
	e.leave(s)
	s.take = 0
	e.running[last] = nil
	e.running = e.running[:last]
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Preemptions++
	at, _ := slices.BinarySearchFunc(e.waiting, s.number, byNumber)
	e.waiting = slices.Insert(e.waiting, at, s)
}

// step is one forward pass and what follows from it.
func (e *Engine) step() {
	start := time.Now()
	if e.drafter != nil {
		e.drafter.guess(e.running)
	}
	e.plan()
	passStart := time.Now()
	e.run()
	passTime := time.Since(passStart)
	e.running = slices.DeleteFunc(e.running, e.settle)
	e.mu.Lock()
	e.stats.Steps++
	e.stats.PassTime += passTime
	e.stats.StepTime += time.Since(start)
	e.mu.Unlock()
}
