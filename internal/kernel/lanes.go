package kernel

import "math"

// numLanes is the number of partial sums in every sum over a row.
const numLanes = 16

// lanes holds the partial results of a row: element i of the row belongs to
// lane i mod 16. All widths of vectors keep the same sixteen, so that all
// compute the same sum.
type lanes [numLanes]float32

// sum adds the lanes in a fixed tree: lanes l and l+8, then l+4, l+2, l+1.
func (s *lanes) sum() float32 {
	a, b, c, d := s[0]+s[8], s[1]+s[9], s[2]+s[10], s[3]+s[11]
	a += s[4] + s[12]
	b += s[5] + s[13]
	c += s[6] + s[14]
	d += s[7] + s[15]
	return (a + c) + (b + d)
}

// max returns the largest of the lanes, in the tree of sum.
func (s *lanes) max() float32 {
	t := *s
	for w := numLanes / 2; w > 0; w /= 2 {
		for l := range w {
			t[l] = larger(t[l+w], t[l])
		}
	}
	return t[0]
}

// larger returns a if a > b and else b: a NaN in a is ignored.
func larger(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

var lowest = float32(math.Inf(-1))

// lowestLanes is where a maximum starts.
func lowestLanes() (s lanes) {
	for l := range s {
		s[l] = lowest
	}
	return s
}

// whole returns the part of a row's length that the vector primitives do.
func whole(n int) int { return n &^ (numLanes - 1) }

// mustMatch panics unless a row of length n was given where want are needed.
func mustMatch(op string, n, want int) {
	if n != want {
		panic("kernel: " + op + ": rows of different lengths")
	}
}
