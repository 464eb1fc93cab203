package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Cache holds the keys and values of one sequence's past, in blocks of 64
// positions for every layer. A Cache serves one pass at a time.
type Cache struct {
	layers, blockLen int
	max, len         int
	blocks           [][][]tensor.BF16 // [L][block][blockLen]
	shared           int               // leading blocks that another cache has too: not to be written
	inUse            bool              // within a batch that is being prepared
}

// NewCache returns an empty cache for at most maxTokens positions. Blocks are
// allocated when a pass first needs them, and kept for reuse.
func (m *Model) NewCache(maxTokens int) *Cache {
	return &Cache{
		layers:   len(m.layers),
		blockLen: m.layers[0].attn.Shape.BlockLen(),
		max:      maxTokens,
		blocks:   make([][][]tensor.BF16, len(m.layers)),
	}
}

// CacheBytes returns the memory of a cache that holds n positions.
func CacheBytes(cfg *Config, n int) int64 {
	m := build(cfg)
	return int64(blocksFor(n)) * int64(len(m.layers)) * int64(m.layers[0].attn.Shape.BlockLen()) * 2
}

func blocksFor(n int) int { return (n + kernel.KeyBlock - 1) / kernel.KeyBlock }

// Len returns how many positions the cache holds.
func (c *Cache) Len() int { return c.len }

// Cap returns how many positions the cache may hold.
func (c *Cache) Cap() int { return c.max }

// Bytes returns the memory of the blocks that c refers to, shared ones too.
func (c *Cache) Bytes() int64 {
	return int64(len(c.blocks[0])) * int64(c.layers) * int64(c.blockLen) * 2
}

// Truncate forgets all positions from n on. It panics if n is above Len.
func (c *Cache) Truncate(n int) {
	if n < 0 || n > c.len {
		panic(fmt.Sprintf("model: truncating a cache of %d positions to %d", c.len, n))
	}
	c.len = n
	whole := n / kernel.KeyBlock
	if whole >= c.shared {
		return
	}
	// What follows will be written, so it must be the cache's own.
	last := c.blocks
	c.blocks = make([][][]tensor.BF16, c.layers)
	for l := range last {
		c.blocks[l] = append(c.blocks[l], last[l][:whole]...)
	}
	c.shared = whole
	c.copyBlock(last, whole, n)
}

// copyBlock adds a copy of block b of another cache if n reaches into it.
func (c *Cache) copyBlock(from [][][]tensor.BF16, b, n int) {
	if n <= b*kernel.KeyBlock {
		return
	}
	c.reserve(n)
	for l := range from {
		copy(c.blocks[l][b], from[l][b])
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
	f := &Cache{layers: c.layers, blockLen: c.blockLen, max: c.max, len: n, shared: whole}
	f.blocks = make([][][]tensor.BF16, c.layers)
	for l := range f.blocks {
		f.blocks[l] = append(f.blocks[l], c.blocks[l][:whole]...)
	}
	c.shared = max(c.shared, whole)
	f.copyBlock(c.blocks, whole, n)
	return f
}

// reserve allocates the blocks for n positions.
func (c *Cache) reserve(n int) {
	for have := len(c.blocks[0]); have < blocksFor(n); have++ {
		slab := make([]tensor.BF16, c.layers*c.blockLen)
		for l := range c.blocks {
			c.blocks[l] = append(c.blocks[l], slab[l*c.blockLen:(l+1)*c.blockLen:(l+1)*c.blockLen])
		}
	}
}
