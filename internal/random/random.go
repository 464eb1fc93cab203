// Package random makes numbers that are a function of a seed alone, the same on every
// machine and in every later version of Go, for questions and data that are made and
// not read. They are no secrets.
package random

import "math/bits"

// Source is a stream of numbers: the output function of SplitMix64 (Steele, Lea and
// Flood, OOPSLA 2014) over a counter. It serves one goroutine.
type Source struct{ state uint64 }

// New returns the stream of a seed. Those of neighboring seeds overlap: see At.
func New(seed uint64) *Source { return &Source{state: seed} }

// At returns stream number index of a seed. Streams have nothing in common that
// could be told from chance.
func At(seed, index uint64) *Source {
	s := New(seed)
	s.state = s.Uint64() ^ index
	s.state = s.Uint64()
	return s
}

// Uint64 returns the next number.
func (s *Source) Uint64() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below returns a number from 0 to n-1; its bias is n/2^64. n is 1 at least.
func (s *Source) Below(n int) int {
	high, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(high)
}

// Between returns a number from low to high, both included.
func (s *Source) Between(low, high int) int { return low + s.Below(high-low+1) }

// Other returns a number from 0 to n-1 that is not this one; n is 2 at least.
func (s *Source) Other(n, than int) int { return (than + s.Between(1, n-1)) % n }

// Coin is true half of the time.
func (s *Source) Coin() bool { return s.Uint64()>>63 == 0 }

// Shuffle puts the list into another order.
func Shuffle[T any](s *Source, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := s.Below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

// Pick returns an element of the list, which must have one.
func Pick[T any](s *Source, list []T) T { return list[s.Below(len(list))] }

// Sample returns n different elements of the list, in random order; it has as many.
func Sample[T any](s *Source, list []T, n int) []T {
	own := append([]T(nil), list...)
	for i := range n {
		j := i + s.Below(len(own)-i)
		own[i], own[j] = own[j], own[i]
	}
	return own[:n]
}
