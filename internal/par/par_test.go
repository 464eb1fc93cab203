package par

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withThreads runs the test with n workers and restores the number after it.
func withThreads(t testing.TB, n int) {
	t.Helper()
	old := Threads()
	SetThreads(n)
	t.Cleanup(func() { SetThreads(old) })
}

// countJob counts how often each iteration ran.
type countJob struct {
	counts  []int32
	threads int
	bad     atomic.Int32
}

func (j *countJob) Do(worker, i int) {
	if worker < 0 || worker >= j.threads {
		j.bad.Add(1)
	}
	j.counts[i]++ // each iteration owns its element: the race detector checks
}

func TestRunEveryIterationOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		for _, n := range []int{0, 1, 2, 3, 7, 64, 1000} {
			withThreads(t, threads)
			for range 20 {
				job := &countJob{counts: make([]int32, n), threads: threads}
				Run(n, job)
				for i, c := range job.counts {
					if c != 1 {
						t.Fatalf("threads %d, n %d: iteration %d ran %d times", threads, n, i, c)
					}
				}
				if job.bad.Load() != 0 {
					t.Fatalf("threads %d: worker number out of range", threads)
				}
			}
		}
	}
}

func TestRunNegativeIsEmpty(t *testing.T) {
	Run(-1, funcJob(func(_, _ int) { t.Error("called") }))
}

// scratchJob fails if two goroutines use one worker number at a time.
type scratchJob struct{ busy []atomic.Bool }

func (j *scratchJob) Do(worker, _ int) {
	if j.busy[worker].Swap(true) {
		panic("worker number in use twice")
	}
	runtime.Gosched()
	j.busy[worker].Store(false)
}

func TestConcurrentCallersAreSerialised(t *testing.T) {
	withThreads(t, 3)
	job := &scratchJob{busy: make([]atomic.Bool, 3)}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 200 {
				Run(5, job)
			}
		})
	}
	callers.Wait()
}

// TestParkedWorkersWake lets the workers fall asleep between regions, and
// makes the caller sleep for a worker that takes long.
func TestParkedWorkersWake(t *testing.T) {
	withThreads(t, 2)
	for range 10 {
		time.Sleep(10 * spinTime)
		var meet sync.WaitGroup
		meet.Add(2)
		For(2, func(worker, _ int) { // ends only if both workers take part
			meet.Done()
			meet.Wait()
			if worker != 0 {
				time.Sleep(10 * spinTime)
			}
		})
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	for _, threads := range []int{1, 2} {
		withThreads(t, threads)
		job := &countJob{counts: make([]int32, 8), threads: threads}
		if allocs := testing.AllocsPerRun(200, func() { Run(8, job) }); allocs != 0 {
			t.Errorf("threads %d: %v allocations in a region", threads, allocs)
		}
	}
}

func TestPanicReachesCaller(t *testing.T) {
	errJob := errors.New("broken job")
	for _, threads := range []int{1, 2, 4} {
		withThreads(t, threads)
		for bad := range 6 {
			func() {
				defer func() {
					p, ok := recover().(*Panic)
					if !ok || p.Value != errJob || !errors.Is(p, errJob) {
						t.Fatalf("threads %d: recovered %v", threads, p)
					}
					if !strings.Contains(string(p.Stack), "explode") || !strings.Contains(p.Error(), "broken job") {
						t.Fatalf("stack or value missing in:\n%v", p)
					}
				}()
				For(6, func(_, i int) {
					if i == bad {
						explode(errJob)
					}
				})
			}()
			// The pool still works.
			job := &countJob{counts: make([]int32, 9), threads: threads}
			Run(9, job)
			if fmt.Sprint(job.counts) != "[1 1 1 1 1 1 1 1 1]" {
				t.Fatalf("after a panic: %v", job.counts)
			}
		}
	}
}

//go:noinline
func explode(err error) { panic(err) }

func TestPanicOnEveryWorker(t *testing.T) {
	withThreads(t, 4)
	defer func() {
		if p, ok := recover().(*Panic); !ok || p.Value != "all" || p.Unwrap() != nil {
			t.Fatalf("recovered %v", p)
		}
	}()
	For(100, func(_, _ int) { panic("all") })
}

// TestGoexit covers t.FailNow in a job: on the caller's goroutine it must end
// the caller with the pool left usable, on a worker's it is a panic.
func TestGoexit(t *testing.T) {
	withThreads(t, 2)
	for _, leaver := range []int{0, 1} {
		for range 20 {
			var raised any
			var done sync.WaitGroup
			done.Go(func() {
				defer func() { raised = recover() }()
				var meet sync.WaitGroup
				meet.Add(2)
				For(2, func(worker, _ int) {
					meet.Done()
					meet.Wait()
					if worker == leaver {
						runtime.Goexit()
					}
				})
			})
			done.Wait()
			p, _ := raised.(*Panic)
			if leaver == 0 && p != nil || leaver == 1 && (p == nil || p.Value != errGoexit) {
				t.Fatalf("worker %d left: raised %v", leaver, raised)
			}
		}
	}
	job := &countJob{counts: make([]int32, 50), threads: 2}
	Run(50, job)
}

func TestSetThreads(t *testing.T) {
	withThreads(t, 2)
	before := runtime.NumGoroutine()
	for n := 1; n <= 6; n++ {
		SetThreads(n)
		if Threads() != n {
			t.Fatalf("Threads() = %d after SetThreads(%d)", Threads(), n)
		}
		job := &countJob{counts: make([]int32, 100), threads: n}
		Run(100, job)
		if job.bad.Load() != 0 {
			t.Fatal("worker number out of range")
		}
	}
	SetThreads(1)
	// Ended workers vanish from the count a moment after they report.
	for wait := 0; runtime.NumGoroutine() > before && wait < 1000; wait++ {
		time.Sleep(time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines before, %d after: workers leaked", before, now)
	}
	SetThreads(0)
	if Threads() != runtime.GOMAXPROCS(0) {
		t.Errorf("SetThreads(0) gave %d", Threads())
	}
	defer func() {
		if recover() == nil {
			t.Error("SetThreads(-1) did not panic")
		}
	}()
	SetThreads(-1)
}

// TestResizeBetweenRegions changes the size while other goroutines run regions.
func TestResizeBetweenRegions(t *testing.T) {
	withThreads(t, 2)
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() {
			var total atomic.Int64
			for range 300 {
				For(7, func(_, i int) { total.Add(int64(i)) })
			}
			if total.Load() != 300*21 {
				t.Errorf("total %d", total.Load())
			}
		})
	}
	for n := range 60 {
		SetThreads(1 + n%4)
	}
	callers.Wait()
}

type emptyJob struct{}

func (emptyJob) Do(_, _ int) {}

func BenchmarkRegion(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, n := range []int{2, 64} {
			b.Run(fmt.Sprintf("threads=%d/n=%d", threads, n), func(b *testing.B) {
				withThreads(b, threads)
				b.ReportAllocs()
				for b.Loop() {
					Run(n, emptyJob{})
				}
			})
		}
	}
}

// workJob spends about 20 microseconds in each iteration.
type workJob struct{ sink []float64 }

func (j *workJob) Do(worker, i int) {
	x := float64(i)
	for range 20_000 {
		x += 1e-9
	}
	j.sink[worker*16] = x
}

// BenchmarkWork shows what two threads gain on 16 iterations of equal length.
func BenchmarkWork(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			withThreads(b, threads)
			job := &workJob{sink: make([]float64, threads*16)}
			for b.Loop() {
				Run(16, job)
			}
		})
	}
}

// BenchmarkParked begins each region after the workers have fallen asleep.
func BenchmarkParked(b *testing.B) {
	withThreads(b, 2)
	job := &workJob{sink: make([]float64, 32)}
	for b.Loop() {
		b.StopTimer()
		time.Sleep(5 * spinTime)
		b.StartTimer()
		Run(2, job)
	}
}
