package kernel

import "sync"

// freelist keeps the arguments of parallel regions for the next call, so that
// a call does not allocate. A caller gets its own.
type freelist[T any] struct {
	mu   sync.Mutex
	free []*T
}

func (f *freelist[T]) get() *T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.free); n > 0 {
		t := f.free[n-1]
		f.free = f.free[:n-1]
		return t
	}
	return new(T)
}

func (f *freelist[T]) put(t *T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, t)
}
