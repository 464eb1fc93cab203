package nn

import (
	"hash/fnv"

	"github.com/polymath-lm/polymath/internal/par"
)

// Init fills the master with random numbers, a function of seed, p.Name and
// the element's index alone, or with p.Fill if InitStd is 0. Where p.Start is
// set, it alone decides.
func (p *Param) Init(seed uint64) {
	if p.Start != nil {
		p.Start(p.Master)
		return
	}
	if p.InitStd == 0 {
		for i := range p.Master {
			p.Master[i] = p.Fill
		}
		return
	}
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	key := mix(seed) ^ h.Sum64()
	const chunk = 1 << 14
	par.For((len(p.Master)+chunk-1)/chunk, func(_, c int) {
		for i := c * chunk; i < min((c+1)*chunk, len(p.Master)); i++ {
			p.Master[i] = float32(normal(key, uint64(i)) * p.InitStd)
		}
	})
}

// normal returns number i of the stream key: the sum of twelve uniform 16-bit
// integers, centered, whose distribution is normal to the eye and has standard
// deviation 1 (Irwin-Hall). Integers make it the same on every machine, which
// logarithms and cosines of a library are not.
func normal(key, i uint64) float64 {
	sum := 0
	for j := range uint64(3) {
		u := mix(key + 3*i + j)
		sum += int(u&0xffff) + int(u>>16&0xffff) + int(u>>32&0xffff) + int(u>>48)
	}
	return float64(sum-6*0xffff) / 0x1p16
}

// mix is a bijection of 64-bit integers that leaves no trace of their order
// (the finalizer of SplitMix64, Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
