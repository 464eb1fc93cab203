package shard

import "math/bits"

// permutation is a keyed bijection of [0, n) that needs no memory: a Feistel
// network over the next even number of bits, walked until the value is in
// range (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002).
type permutation struct {
	n    uint64
	half uint // bits of one half
	keys [rounds]uint64
}

const rounds = 6

func newPermutation(n int64, key uint64) permutation {
	p := permutation{n: uint64(n), half: 1}
	if n > 1 {
		p.half = uint(bits.Len64(uint64(n-1))+1) / 2
	}
	for i := range p.keys {
		key = mix(key + uint64(i))
		p.keys[i] = key
	}
	return p
}

// at returns the image of i.
func (p *permutation) at(i int64) int64 {
	mask := uint64(1)<<p.half - 1
	x := uint64(i)
	for {
		left, right := x>>p.half, x&mask
		for _, key := range &p.keys {
			left, right = right, left^mix(right^key)&mask
		}
		if x = left<<p.half | right; x < p.n {
			return int64(x)
		}
	}
}

// inverse returns the i whose image is x.
func (p *permutation) inverse(x int64) int64 {
	mask := uint64(1)<<p.half - 1
	i := uint64(x)
	for {
		left, right := i>>p.half, i&mask
		for round := rounds - 1; round >= 0; round-- {
			left, right = right^mix(left^p.keys[round])&mask, left
		}
		if i = left<<p.half | right; i < p.n {
			return int64(i)
		}
	}
}

// mix is the output function of SplitMix64 (Steele, Lea, Flood 2014): a
// bijection whose every output bit depends on every input bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
