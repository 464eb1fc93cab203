package constrain

import (
	"container/list"
	"sync"
)

// cache keeps values by key until they exceed a size; the least recently used
// ones go first. Goroutines may share it.
type cache[K comparable, V any] struct {
	mu      sync.Mutex
	limit   int64 // bytes
	size    int64
	entries map[K]*list.Element
	order   list.List // of *entry, most recently used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
	size  int64
}

func newCache[K comparable, V any](limit int64) *cache[K, V] {
	return &cache[K, V]{limit: limit, entries: map[K]*list.Element{}}
}

func (c *cache[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

// put keeps value, unless there is one already or it alone exceeds the limit.
func (c *cache[K, V]) put(key K, value V, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; ok || size > c.limit {
		return
	}
	c.entries[key] = c.order.PushFront(&entry[K, V]{key, value, size})
	c.size += size
	for c.size > c.limit {
		last := c.order.Back()
		old := c.order.Remove(last).(*entry[K, V])
		delete(c.entries, old.key)
		c.size -= old.size
	}
}
