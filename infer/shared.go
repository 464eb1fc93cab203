package infer

import "github.com/polymath-lm/polymath/model"

// minShared is how many positions of a block that is not whole are worth a copy,
// and a block of memory to keep them.
const minShared = 8

// A prefix is what of a sequence's tokens need not be read.
type prefix struct {
	path  []*node      // whole blocks
	block *model.Block // its first positions are the next ones
	node  *node        // that has the block; nil: a running sequence
	part  int          // positions of block; 0: none
}

func (p *prefix) len() int { return len(p.path)*model.BlockTokens + p.part }

// lookUp returns what is there of tokens, in the tree and with running
// sequences. The path is the caller's until the next lookUp.
func (e *Engine) lookUp(keys []key) prefix {
	p := prefix{path: e.pool.tree.find(keys)}
	depth, parent := len(p.path), &e.pool.tree.root
	if depth > 0 {
		parent = p.path[depth-1]
	}
	rest := keys[depth*model.BlockTokens:]
	rest = rest[:min(len(rest), model.BlockTokens)]
	if len(rest) < minShared {
		return p
	}
	if n, shared := parent.closest(rest); shared >= minShared {
		p.block, p.node, p.part = n.block, n, shared
	}
	for _, r := range e.running {
		if shared := common(r.begun(depth, parent), rest); shared >= minShared && shared > p.part {
			p.block, p.node, p.part = r.held[depth].block, nil, shared
		}
	}
	return p
}

// begun returns the keys of the tokens that s has read of its block depth, if that follows
// parent and s shares it.
func (s *sequence) begun(depth int, parent *node) []key {
	from, end := depth*model.BlockTokens, s.cache.Len()
	if s.embedding != nil || end <= from || depth > 0 && s.held[depth-1].node != parent {
		return nil
	}
	return s.keys[from:min(end, from+model.BlockTokens)]
}

// adopt makes p the beginning of the cache of s, whose users it counts already.
func (e *Engine) adopt(s *sequence, p prefix) {
	for _, n := range p.path {
		s.cache.Adopt(n.block)
		s.held = append(s.held, held{block: n.block, node: n})
	}
	if p.part == 0 {
		return
	}
	if p.node != nil {
		e.pool.tree.touch(p.node)
	}
	if b := e.pool.take(); b != nil { // the last thing to evict is p.node, whose block is as good as a copy
		s.cache.ExtendCopy(b, p.block, p.part)
		s.held = append(s.held, held{block: b})
	}
}

// keep puts the blocks of s that have become whole into the tree, but not those of
// an embedding: it adopts nothing, and would hold what is there already twice.
func (e *Engine) keep(s *sequence) {
	if s.embedding != nil {
		return
	}
	for i := range s.held {
		h := &s.held[i]
		if h.node != nil {
			continue
		}
		if (i+1)*model.BlockTokens > s.cache.Len() {
			return
		}
		var part *model.Block
		h.node, h.own, part = e.pool.tree.insert(e.parent(s, i), s.keys[i*model.BlockTokens:], h.block)
		e.pool.giveBack(part)
	}
}

// keepPart puts the block of s that is not whole into the tree, up to where the
// tokens are that it alone is about.
func (e *Engine) keepPart(s *sequence) {
	if s.failure != nil || s.cache == nil || s.embedding != nil {
		return
	}
	end := s.cache.Len()
	if s.scores != nil && s.silent() && s.request.LogprobsFrom > 0 {
		end = min(end, s.request.LogprobsFrom)
	}
	i := end / model.BlockTokens
	from := i * model.BlockTokens
	if end-from < minShared || s.held[i].node != nil {
		return
	}
	h := &s.held[i]
	h.block = e.pool.tree.insertPart(e.parent(s, i), s.keys[from:end], h.block)
}

// parent returns the node that block i of s follows.
func (e *Engine) parent(s *sequence, i int) *node {
	if i == 0 {
		return &e.pool.tree.root
	}
	return s.held[i-1].node
}
