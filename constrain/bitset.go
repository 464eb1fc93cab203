package constrain

import (
	"math"
	"math/bits"
)

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

// forbidden are the logits of tokens that must not follow.
var forbidden = func() (out [64]float32) {
	for i := range out {
		out[i] = float32(math.Inf(-1))
	}
	return out
}()

// restrict sets the logits of ids outside the set to negative infinity.
func (s bitset) restrict(logits []float32) {
	for i, w := range s {
		if i*64 >= len(logits) {
			return
		}
		restrictWord(logits[i*64:min(i*64+64, len(logits))], w)
	}
	for i := len(s) * 64; i < len(logits); i += 64 {
		restrictWord(logits[i:min(i+64, len(logits))], 0)
	}
}

// restrictWord is restrict for up to 64 logits.
func restrictWord(logits []float32, w uint64) {
	const few = 8
	if bits.OnesCount64(w) > few {
		for w = ^w; w != 0; w &= w - 1 {
			if i := bits.TrailingZeros64(w); i < len(logits) {
				logits[i] = forbidden[0]
			}
		}
		return
	}
	var kept [few]float32
	n := 0
	for x := w; x != 0; x &= x - 1 {
		if i := bits.TrailingZeros64(x); i < len(logits) {
			kept[n] = logits[i]
			n++
		}
	}
	copy(logits, forbidden[:])
	n = 0
	for x := w; x != 0; x &= x - 1 {
		if i := bits.TrailingZeros64(x); i < len(logits) {
			logits[i] = kept[n]
			n++
		}
	}
}
