package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

// Cache holds the keys and values of one sequence's past, in blocks of 64
// positions for every layer. It keeps all of them, those that a sliding window
// has left behind too, so that it can be cut anywhere. A Cache serves one pass
// at a time.
type Cache struct {
	kind     CacheKind
	layers   int
	shape    kernel.AttentionShape
	max, len int
	blocks   [][]kernel.Block // [L][block]; slots from len on are zero
	shared   int              // leading blocks that another cache has too: not to be written
	inUse    bool             // within a batch that is being prepared
}

// BlockTokens is the number of positions that a Block has room for.
const BlockTokens = kernel.KeyBlock

// CacheKind is the form in which keys and values are kept.
type CacheKind uint8

const (
	// CacheBF16 keeps them as they are computed.
	CacheBF16 CacheKind = iota
	// CacheInt8 keeps them in 8 bits, with a scale for each token's key and value
	// of each head. That takes about half the memory and loses something: a model
	// with such a cache gives other bits, but always the same ones. Queries of the
	// token's own pass see what is kept, too.
	CacheInt8
)

// A Block is room for the keys and values of BlockTokens positions in every
// layer, for owners of many caches that share memory between them. What is in
// it stays until a cache of its kind writes there.
type Block struct{ layers []kernel.Block }

// NewBlock allocates a Block, of BlockBytes.
func (m *Model) NewBlock(kind CacheKind) *Block {
	return &Block{layers: m.layers[0].attn.Shape.NewBlocks(len(m.layers), kind == CacheInt8)}
}

// BlockBytes returns the memory of a Block.
func BlockBytes(cfg *Config, kind CacheKind) int64 { return CacheBytes(cfg, kind, BlockTokens) }

// NewCache returns an empty cache for at most maxTokens positions. Blocks that
// were not given to it by Extend are allocated when a pass first needs them,
// and kept for reuse.
func (m *Model) NewCache(kind CacheKind, maxTokens int) *Cache {
	return &Cache{
		kind:   kind,
		layers: len(m.layers),
		shape:  m.layers[0].attn.Shape,
		max:    maxTokens,
		blocks: make([][]kernel.Block, len(m.layers)),
	}
}

// CacheBytes returns the memory of a cache that holds n positions.
func CacheBytes(cfg *Config, kind CacheKind, n int) int64 {
	m := build(cfg)
	return cacheBytes(&m.layers[0].attn.Shape, kind, len(m.layers), blocksFor(n))
}

func cacheBytes(s *kernel.AttentionShape, kind CacheKind, layers, blocks int) int64 {
	return int64(blocks) * int64(layers) * int64(s.BlockBytes(kind == CacheInt8))
}

func blocksFor(n int) int { return (n + kernel.KeyBlock - 1) / kernel.KeyBlock }

// Len returns how many positions the cache holds.
func (c *Cache) Len() int { return c.len }

// Bytes returns the memory of the blocks that c refers to, shared ones too.
func (c *Cache) Bytes() int64 {
	return cacheBytes(&c.shape, c.kind, c.layers, len(c.blocks[0]))
}

// Truncate forgets all positions from n on. It panics if n is above Len.
func (c *Cache) Truncate(n int) {
	if n < 0 || n > c.len {
		panic(fmt.Sprintf("model: truncating a cache of %d positions to %d", c.len, n))
	}
	end, whole := c.len, n/kernel.KeyBlock
	c.len = n
	if whole < c.shared { // what follows will be written
		c.own(whole, n)
	}
	c.clearTail(end)
}

// own makes the blocks from whole on the cache's own, with n positions.
func (c *Cache) own(whole, n int) {
	last := c.blocks
	c.blocks = make([][]kernel.Block, c.layers)
	for l := range last {
		c.blocks[l] = append(c.blocks[l], last[l][:whole]...)
	}
	c.shared = whole
	c.copyBlock(last, whole, n)
}

// copyBlock adds a copy of block b of another cache if n reaches into it.
func (c *Cache) copyBlock(from [][]kernel.Block, b, n int) {
	if n <= b*kernel.KeyBlock {
		return
	}
	c.reserve(n)
	for l := range from {
		c.blocks[l][b].Copy(&from[l][b])
	}
}

// Fork returns a cache that begins with the first n positions of c. Whole
// blocks are shared and neither cache writes to them again; the last, partial
// block is copied. It panics if n is above Len.
func (c *Cache) Fork(n int) *Cache {
	if n < 0 || n > c.len {
		panic(fmt.Sprintf("model: forking %d positions of a cache of %d", n, c.len))
	}
	whole := n / kernel.KeyBlock
	f := &Cache{kind: c.kind, layers: c.layers, shape: c.shape, max: c.max, len: n, shared: whole}
	f.blocks = make([][]kernel.Block, c.layers)
	for l := range f.blocks {
		f.blocks[l] = append(f.blocks[l], c.blocks[l][:whole]...)
	}
	c.shared = max(c.shared, whole)
	f.copyBlock(c.blocks, whole, n)
	f.clearTail(c.len)
	return f
}

// clearTail zeroes the slots of positions from Len to end in the last block: a
// query gives them the weight 0, and 0 times a value that is not finite is NaN.
// The next block is cleared when it is begun.
func (c *Cache) clearTail(end int) {
	block := c.len / kernel.KeyBlock
	n := min(end, (block+1)*kernel.KeyBlock) - c.len
	if c.len%kernel.KeyBlock == 0 || n <= 0 {
		return
	}
	from := c.len % kernel.KeyBlock
	for l := range c.blocks {
		c.shape.Clear(&c.blocks[l][block], from, from+n)
	}
}

// Room returns how many positions the cache's blocks have room for, those that
// it holds included.
func (c *Cache) Room() int { return len(c.blocks[0]) * BlockTokens }

// Extend gives the cache room for BlockTokens more positions. The block is the
// cache's to write to until the caller takes both away. It panics if the block
// is of another kind than the cache.
func (c *Cache) Extend(b *Block) {
	if (b.layers[0].BF16 == nil) != (c.kind == CacheInt8) {
		panic("model: extending a cache by a block of another kind")
	}
	for l := range c.blocks {
		c.blocks[l] = append(c.blocks[l], b.layers[l])
	}
}

// Adopt makes b, which holds the keys and values of the next BlockTokens
// positions of the same sequence, part of the cache. Nobody writes to b again.
// It panics if the cache has room beyond its length.
func (c *Cache) Adopt(b *Block) {
	if c.len != c.Room() {
		panic(fmt.Sprintf("model: adopting a block after %d positions, with room for %d", c.len, c.Room()))
	}
	c.Extend(b)
	c.len += BlockTokens
	c.shared = len(c.blocks[0])
}

// ExtendCopy is Extend with a block that begins with a copy of the first n
// positions of from, which become the cache's: they hold keys and values of the
// next positions of the same sequence. n is 1 to BlockTokens-1, and b may be from.
// It panics if the cache has room beyond its length.
func (c *Cache) ExtendCopy(b, from *Block, n int) {
	if c.len != c.Room() {
		panic(fmt.Sprintf("model: copying a block after %d positions, with room for %d", c.len, c.Room()))
	}
	c.Extend(b)
	par.Run(c.layers, &copyJob{to: b, from: from, n: n, shape: c.shape})
	c.len += n
}

// copyJob copies n positions, a layer an item, and clears those after them, as
// clearTail does.
type copyJob struct {
	to, from *Block
	n        int
	shape    kernel.AttentionShape
}

// Do copies layer l.
func (j *copyJob) Do(_, l int) {
	to := &j.to.layers[l]
	to.Copy(&j.from.layers[l])
	j.shape.Clear(to, j.n, kernel.KeyBlock)
}

// reserve allocates the blocks for n positions.
func (c *Cache) reserve(n int) {
	for have := len(c.blocks[0]); have < blocksFor(n); have++ {
		for l, b := range c.shape.NewBlocks(c.layers, c.kind == CacheInt8) {
			c.blocks[l] = append(c.blocks[l], b)
		}
	}
}
