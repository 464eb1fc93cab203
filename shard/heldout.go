package shard

import "encoding/binary"

// HeldOut reports on which side of a split with that share, in [0, 1], the
// document of that name falls, before there are shards: what must not learn
// from held-out text, such as a tokenizer, needs to know. Only the name's first
// eight bytes count, so documents that share them, such as the parts of one
// file, stay together.
func HeldOut(id ID, share float64) bool {
	bound := share * 0x1p64
	return bound >= 0x1p64 || mix(binary.LittleEndian.Uint64(id[:])) < uint64(bound)
}
