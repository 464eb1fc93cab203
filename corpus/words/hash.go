package words

import (
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// The constants are fractional bits of roots of primes; any odd numbers would do.
const (
	seed = 0x9e3779b97f4a7c15
	key1 = 0xbb67ae8584caa73b
	key2 = 0x3c6ef372fe94f82b
	key3 = 0xa54ff53a5f1d36f1
)

// mum multiplies and folds the product, the step of wyhash.
func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// finish ends a hash of n bytes with its last 0 to 7 bytes.
func finish(h, tail uint64, n int) uint64 {
	h = mum(mum(h^tail, key2^uint64(n)), key3)
	if h == 0 {
		return 1
	}
	return h
}

// Hash returns the hash that a word with this text has, whatever its case: 0 if
// it has neither letters nor digits.
func Hash(word []byte) uint64 {
	w := measure(word)
	return w.Hash
}

// measure returns what there is to know about a word but its place.
func measure(word []byte) Word {
	var w Word
	h, lane, n := uint64(seed), uint64(0), 0
	for i := 0; i < len(word); w.Runes++ {
		c := word[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(word[i:])
			i += size
			k := kindOf(r)
			if k&(letter|number|combining) == 0 {
				continue
			}
			var folded [utf8.UTFMax]byte
			r, class := fold(r, k)
			w.Class |= class
			for _, b := range utf8.AppendRune(folded[:0], r) {
				if lane |= uint64(b) << (8 * (n & 7)); n&7 == 7 {
					h, lane = mum(h^lane, key1), 0
				}
				n++
			}
			continue
		}
		i++
		k := ascii[c]
		switch {
		case k&letter != 0:
			c |= 0x20
			w.Class |= Letter
		case k&digit != 0:
			c = '0'
			w.Class |= Digit
		default:
			continue
		}
		if lane |= uint64(c) << (8 * (n & 7)); n&7 == 7 {
			h, lane = mum(h^lane, key1), 0
		}
		n++
	}
	if w.Class == 0 {
		w.Class = Symbol
		return w
	}
	w.Hash = finish(h, lane, n)
	return w
}

// fold returns the character that stands for all its cases, or for all digits.
func fold(r rune, k kind) (rune, Class) {
	switch {
	case k&combining != 0:
		return r, 0
	case k&letter == 0:
		if unicode.IsDigit(r) {
			return '0', Digit
		}
		return r, Digit
	case k&(lower|upper) == lower|upper:
		return r, Letter // has no case
	}
	// Over the upper case, so that both sigmas are one.
	return unicode.ToLower(unicode.ToUpper(r)), Letter
}
