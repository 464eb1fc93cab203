package tokenizer

import "encoding/binary"

// shortWord is the length in bytes of the words that the cache keeps.
const shortWord = 16

const cacheBits = 15

// cachedWord holds a short word and its ids: half a cache line.
type cachedWord struct {
	lo, hi uint64 // the word, padded with zeros
	size   uint8  // its bytes; 0: empty
	count  uint8
	ids    [3]int32
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
	if s := e.t.scan; s != nil {
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

// appendWord appends the ids of the word text[start:end].
func (e *encoder) appendWord(dst []int32, text []byte, start, end int) []int32 {
	n := end - start
	if n > shortWord {
		return e.appendMerged(dst, text[start:end])
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
	h := (lo ^ hi*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	slot := &e.cache[h>>(64-cacheBits)]
	if slot.lo == lo && slot.hi == hi && int(slot.size) == n {
		if slot.count == 1 {
			return append(dst, slot.ids[0])
		}
		return append(dst, slot.ids[:slot.count]...)
	}
	from := len(dst)
	dst = e.appendMerged(dst, text[start:end])
	if ids := dst[from:]; len(ids) <= len(slot.ids) {
		slot.lo, slot.hi, slot.size, slot.count = lo, hi, uint8(n), uint8(len(ids))
		copy(slot.ids[:], ids)
	}
	return dst
}

// appendMerged appends the ids of a word that is not in the cache.
func (e *encoder) appendMerged(dst []int32, word []byte) []int32 {
	m := &e.t.model
	if m.ignoreMerges {
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
