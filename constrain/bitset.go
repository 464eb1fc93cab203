package constrain

import "math"

// bitset is a set of token ids.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) set(id int32)      { s[id>>6] |= 1 << (id & 63) }
func (s bitset) has(id int32) bool { return int(id>>6) < len(s) && s[id>>6]>>(id&63)&1 != 0 }

func (s bitset) union(o bitset) {
	for i, w := range o {
		s[i] |= w
	}
}

// restrict sets the logits of ids outside the set to negative infinity.
func (s bitset) restrict(logits []float32) {
	forbidden := float32(math.Inf(-1))
	for i, w := range s {
		if w == math.MaxUint64 {
			continue
		}
		if i*64 >= len(logits) {
			return
		}
		part := logits[i*64 : min(i*64+64, len(logits))]
		for j := range part {
			if w>>j&1 == 0 {
				part[j] = forbidden
			}
		}
	}
	for i := len(s) * 64; i < len(logits); i++ {
		logits[i] = forbidden
	}
}
