package rubric

import (
	"math/bits"
	"math/rand/v2"
)

// random makes numbers that are a function of the seed and the split alone.
type random struct{ source *rand.PCG }

// newRandom gives the splits of one seed nothing in common.
func newRandom(seed uint64, split Split) *random {
	return &random{rand.NewPCG(seed, uint64(len(split)))}
}

// below returns a number from 0 to n-1; its bias is n/2^64.
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.source.Uint64(), uint64(n))
	return int(high)
}

func (r *random) between(low, high int) int { return low + r.below(high-low+1) }

func pick[T any](r *random, list []T) T { return list[r.below(len(list))] }
