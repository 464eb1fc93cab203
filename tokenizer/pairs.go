package tokenizer

import "math/bits"

// pairTable maps two neighboring tokens to what they merge into. It is an
// open-addressing table, read-only once built.
type pairTable struct {
	slots []pairSlot
	shift uint
	used  int
	// bytes are the values of pairs of the first 256 tokens, which most words begin
	// as; nil if there are none, as while a tokenizer is trained.
	bytes *[1 << 16]uint64
}

type pairSlot struct {
	key uint64 // pairKey+1; 0 is an empty slot
	val uint64 // rank<<32 | id of the merged token
}

// noMerge is the value of a pair that does not merge; it is above all others.
const noMerge = ^uint64(0)

func pairKey(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

func hashPair(key uint64) uint64 {
	key *= 0x9e3779b97f4a7c15
	key ^= key >> 32
	return key * 0xd6e8feb86659fd93
}

func newPairTable(n int) pairTable {
	size := max(2*n, 16)
	log := bits.Len(uint(size - 1))
	return pairTable{slots: make([]pairSlot, 1<<log), shift: uint(64 - log)}
}

// set adds a pair or replaces its value.
func (t *pairTable) set(left, right int32, val uint64) {
	if 2*t.used > len(t.slots) {
		t.grow()
	}
	key := pairKey(left, right) + 1
	mask := uint64(len(t.slots) - 1)
	i := hashPair(key) >> t.shift
	for t.slots[i].key != 0 && t.slots[i].key != key {
		i = (i + 1) & mask
	}
	if t.slots[i].key == 0 {
		t.used++
	}
	t.slots[i] = pairSlot{key, val}
}

func (t *pairTable) grow() {
	old := t.slots
	*t = newPairTable(len(old))
	for _, s := range old {
		if s.key != 0 {
			k := s.key - 1
			t.set(int32(k>>32), int32(uint32(k)), s.val)
		}
	}
}

// get returns rank<<32 | id, or noMerge.
func (t *pairTable) get(left, right int32) uint64 {
	key := pairKey(left, right) + 1
	i := hashPair(key) >> t.shift
	for {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.key == key {
			return s.val
		}
		if s.key == 0 {
			return noMerge
		}
		i++
	}
}

// keepBytes fills bytes with what the table holds.
func (t *pairTable) keepBytes() {
	t.bytes = new([1 << 16]uint64)
	for i := range t.bytes {
		t.bytes[i] = t.get(int32(i>>8), int32(i&0xff))
	}
}

// all sets vals to the values of the pairs of neighbors in ids.
func (t *pairTable) all(vals []uint64, ids []int32) {
	above := t.bytes == nil
	for _, id := range ids {
		above = above || uint32(id) > 0xff
	}
	if above {
		for i := range vals {
			vals[i] = t.get(ids[i], ids[i+1])
		}
		return
	}
	for i := range vals {
		vals[i] = t.bytes[uint32(ids[i])<<8&0xff00|uint32(ids[i+1])&0xff]
	}
}
