package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spinTime is how long an idle worker, or a caller whose workers are still
// busy, looks for news before it parks. The next region of a training step
// begins well within it; a longer spin would take time from others.
const spinTime = 30 * time.Microsecond

// spinLoads is the number of loads between two offers of the processor to
// other goroutines.
const spinLoads = 64

// The gate is one word: the number of workers inside the region (low bits),
// whether the region is open, whether the pool has ended, and the region's
// number. A worker that comes too late finds the gate closed, so a region
// never waits for a worker that has not begun.
const (
	gateInside = 1<<16 - 1
	gateOpen   = 1 << 16
	gateEnd    = 1 << 17
	gateRegion = 1 << 18
)

// pad keeps words that different processors write on different cache lines
// (128 bytes: lines are fetched in pairs).
type pad [128]byte

type pool struct {
	_    pad
	gate atomic.Uint64
	_    pad
	next atomic.Int64 // next iteration to hand out
	_    pad

	// Written while the gate is closed and nobody is inside.
	n   int64
	job Job

	failure atomic.Pointer[Panic] // the first one
	waiting parking               // the caller, for the last worker to leave
	workers []parking             // worker w parks in workers[w-1]
	ended   sync.WaitGroup
}

// parking is where one goroutine sleeps.
type parking struct {
	parked atomic.Bool
	wake   chan struct{} // capacity 1; a token is sent only by who clears parked
	_      pad
}

func (p *parking) unpark() {
	if p.parked.Load() && p.parked.CompareAndSwap(true, false) {
		p.wake <- struct{}{}
	}
}

// park sleeps until unpark, or returns at once when ready already holds.
// Whoever makes ready hold must call unpark afterwards. It may return early:
// the caller checks again.
func (p *parking) park(ready func() bool) {
	p.parked.Swap(true) // a Store would do, but emulators of arm64 let loads overtake it
	if ready() && p.parked.CompareAndSwap(true, false) {
		return
	}
	<-p.wake
}

func newPool(threads int) *pool {
	p := &pool{workers: make([]parking, threads-1)}
	p.waiting.wake = make(chan struct{}, 1)
	p.ended.Add(len(p.workers))
	for i := range p.workers {
		p.workers[i].wake = make(chan struct{}, 1)
		go p.worker(i+1, 0)
	}
	return p
}

// stop ends the workers and waits until they are gone. The pool is idle.
func (p *pool) stop() {
	p.gate.Or(gateEnd)
	for i := range p.workers {
		p.workers[i].unpark()
	}
	p.ended.Wait()
}

func (p *pool) run(n int, job Job) {
	p.n, p.job = int64(n), job
	p.next.Store(0)
	defer p.finish() // also when the caller's own share panics or exits
	if helpers := min(n-1, len(p.workers)); helpers > 0 {
		p.gate.Store(p.gate.Load() + gateRegion + gateOpen)
		for i := range helpers {
			p.workers[i].unpark()
		}
	}
	p.work(0)
}

// finish closes the gate, waits for the workers inside, and raises the
// failure if there was one.
func (p *pool) finish() {
	p.gate.And(^uint64(gateOpen))
	empty := func() bool { return p.gate.Load()&gateInside == 0 }
	for !spin(empty) { // a late unpark of the region before may end park early
		p.waiting.park(empty)
	}
	p.job = nil
	if failure := p.failure.Swap(nil); failure != nil {
		panic(failure)
	}
}

// work takes iterations until none is left.
func (p *pool) work(worker int) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		if value == nil { // Goexit; the caller's own one needs no report
			if worker == 0 {
				p.next.Store(p.n)
				return
			}
			value = errGoexit
		}
		p.failure.CompareAndSwap(nil, newPanic(value))
		p.next.Store(p.n)
	}()
	for job, n := p.job, p.n; ; {
		i := p.next.Add(1) - 1
		if i >= n {
			break
		}
		job.Do(worker, int(i))
	}
	returned = true
}

// worker is the life of worker w. seen is the last region that it entered or
// found closed.
func (p *pool) worker(w int, seen uint64) {
	exiting := true
	defer func() {
		if exiting { // a job called Goexit: another goroutine takes the place
			p.leave()
			go p.worker(w, seen)
			return
		}
		p.ended.Done()
	}()
	parking := &p.workers[w-1]
	news := func() bool {
		gate := p.gate.Load()
		return gate&gateEnd != 0 || gate&gateOpen != 0 && gate/gateRegion != seen
	}
	for {
		if !spin(news) {
			parking.park(news)
		}
		gate := p.gate.Load()
		if gate&gateEnd != 0 {
			exiting = false
			return
		}
		if gate&gateOpen == 0 || gate/gateRegion == seen || !p.gate.CompareAndSwap(gate, gate+1) {
			continue // closed meanwhile, or somebody else came or went
		}
		seen = gate / gateRegion
		p.work(w)
		p.leave()
	}
}

// leave counts a worker out and wakes the caller after the last one.
func (p *pool) leave() {
	gate := p.gate.Add(^uint64(0))
	if gate&(gateOpen|gateInside) == 0 {
		p.waiting.unpark()
	}
}

// spin reports whether ready came to hold within spinTime.
func spin(ready func() bool) bool {
	var start time.Time
	for round := 0; ; round++ {
		for range spinLoads {
			if ready() {
				return true
			}
		}
		if round == 0 {
			start = time.Now()
		} else if time.Since(start) > spinTime {
			return false
		}
		runtime.Gosched()
	}
}
