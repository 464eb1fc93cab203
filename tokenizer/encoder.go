package tokenizer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// shortWord is the length in bytes of the words that the cache keeps.
const shortWord = 16

// The near cache has room for 1<<cacheBits words. An encoder that missed many has
// a far one too, of 1<<farBits pairs, beyond the processor's second cache.
const (
	cacheBits  = 15
	farBits    = 16
	manyMisses = 1 << 15
)

// cachedWord holds a short word and its ids: half a cache line.
type cachedWord struct {
	lo, hi uint64 // the word, padded with zeros
	size   uint8  // its bytes; 0: empty
	count  uint8
	ids    [7]uint16 // of those below 1<<16 seven, of others three, in two halves each
}

// wide marks the count of ids in halves.
const wide = 0x80

// set keeps ids, if there is room for them.
func (w *cachedWord) set(ids []int32) bool {
	var all int32
	for _, id := range ids {
		all |= id
	}
	switch {
	case all>>16 == 0 && len(ids) <= len(w.ids):
		w.count = uint8(len(ids))
		for i, id := range ids {
			w.ids[i] = uint16(id)
		}
	case len(ids) <= len(w.ids)/2:
		w.count = uint8(len(ids)) | wide
		for i, id := range ids {
			w.ids[2*i], w.ids[2*i+1] = uint16(id), uint16(id>>16)
		}
	default:
		return false
	}
	return true
}

// appendTo appends the ids.
func (w *cachedWord) appendTo(dst []int32) []int32 {
	if w.count >= wide {
		for i := range int(w.count &^ wide) {
			dst = append(dst, int32(w.ids[2*i])|int32(w.ids[2*i+1])<<16)
		}
		return dst
	}
	for _, id := range w.ids[:w.count] {
		dst = append(dst, int32(id))
	}
	return dst
}

// keep holds the bytes of a word of n bytes that are read with those behind it.
var keep = func() (m [shortWord + 1][2]uint64) {
	for n := range m {
		m[n] = [2]uint64{1<<(8*min(n, 8)) - 1, 1<<(8*max(n-8, 0)) - 1}
	}
	return m
}()

// encoder is what one goroutine needs for encoding. The tokenizer keeps a few,
// so that calls in a row find warm caches and allocate nothing.
type encoder struct {
	t       *Tokenizer
	merger  merger
	symbols []int32
	cache   []cachedWord
	far     [][2]cachedWord // nil at first; of two words the last one first
	misses  int
	normal  [2][]byte
	pieces  [2]pieces
}

// section encodes text between added tokens that are matched before
// normalizing. first tells whether it begins the text.
func (e *encoder) section(dst []int32, text []byte, first, special bool) []int32 {
	for _, n := range e.t.normalizers {
		e.normal[0] = n.normalize(e.normal[0][:0], text)
		e.normal[0], e.normal[1] = e.normal[1], e.normal[0]
		text = e.normal[1]
	}
	set := &e.t.addedNormal
	if !set.wanted(special) {
		return e.words(dst, text, first)
	}
	from := 0
	for from < len(text) {
		m := set.find(text, from, special)
		if m.start > from {
			dst = e.words(dst, text[from:m.start], first && from == 0)
		}
		if m.id >= 0 {
			dst = append(dst, m.id)
		}
		from = m.end
	}
	return dst
}

// words splits normalized text and encodes the words.
func (e *encoder) words(dst []int32, text []byte, first bool) []int32 {
	switch s := e.t.scan.(type) {
	case nil:
	case gpt4Scanner:
		return e.gpt4Words(dst, text, s)
	default:
		for i := 0; i < len(text); {
			end := s.end(text, i)
			dst = e.appendWord(dst, text, i, end)
			i = end
		}
		return dst
	}
	p := e.split(text, first)
	for _, w := range p.spans {
		dst = e.appendWord(dst, p.text, w.start, w.end)
	}
	return dst
}

// gpt4Words encodes the words of the commonest scanner. Most words of most texts
// are a space or an ASCII letter and one to seven more letters, which are found
// without a call.
func (e *encoder) gpt4Words(dst []int32, text []byte, s gpt4Scanner) []int32 {
	for i := 0; i < len(text); {
		end := 0
		if rest := text[i:]; len(rest) > 8 && (rest[0] == ' ' || asciiClass[rest[0]] == letter) {
			n := bits.TrailingZeros64(notASCIILetters(binary.LittleEndian.Uint64(rest[1:]))) / 8
			if n > 0 && n < 8 && rest[n+1] < utf8.RuneSelf {
				end = i + n + 1
			}
		}
		if end == 0 {
			end = s.end(text, i)
		}
		dst = e.appendWord(dst, text, i, end)
		i = end
	}
	return dst
}

// split returns text cut into words by the tokenizer's steps. It is valid
// until the next call.
func (e *encoder) split(text []byte, first bool) *pieces {
	in, out := &e.pieces[0], &e.pieces[1]
	in.text, in.spans = text, append(in.spans[:0], span{0, len(text)})
	for _, s := range e.t.steps {
		out.text, out.spans = in.text, out.spans[:0]
		s.split(in, out, first)
		in, out = out, in
	}
	return in
}

// hashShort is the hash of a short word.
func hashShort(lo, hi uint64) uint64 {
	h := (lo ^ hi*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	return (h ^ h>>32) * 0x9e3779b97f4a7c15
}

// hashSet is a set of hashes of short words that sometimes has what was never
// added. The zero value has everything.
type hashSet struct {
	bits  []uint64
	shift uint
}

func newHashSet(n int) hashSet {
	log := max(bits.Len(uint(16*n)), 10)
	return hashSet{bits: make([]uint64, 1<<(log-6)), shift: uint(64 - log)}
}

func (s *hashSet) add(word string) {
	var b [shortWord]byte
	copy(b[:], word)
	at := hashShort(binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])) >> s.shift
	s.bits[at>>6] |= 1 << (at & 63)
}

func (s *hashSet) has(h uint64) bool {
	if s.bits == nil {
		return true
	}
	at := h >> s.shift
	return s.bits[at>>6]>>(at&63)&1 != 0
}

// appendWord appends the ids of the word text[start:end].
func (e *encoder) appendWord(dst []int32, text []byte, start, end int) []int32 {
	n := end - start
	if n > shortWord {
		return e.appendMerged(dst, text[start:end], true)
	}
	var lo, hi uint64
	if start+shortWord <= len(text) {
		b := text[start : start+shortWord]
		lo = binary.LittleEndian.Uint64(b) & keep[n][0]
		hi = binary.LittleEndian.Uint64(b[8:]) & keep[n][1]
	} else {
		var b [shortWord]byte
		copy(b[:], text[start:end])
		lo, hi = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	}
	h := hashShort(lo, hi)
	slot := &e.cache[h>>(64-cacheBits)]
	if slot.lo == lo && slot.hi == hi && int(slot.size) == n {
		if slot.count == 1 {
			return append(dst, int32(slot.ids[0]))
		}
		return slot.appendTo(dst)
	}
	return e.appendMissed(dst, text[start:end], h, cachedWord{lo: lo, hi: hi, size: uint8(n)}, slot)
}

// appendMissed appends the ids of a short word that is not in the near cache, and
// puts it there. w is the word without its ids, h its hash.
func (e *encoder) appendMissed(dst []int32, word []byte, h uint64, w cachedWord, near *cachedWord) []int32 {
	var far *[2]cachedWord
	if e.far != nil {
		far = &e.far[h>>(64-farBits)]
		for i := range far {
			if f := &far[i]; f.lo == w.lo && f.hi == w.hi && f.size == w.size {
				*near = *f
				return f.appendTo(dst)
			}
		}
	} else if e.misses++; e.misses > manyMisses {
		e.far = make([][2]cachedWord, 1<<farBits)
	}
	from := len(dst)
	dst = e.appendMerged(dst, word, e.t.model.whole.has(h))
	if w.set(dst[from:]) {
		*near = w
		if far != nil {
			far[0], far[1] = w, far[0]
		}
	}
	return dst
}

// appendMerged appends the ids of a word that is not in the cache. whole is false
// where the word is surely no token.
func (e *encoder) appendMerged(dst []int32, word []byte, whole bool) []int32 {
	m := &e.t.model
	if m.ignoreMerges && whole {
		if id, ok := m.ids[string(word)]; ok {
			return append(dst, id)
		}
	}
	e.symbols = m.appendSymbols(e.symbols[:0], word)
	return append(dst, e.merger.apply(&m.pairs, e.symbols)...)
}

// release gives back memory that an unusually long text has claimed.
func (e *encoder) release() {
	const most = 1 << 16
	e.merger.release()
	if cap(e.symbols) > most {
		e.symbols = nil
	}
	for i := range e.normal {
		if cap(e.normal[i]) > most {
			e.normal[i] = nil
		}
		e.pieces[i].release(most)
	}
}
