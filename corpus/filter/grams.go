package filter

import (
	"encoding/binary"

	"github.com/polymath-lm/polymath/corpus/words"
)

// base is that of the polynomials which hash runs of words.
const base = odd1

// grams is the runs of words of a text. Its memory is used again.
type grams struct {
	// hashes[i] is that of the first i words, and lengths[i] their characters, so
	// that those of any run are a difference.
	hashes  []uint64
	lengths []int32
	power   [11]uint64 // of base
	sums    [3][1 << 10]uint32
	prints  []uint32
	counts  []counted
}

// counted is a run of words that is counted.
type counted struct {
	hash         uint64
	first, count int32
}

// of takes the words of a text: as they are written, symbols too.
func (g *grams) of(text []byte, list []words.Word) {
	g.power[0] = 1
	for i := 1; i < len(g.power); i++ {
		g.power[i] = g.power[i-1] * base
	}
	if cap(g.hashes) <= len(list) {
		g.hashes = make([]uint64, len(list)+1+len(list)/4)
		g.lengths = make([]int32, cap(g.hashes))
	}
	g.hashes, g.lengths = g.hashes[:len(list)+1], g.lengths[:len(list)+1]
	h, n := uint64(0), int32(0)
	g.hashes[0], g.lengths[0] = 0, 0
	for i := range list {
		w := &list[i]
		h = h*base + asWritten(text, int(w.Start), int(w.End))
		n += w.Runes
		g.hashes[i+1], g.lengths[i+1] = h, n
	}
}

// asWritten is the hash of a word with its case and symbols.
func asWritten(text []byte, start, end int) uint64 {
	n := end - start
	if n > 8 {
		return hash(text[start:end])
	}
	var x uint64
	if end >= 8 {
		x = binary.LittleEndian.Uint64(text[end-8:]) >> (64 - 8*n)
	} else {
		for i, c := range text[start:end] {
			x |= uint64(c) << (8 * i)
		}
	}
	return mum(x^odd1, odd2^uint64(n))
}

// runs is how many runs of n words there are.
func (g *grams) runs(n int) int { return len(g.hashes) - n }

// hash is that of the n words from i on.
func (g *grams) hash(i, n int) uint64 { return g.hashes[i+n] - g.hashes[i]*g.power[n] }

// length is the number of characters of the n words from i on.
func (g *grams) length(i, n int) int { return int(g.lengths[i+n] - g.lengths[i]) }

// mostTop returns what topLength is at most for 2, 3 and 4 words: all runs that
// share a bucket are taken for one.
func (g *grams) mostTop(rules [3]gram) (most [3]int) {
	shift := uint(64 - 6)
	for 1<<(64-shift) < len(g.hashes) && 64-shift < 10 {
		shift--
	}
	for k, rule := range rules {
		sums := g.sums[k][:1<<(64-shift)]
		clear(sums)
		high := uint32(0)
		for i := range max(g.runs(rule.n), 0) {
			at := &sums[g.hash(i, rule.n)*odd2>>shift]
			*at += uint32(g.length(i, rule.n) + rule.n - 1)
			high = max(high, *at)
		}
		most[k] = int(high)
	}
	return most
}

// topLength returns the characters that the most frequent run of n words has in
// all, with the spaces inside it; of several, it is the first one.
func (g *grams) topLength(n int) int {
	runs := max(g.runs(n), 0)
	size := 16
	for size < 2*runs {
		size *= 2
	}
	if cap(g.counts) < size {
		g.counts = make([]counted, size)
	}
	slots := g.counts[:size]
	clear(slots)
	var top counted
	for i := range runs {
		h := g.hash(i, n)
		at := int(h*odd2>>32) & (size - 1)
		for slots[at].count > 0 && slots[at].hash != h {
			at = (at + 1) & (size - 1)
		}
		c := &slots[at]
		if c.count == 0 {
			c.hash, c.first = h, int32(i)
		}
		c.count++
		if c.count > top.count || c.count == top.count && c.first < top.first {
			top = *c
		}
	}
	if top.count == 0 {
		return 0
	}
	return (g.length(int(top.first), n) + n - 1) * int(top.count)
}

// mostRepeated returns what repeatedLength is at most for 5 to 10 words. A run of
// n words that came before is made of n-4 runs of 5 words that did, so one pass
// finds where the longer ones may be.
func (g *grams) mostRepeated() (most [6]int) {
	runs := g.runs(5)
	if runs <= 0 {
		return most
	}
	size := 16
	for size < 2*runs {
		size *= 2
	}
	if cap(g.prints) < size {
		g.prints = make([]uint32, size)
	}
	prints := g.prints[:size]
	clear(prints)
	began := 0 // of the places, one beside the other, where a run of 5 came before
	for i := range runs {
		if before(prints, g.hash(i, 5)*odd2) {
			continue
		}
		g.note(&most, began, i)
		began = i + 1
	}
	g.note(&most, began, runs)
	return most
}

// before adds a hash to a table and reports whether it was there, or another one
// with the same upper half.
func before(prints []uint32, h uint64) bool {
	p := uint32(h>>32) | 1
	mask := len(prints) - 1
	for at := int(h>>8) & mask; ; at = (at + 1) & mask {
		switch prints[at] {
		case p:
			return true
		case 0:
			prints[at] = p
			return false
		}
	}
}

// note counts the words of the runs of 5 that begin from the place began on and
// before the place end.
func (g *grams) note(most *[6]int, began, end int) {
	if end == began {
		return
	}
	n := g.length(began, end-began+4)
	for k := range most {
		if end-began > k {
			most[k] += n
		}
	}
}

// repeatedLength returns the characters of the runs of n words that came before.
// A run that did is passed over as a whole; others are remembered.
func (g *grams) repeatedLength(n int, set *seen) int {
	total := 0
	set.reset(g.runs(n))
	for i := 0; i < g.runs(n); {
		if set.add(g.hash(i, n)) {
			total += g.length(i, n)
			i += n
		} else {
			i++
		}
	}
	return total
}
