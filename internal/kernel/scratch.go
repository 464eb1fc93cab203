package kernel

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// scratch is the memory of one worker for products and attention. It grows to
// what the largest call needed and is kept.
type scratch struct {
	a        operand
	few      fewRows       // the rows of a, if they are few
	c        []float32     // sums
	rows     []float32     // those of a tile, to be rounded
	b        []tensor.BF16 // weights packed for one item
	at       []tensor.BF16 // rows to be transposed
	atStride int
	edge     [blockLen]tensor.BF16

	attention attentionScratch
}

var (
	scratches   atomic.Pointer[[]*scratch] // by worker
	scratchesMu sync.Mutex
)

// workerScratch returns the scratch of a worker, inside a region: the number of
// threads does not change then.
func workerScratch(worker int) *scratch {
	if all := scratches.Load(); all != nil && worker < len(*all) {
		return (*all)[worker]
	}
	return moreScratch()[worker]
}

// ForgetScratch lets go of what workers keep between calls, which may refer to the
// arrays of the last one. The next calls make it anew. Any goroutine may call it.
func ForgetScratch() {
	scratchesMu.Lock()
	defer scratchesMu.Unlock()
	scratches.Store(nil)
}

// moreScratch makes sure that every worker has its scratch.
func moreScratch() []*scratch {
	scratchesMu.Lock()
	defer scratchesMu.Unlock()
	var all []*scratch
	if before := scratches.Load(); before != nil {
		all = append(all, *before...)
	}
	for len(all) < par.Threads() {
		all = append(all, new(scratch))
	}
	scratches.Store(&all)
	return all
}

// cacheLine is the alignment of scratch: no vector load crosses a line.
const cacheLine = 64

// grow returns a slice of n elements that reuses s if it is long enough.
func grow[T float32 | tensor.BF16](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	var zero T
	extra := cacheLine / int(unsafe.Sizeof(zero))
	s = make([]T, n+extra)
	skip := int(-uintptr(unsafe.Pointer(&s[0])) % cacheLine / unsafe.Sizeof(zero))
	return s[skip : skip+n : skip+n]
}
