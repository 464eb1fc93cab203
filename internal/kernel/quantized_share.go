package kernel

import "fmt"

// Share makes group g of p the weights of from, which has one group: they are in
// memory once, and what from is given later p has too where it takes the same
// memory. Both are from NewQuantized and have the same sizes; otherwise Share
// panics. Products of p must not run at the same time.
func (p *Packed) Share(g int, from *Packed) {
	if p.stored == nil || from.stored == nil || from.Groups != 1 || from.K != p.K || from.N != p.N || g < 0 || g >= p.Groups {
		panic(fmt.Sprintf("kernel: sharing weights of %d groups of %d x %d as group %d of %d groups of %d x %d", from.Groups, from.K, from.N, g, p.Groups, p.K, p.N))
	}
	copy(p.group(g), from.stored)
}
