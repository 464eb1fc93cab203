package decontaminate

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// entry is one string of an item that is looked for: bytes of the squeezed items,
// or words of the folded ones.
type entry struct {
	hash uint64 // of its anchor, which is what a text is first searched for
	item uint32
	at   uint32 // its first byte or word in the table
	size uint16 // bytes or words
	skip uint16 // bytes or words before the anchor
	same bool   // it is the string of the entry before
}

// index finds entries by the hash of their anchors. A bitmap that fits a cache
// answers for nearly all places of a text; it has 32 bits or more an entry, of
// which two are set.
type index struct {
	bitmap  []uint64
	shift   uint     // of a hash, to its bit
	slots   []uint32 // 1 + the first entry with a hash
	slot    uint     // shift of a hash, to its slot
	entries []entry
}

// newIndex sorts the entries; equal says whether two are one string, less which of
// two strings comes first.
func newIndex(entries []entry, compare func(a, b *entry) int) *index {
	slices.SortFunc(entries, func(a, b entry) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		if c := compare(&a, &b); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.at, b.at))
	})
	kept := entries[:0]
	for _, e := range entries {
		if n := len(kept); n > 0 && kept[n-1].hash == e.hash && compare(&kept[n-1], &e) == 0 {
			if kept[n-1].item == e.item {
				continue
			}
			e.same = true
		}
		kept = append(kept, e)
	}
	entries = slices.Clip(kept)
	hashes := 0
	for i := range entries {
		if i == 0 || entries[i].hash != entries[i-1].hash {
			hashes++
		}
	}
	width := max(16, bits.Len(uint(hashes))+5)
	x := &index{
		bitmap: make([]uint64, 1<<(width-6)), shift: uint(64 - width),
		slots: make([]uint32, 1<<(width-4)), slot: uint(64 - (width - 4)),
		entries: entries,
	}
	for i := range entries {
		h := entries[i].hash
		if i > 0 && entries[i-1].hash == h {
			continue
		}
		for _, bit := range []uint64{h >> x.shift, h * k2 >> x.shift} {
			x.bitmap[bit>>6] |= 1 << (bit & 63)
		}
		s := h >> x.slot
		for x.slots[s] != 0 {
			s = (s + 1) & uint64(len(x.slots)-1)
		}
		x.slots[s] = uint32(i + 1)
	}
	return x
}

// may says whether an entry has that hash; it errs on the side of yes.
func (x *index) may(h uint64) bool { return x.bit(h) && x.bit(h*k2) }

func (x *index) bit(h uint64) bool {
	bit := h >> x.shift
	return x.bitmap[bit>>6]>>(bit&63)&1 != 0
}

// with returns the entries that have that hash.
func (x *index) with(h uint64) []entry {
	for s := h >> x.slot; x.slots[s] != 0; s = (s + 1) & uint64(len(x.slots)-1) {
		first := x.slots[s] - 1
		if x.entries[first].hash != h {
			continue
		}
		end := first + 1
		for int(end) < len(x.entries) && x.entries[end].hash == h {
			end++
		}
		return x.entries[first:end]
	}
	return nil
}

// memory is the bytes of the index.
func (x *index) memory() int64 {
	return int64(len(x.bitmap)*8 + len(x.slots)*4 + len(x.entries)*24)
}

// words are the folded words of all items, one behind the other.
type wordTable struct {
	text   []byte
	starts []uint32 // of each word, and the end of the last
}

func (t *wordTable) word(i uint32) []byte { return t.text[t.starts[i]:t.starts[i+1]] }

// compare orders two rows of words with the same anchor, which may stand in
// different places of them.
func (t *wordTable) compare(a, b *entry) int {
	if a.skip != b.skip {
		return cmp.Compare(a.skip, b.skip)
	}
	for i := range uint32(min(a.size, b.size)) {
		if c := bytes.Compare(t.word(a.at+i), t.word(b.at+i)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.size, b.size)
}
