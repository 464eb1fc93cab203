package par

import "sync"

// FreeList keeps values, such as the jobs of parallel loops, for the next use,
// so that a loop does not allocate. The zero value is empty. Several goroutines
// may share it.
type FreeList[T any] struct {
	mu   sync.Mutex
	free []*T
}

// Get returns a value that nobody else holds: one that was put back, as it was
// then, or a new one.
func (f *FreeList[T]) Get() *T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.free); n > 0 {
		t := f.free[n-1]
		f.free = f.free[:n-1]
		return t
	}
	return new(T)
}

// Put gives back a value. What it refers to stays alive with it.
func (f *FreeList[T]) Put(t *T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, t)
}
