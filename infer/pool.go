package infer

import "github.com/polymath-lm/polymath/model"

// A pool hands out the blocks of keys and values that a budget has room for.
// When they are used up it takes back those of ended sequences, the least
// recently used first. It serves one goroutine.
type pool struct {
	model    *model.Model
	kind     model.CacheKind
	capacity int // blocks
	made     int // blocks
	free     []*model.Block
	tree     tree
}

func newPool(m *model.Model, kind model.CacheKind, capacity int) *pool {
	return &pool{model: m, kind: kind, capacity: capacity}
}

// held is a block of a sequence. Its node is in the tree of prefixes once the
// block is whole. The block is nil once the tree keeps it as a part. own says that the block is not the node's: another sequence
// had written the same one.
type held struct {
	block *model.Block
	node  *node
	own   bool
}

// available returns how many blocks take can still hand out.
func (p *pool) available() int {
	return p.capacity - p.made + len(p.free) + p.tree.kept.Len()
}

// take returns a block, or nil if all are in use.
func (p *pool) take() *model.Block {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	if p.made < p.capacity {
		p.made++
		return p.model.NewBlock(p.kind)
	}
	return p.tree.evict()
}

// giveBack takes back a block that is nowhere else; nil is none.
func (p *pool) giveBack(b *model.Block) {
	if b != nil {
		p.free = append(p.free, b)
	}
}

// release takes back the blocks of a sequence. Those that are in the tree stay
// there; children are left before their parents, and so go first.
func (p *pool) release(blocks []held) {
	for i := len(blocks) - 1; i >= 0; i-- {
		h := blocks[i]
		if h.node == nil || h.own {
			p.giveBack(h.block)
		}
		if h.node != nil {
			p.tree.leave(h.node)
		}
	}
}

// used returns how many blocks running sequences hold.
func (p *pool) used() int { return p.made - len(p.free) - p.tree.kept.Len() }
