package nn

import "github.com/polymath-lm/polymath/internal/par"

// RowJob is a loop body over the rows [lo, hi) of a batch. Rows depend on
// nothing but themselves, so how they are cut into ranges never shows.
type RowJob interface{ Rows(lo, hi int) }

// Rows runs job over n rows in parallel, grain rows at a time; up to grain rows
// run on the calling goroutine. It allocates nothing in steady state.
func Rows(n, grain int, job RowJob) {
	if n <= grain {
		if n > 0 {
			job.Rows(0, n)
		}
		return
	}
	r := rowRuns.Get()
	*r = rowRun{n, grain, job}
	par.Run((n+grain-1)/grain, r)
	rowRuns.Put(r)
}

type rowRun struct {
	n, grain int
	job      RowJob
}

var rowRuns Jobs[rowRun]

func (r *rowRun) Do(_, i int) { r.job.Rows(i*r.grain, min((i+1)*r.grain, r.n)) }

// Jobs keeps the argument structs of parallel loops for the next call, so that
// a loop does not allocate. The zero value is ready; goroutines may share it.
type Jobs[T any] struct{ par.FreeList[T] }

// Put gives back what Get returned, emptied, so that it keeps no buffer alive.
func (j *Jobs[T]) Put(t *T) {
	var zero T
	*t = zero
	j.FreeList.Put(t)
}
