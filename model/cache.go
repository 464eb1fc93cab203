package model

// Cache holds the keys and values of one sequence's past, in blocks of 64
// positions for every layer. A Cache serves one pass at a time.
type Cache struct{}

// NewCache returns an empty cache for at most maxTokens positions. Blocks are
// allocated when a pass first needs them, and kept for reuse.
func (m *Model) NewCache(maxTokens int) *Cache { panic("not yet") }

// Len returns how many positions the cache holds.
func (c *Cache) Len() int { panic("not yet") }

// Cap returns how many positions the cache may hold.
func (c *Cache) Cap() int { panic("not yet") }

// Truncate forgets all positions from n on. It panics if n is above Len.
func (c *Cache) Truncate(n int) { panic("not yet") }

// Fork returns a cache that begins with the first n positions of c. Whole
// blocks are shared and neither cache writes to them again; the last, partial
// block is copied.
func (c *Cache) Fork(n int) *Cache { panic("not yet") }

// Bytes returns the memory of the blocks that c refers to, shared ones too.
func (c *Cache) Bytes() int64 { panic("not yet") }

// CacheBytes returns the memory of a cache that holds n positions.
func CacheBytes(cfg *Config, n int) int64 { panic("not yet") }
