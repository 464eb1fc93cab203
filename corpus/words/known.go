package words

import "encoding/binary"

// Most pieces of a text that the rules cut were in it before. What became of
// those of at most shortPiece bytes of ASCII is kept, as it depends on the piece
// alone.
const (
	shortPiece = 16
	knownBits  = 11
	// slowPieces is how many pieces a list cuts before it has memory for them.
	slowPieces = 512
)

// knownPiece is a piece and its words: one cache line.
type knownPiece struct {
	lo, hi uint64 // the piece, padded with zeros
	hash   [4]uint64
	place  [4][2]uint8 // where they start and end
	class  [4]Class
	size   uint8 // bytes of the piece; 0: empty
	count  uint8
}

// short takes a piece of at most shortPiece bytes of ASCII.
func (l *List) short(text []byte, start, end int) {
	if l.known == nil {
		l.affixes(text, span{start, end})
		if l.slow++; l.slow > slowPieces {
			l.known = make([]knownPiece, 1<<knownBits)
		}
		return
	}
	var b [shortPiece]byte
	copy(b[:], text[start:end])
	lo, hi := binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	k := &l.known[mum(lo^key1, hi^key2)>>(64-knownBits)]
	if k.lo != lo || k.hi != hi || int(k.size) != end-start {
		l.learn(text, start, end, lo, hi, k)
		return
	}
	for i := range k.count {
		from, to := int32(start)+int32(k.place[i][0]), int32(start)+int32(k.place[i][1])
		l.Words = append(l.Words, Word{Start: from, End: to, Runes: to - from, Class: k.class[i], Hash: k.hash[i]})
	}
}

// learn cuts a piece and remembers its words, if they are few.
func (l *List) learn(text []byte, start, end int, lo, hi uint64, k *knownPiece) {
	first := len(l.Words)
	l.affixes(text, span{start, end})
	found := l.Words[first:]
	if len(found) > len(k.hash) {
		return
	}
	k.lo, k.hi, k.size, k.count = lo, hi, uint8(end-start), uint8(len(found))
	for i := range found {
		w := &found[i]
		k.hash[i], k.class[i] = w.Hash, w.Class
		k.place[i] = [2]uint8{uint8(int(w.Start) - start), uint8(int(w.End) - start)}
	}
}
