package constraint

import "math/bits"

// random makes numbers that are a function of a seed and an index alone, in this and
// every later version of Go: the output function of SplitMix64 (Steele, Lea and
// Flood, OOPSLA 2014) over a counter.
type random struct{ state uint64 }

func newRandom(seed, index uint64) *random {
	r := &random{state: seed}
	r.state = r.next() ^ index
	r.state = r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1; its bias is n/2^64.
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.next(), uint64(n))
	return int(high)
}

// between returns a number from low to high, both included.
func (r *random) between(low, high int) int { return low + r.below(high-low+1) }

func shuffle[T any](r *random, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

func pick[T any](r *random, list []T) T { return list[r.below(len(list))] }

// sample returns n different elements of the list, in random order.
func sample[T any](r *random, list []T, n int) []T {
	own := append([]T(nil), list...)
	shuffle(r, own)
	return own[:n]
}
