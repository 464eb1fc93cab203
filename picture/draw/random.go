package draw

import (
	"hash/fnv"
	"math/bits"
	"math/rand/v2"
)

// random is a stream of numbers that is the same everywhere and for ever: only
// the generator PCG is taken from the library, not what is made of its output.
type random struct{ pcg *rand.PCG }

func newRandom(seed uint64, kind Kind, index int) *random {
	h := fnv.New64a()
	h.Write([]byte(kind))
	return &random{rand.NewPCG(scramble(seed)^h.Sum64(), scramble(uint64(index)))}
}

// scramble is a bijection after which neighbors are far apart (splitmix64).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below returns a number in [0, n).
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.pcg.Uint64(), uint64(n))
	return int(high)
}

// between returns a number in [low, high].
func (r *random) between(low, high int) int { return low + r.below(high-low+1) }

// chance is true in so many of a hundred cases.
func (r *random) chance(percent int) bool { return r.below(100) < percent }

// pick returns one of the list.
func pick[T any](r *random, list []T) T { return list[r.below(len(list))] }

// shuffle puts the list into another order.
func shuffle[T any](r *random, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

// sample returns n different ones of the list, or all where there are fewer.
func sample[T any](r *random, list []T, n int) []T {
	some := append([]T(nil), list...)
	shuffle(r, some)
	return some[:min(n, len(some))]
}
