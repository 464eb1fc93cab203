package kernel

import (
	"time"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// peakOps are loops that show what the machine can do.
type peakOps struct {
	peak      func(rounds int) // multiplies and adds in registers only
	peakFlops int              // operations of a round
	read      func(p unsafe.Pointer, kib int)
}

// ComputePeak returns the number of multiplications and additions per second
// that all threads together reach in the registers with the path in use. It
// takes about the time given.
func ComputePeak(d time.Duration) (flops float64) {
	const rounds = 5000 // some ten microseconds: assembly is not preempted
	job := &peakJob{peak: cpu.peak, rounds: rounds}
	for start := time.Now(); time.Since(start) < d/8; { // wake the threads and the vector units
		par.Run(par.Threads(), job)
	}
	job.calls = 1
	for ; ; job.calls *= 2 {
		start := time.Now()
		par.Run(par.Threads(), job)
		if took := time.Since(start); took > d/4 {
			return float64(par.Threads()*job.calls*rounds*cpu.peakFlops) / took.Seconds()
		}
	}
}

type peakJob struct {
	peak          func(rounds int)
	rounds, calls int
}

func (j *peakJob) Do(_, _ int) {
	for range j.calls {
		j.peak(j.rounds)
	}
}

// ReadBandwidth returns the bytes per second that all threads together read
// from x, in order, each its own part. x should be larger than the caches.
func ReadBandwidth(x []tensor.BF16) (bytes float64) {
	job := &readJob{x: x, read: cpu.read, kib: len(x) * 2 / 1024 / readParts}
	par.Run(readParts, job)
	start := time.Now()
	par.Run(readParts, job)
	return float64(job.kib*1024*readParts) / time.Since(start).Seconds()
}

const readParts = 64

type readJob struct {
	x    []tensor.BF16
	kib  int
	read func(p unsafe.Pointer, kib int)
}

// readCall is what one call reads, so that no call takes long.
const readCall = 256

func (j *readJob) Do(_, i int) {
	for done := 0; done < j.kib; done += readCall {
		j.read(unsafe.Pointer(&j.x[(i*j.kib+done)*512]), min(readCall, j.kib-done))
	}
}

func portablePeak(rounds int) {
	var e0, e1, e2, e3, o0, o1, o2, o3 float64
	x, y := peakFactor, peakFactor
	for range rounds {
		e0 = float64(float32(x*y + e0))
		e1 = float64(float32(x*y + e1))
		e2 = float64(float32(x*y + e2))
		e3 = float64(float32(x*y + e3))
		o0 = float64(float32(x*y + o0))
		o1 = float64(float32(x*y + o1))
		o2 = float64(float32(x*y + o2))
		o3 = float64(float32(x*y + o3))
	}
	peakResult = e0 + e1 + e2 + e3 + o0 + o1 + o2 + o3
}

var peakFactor float64

// peakResult and readResult keep the compiler from dropping the loops.
//
//lint:ignore U1000 written only
var peakResult float64

func portableRead(p unsafe.Pointer, kib int) {
	var a, b, c, d uint64
	x := unsafe.Slice((*uint64)(p), kib*128)
	for len(x) >= 4 {
		a, b, c, d = a^x[0], b^x[1], c^x[2], d^x[3]
		x = x[4:]
	}
	readResult = a ^ b ^ c ^ d
}

//lint:ignore U1000 written only
var readResult uint64
