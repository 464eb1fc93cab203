package extsort

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
)

// small is the number of records from which on insertion is slower than another
// round of buckets.
const small = 24

// parallelFrom is the number of records from which on several goroutines pay.
const parallelFrom = 1 << 14

// sortRecords sorts records in place: by their first byte into buckets, those by
// their second, and so on (McIlroy, Bostic and McIlroy, Engineering Radix Sort,
// 1993).
func sortRecords(a []byte, width int) {
	if len(a) == 0 {
		return
	}
	r := radix{width: width, one: make([]byte, width)}
	if len(a)/width < parallelFrom || runtime.GOMAXPROCS(0) == 1 {
		r.sort(a, 0)
		return
	}
	ends, depth := r.split(a, 0)
	if depth == width {
		return
	}
	var wait sync.WaitGroup
	var bucket atomic.Int32
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			own := radix{width: width, one: make([]byte, width)}
			for i := int(bucket.Add(1)) - 1; i < 256; i = int(bucket.Add(1)) - 1 {
				own.sort(a[start(&ends, i):ends[i]], depth+1)
			}
		})
	}
	wait.Wait()
}

func start(ends *[256]int, i int) int {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}

// radix has the memory for one record.
type radix struct {
	width int
	one   []byte
}

// sort sorts records that agree in their first depth bytes.
func (r *radix) sort(a []byte, depth int) {
	if len(a) <= small*r.width {
		r.insert(a, depth)
		return
	}
	ends, depth := r.split(a, depth)
	if depth == r.width {
		return
	}
	from := 0
	for _, to := range ends {
		if to > from+r.width {
			r.sort(a[from:to], depth+1)
		}
		from = to
	}
}

// split puts the records into buckets by the first byte, from depth on, in which
// they differ, and returns where in a the buckets end and which byte that was:
// width if they are all equal.
func (r *radix) split(a []byte, depth int) (ends [256]int, at int) {
	for ; depth < r.width; depth++ {
		var count [256]int
		for i := depth; i < len(a); i += r.width {
			count[a[i]]++
		}
		if count[a[depth]]*r.width == len(a) {
			continue
		}
		sum := 0
		for b, n := range count {
			sum += n * r.width
			ends[b] = sum
		}
		r.permute(a, depth, &ends)
		return ends, depth
	}
	return ends, depth
}

// permute moves each record into its bucket.
func (r *radix) permute(a []byte, depth int, ends *[256]int) {
	var next [256]int
	copy(next[1:], ends[:255])
	w, one := r.width, r.one
	for b := range next {
		for next[b] < ends[b] {
			home := a[next[b]:][:w]
			to := home[depth]
			if int(to) == b {
				next[b] += w
				continue
			}
			copy(one, home)
			for int(to) != b {
				other := a[next[to]:][:w]
				next[to] += w
				swap(one, other)
				to = one[depth]
			}
			copy(home, one)
			next[b] += w
		}
	}
}

// swap exchanges two records.
func swap(a, b []byte) {
	b = b[:len(a)]
	for len(a) >= 8 {
		x, y := binary.NativeEndian.Uint64(a), binary.NativeEndian.Uint64(b)
		binary.NativeEndian.PutUint64(a, y)
		binary.NativeEndian.PutUint64(b, x)
		a, b = a[8:], b[8:]
	}
	if len(a) >= 4 {
		x, y := binary.NativeEndian.Uint32(a), binary.NativeEndian.Uint32(b)
		binary.NativeEndian.PutUint32(a, y)
		binary.NativeEndian.PutUint32(b, x)
		a, b = a[4:], b[4:]
	}
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// insert sorts a few records.
func (r *radix) insert(a []byte, depth int) {
	w := r.width
	if depth >= w {
		return
	}
	for i := w; i < len(a); i += w {
		at := i
		for at > 0 && bytes.Compare(a[i+depth:i+w], a[at-w+depth:at]) < 0 {
			at -= w
		}
		if at < i {
			copy(r.one, a[i:i+w])
			copy(a[at+w:i+w], a[at:i])
			copy(a[at:], r.one)
		}
	}
}
