package kernel

// MinHashLanes is what the number of hash functions of MinHash is a multiple
// of.
const MinHashLanes = 16

// minHash is the primitive of MinHash.
type minHash func(mins, mul, xor, x []uint32)

// MinHash lowers mins to the least values of hash functions over x, a part of
// the elements of a set:
//
//	mins[i] = min(mins[i], (x[j] ^ xor[i]) * mul[i] mod 2³²) for all j
//
// mins, mul and xor have the same length, a multiple of MinHashLanes. Begin with
// mins of 2³²-1. With odd mul each function is a permutation of the numbers of 32
// bits, and of two sets whose elements are random numbers, the share of mins
// that are equal estimates their Jaccard similarity (Broder, On the resemblance
// and containment of documents, 1997). Goroutines may call it at the same time.
func MinHash(mins, mul, xor, x []uint32) {
	n := len(mins)
	if len(mul) != n || len(xor) != n || n%MinHashLanes != 0 {
		panic("kernel: MinHash of other lengths")
	}
	if n > 0 && len(x) > 0 {
		cpu.minHash(mins, mul, xor, x)
	}
}

// portableMinHash is the definition.
func portableMinHash(mins, mul, xor, x []uint32) {
	mul, xor = mul[:len(mins)], xor[:len(mins)]
	for i, m := range mins {
		a, s := mul[i], xor[i]
		for _, v := range x {
			m = min(m, (v^s)*a)
		}
		mins[i] = m
	}
}
