// Package par runs loops on a fixed set of workers.
//
// No result may depend on which worker ran an iteration or in which order the
// iterations ran: each iteration owns what it writes, and every sum over
// iterations is taken afterwards in a fixed order.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Job is the body of a parallel loop. Do is called once for each i; worker
// tells which scratch memory it may use and is in [0, Threads()).
type Job interface{ Do(worker, i int) }

var (
	mu      sync.Mutex // held for a whole region: callers are serialised
	current *pool      // guarded by mu; nil until the first region that needs one
	threads atomic.Int32
)

func init() { threads.Store(int32(runtime.GOMAXPROCS(0))) }

// Threads returns the number of workers, the caller of Run included.
// It may be called at any time, also from inside a job.
func Threads() int { return int(threads.Load()) }

// SetThreads sets the number of workers; 1 runs every loop inline in its
// caller, 0 restores the default, GOMAXPROCS. It waits for a region that is
// under way, and returns when the old workers have ended. A caller that holds
// scratch memory for each worker must size it again. SetThreads must not be
// called from inside a job, and panics if n is not in [0, 65535].
func SetThreads(n int) {
	if n < 0 || n > gateInside {
		panic("par: number of threads out of range")
	}
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	mu.Lock()
	defer mu.Unlock()
	if n == Threads() {
		return
	}
	if current != nil {
		current.stop()
		current = nil
	}
	threads.Store(int32(n))
}

// Run calls job.Do for every i in [0, n), on any worker and in any order, and
// returns when all calls have returned. The caller takes part as worker 0.
//
// Run does not allocate. Regions of different callers run one after the other,
// so scratch memory kept by worker number is never shared. A job must not call
// Run itself: that would wait for ever.
//
// A panic in a job makes the remaining iterations be left out; when no worker
// is inside the job any more, Run panics with a *Panic that holds the original
// value and stack.
func Run(n int, job Job) {
	if n <= 0 {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	if current == nil {
		current = newPool(Threads())
	}
	current.run(n, job)
}

type funcJob func(worker, i int)

func (f funcJob) Do(worker, i int) { f(worker, i) }

// For is Run over a function. The closure usually has to be allocated, so
// loops that must not allocate use Run.
func For(n int, f func(worker, i int)) { Run(n, funcJob(f)) }
