package decontaminate

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"github.com/polymath-lm/polymath/corpus/words"
)

// minAnchor is how many bytes of a substring are hashed to search for it. No
// substring is shorter.
const minAnchor = 24

// Odd numbers, bits of the golden ratio and of roots of primes.
const (
	k1 = 0x9e3779b97f4a7c15
	k2 = 0xc2b2ae3d27d4eb4f
	k3 = 0x165667b19e3779f9
)

// anchor hashes the first minAnchor bytes of s. It has no state that rolls, so a
// processor works on many places at once.
func anchor(s []byte) uint64 {
	_ = s[minAnchor-1]
	return binary.LittleEndian.Uint64(s)*k1 + binary.LittleEndian.Uint64(s[8:])*k2 + binary.LittleEndian.Uint64(s[16:])*k3
}

// wordHash is the hash of a word, and tells digits apart, unlike that of the list:
// else all sums would be one to the n-grams.
func wordHash(w *words.Word, text []byte) uint64 {
	if w.Class&words.Digit == 0 {
		return w.Hash
	}
	h := w.Hash
	for _, b := range w.Text(text) {
		if b >= '0' && b <= '9' {
			h = (h ^ uint64(b)) * k1
			h ^= h >> 32
		}
	}
	return h
}

// roll adds the hash of a word behind those in h.
func roll(h, word uint64) uint64 { return h*k1 + word }

// power is what a word counts for in h after n more were added.
func power(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= k1
	}
	return p
}

// mix spreads what rolled hashes differ in over the high bits, which choose a
// place in a table.
func mix(h uint64) uint64 {
	h ^= h >> 32
	return h * k2
}

// compareBytes orders two strings of text with the same anchor, which may stand in
// different places of them.
func compareBytes(text []byte, a, b *entry) int {
	if a.skip != b.skip {
		return cmp.Compare(a.skip, b.skip)
	}
	return bytes.Compare(text[a.at:][:a.size], text[b.at:][:b.size])
}
