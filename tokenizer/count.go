package tokenizer

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/polymath-lm/polymath/internal/par"
)

const (
	// numShards is into how many tables words are dealt by their hashes, so
	// that tables of several threads can be added up in parallel.
	numShards = 16
	// batchBytes is the text that is gathered before it is counted, and
	// chunkBytes what one thread takes of it at a time.
	batchBytes = 16 << 20
	chunkBytes = 128 << 10
)

// wordSlot is a word and how often it occurs. A short word is in lo and hi,
// padded with zeros; of a longer one lo is the hash and hi the place in arena.
type wordSlot struct {
	lo, hi uint64
	size   uint32 // bytes; 0: an empty slot
	count  int64
}

// wordTable counts words: an open-addressing table.
type wordTable struct {
	slots []wordSlot
	used  int
	arena []byte
}

// hashWord returns a word's key as in wordSlot, for long words without hi,
// and its hash.
func hashWord(word []byte) (lo, hi, hash uint64) {
	const k1, k2 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	if len(word) <= shortWord {
		var b [shortWord]byte
		copy(b[:], word)
		lo, hi = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
		h := (lo ^ bits.RotateLeft64(hi*k1, 29) ^ uint64(len(word))) * k2
		return lo, hi, (h ^ h>>32) * k1
	}
	h := uint64(len(word))
	rest := word
	for ; len(rest) >= 8; rest = rest[8:] {
		h = bits.RotateLeft64((h^binary.LittleEndian.Uint64(rest))*k2, 31) * k1
	}
	for _, b := range rest {
		h = (h ^ uint64(b)) * k1
	}
	h = (h ^ h>>32) * k2
	return h ^ h>>29, 0, h
}

// add counts word n times more.
func (t *wordTable) add(word []byte, lo, hi, hash uint64, n int64) {
	if 4*t.used >= 3*len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.size == 0 {
			*s = wordSlot{lo, hi, uint32(len(word)), n}
			if len(word) > shortWord {
				s.hi = uint64(len(t.arena))
				t.arena = append(t.arena, word...)
			}
			t.used++
			return
		}
		if s.lo != lo || int(s.size) != len(word) {
			continue
		}
		if len(word) <= shortWord && s.hi == hi || len(word) > shortWord && bytes.Equal(t.arena[s.hi:s.hi+uint64(s.size)], word) {
			s.count += n
			return
		}
	}
}

func (t *wordTable) grow() {
	old := *t
	*t = wordTable{slots: make([]wordSlot, max(1<<10, 2*len(old.slots)))}
	old.each(func(word []byte, n int64) {
		lo, hi, hash := hashWord(word)
		t.add(word, lo, hi, hash, n)
	})
}

// each calls f for every word. The word is valid during the call only.
func (t *wordTable) each(f func(word []byte, n int64)) {
	var b [shortWord]byte
	for i := range t.slots {
		switch s := &t.slots[i]; {
		case s.size == 0:
		case s.size <= shortWord:
			binary.LittleEndian.PutUint64(b[:], s.lo)
			binary.LittleEndian.PutUint64(b[8:], s.hi)
			f(b[:s.size], s.count)
		default:
			f(t.arena[s.hi:s.hi+uint64(s.size)], s.count)
		}
	}
}

func (t *wordTable) reset() {
	clear(t.slots)
	t.used, t.arena = 0, t.arena[:0]
}

// counter counts the words of documents.
type counter struct {
	t        *Tokenizer // splits the text
	maxWords int

	total [numShards]wordTable
	local []*[numShards]wordTable // one for each worker, empty between batches

	batch  []byte
	chunks []span
}

// add takes a document; what it says is counted at the latest by flush.
func (c *counter) add(doc []byte) {
	start := len(c.batch)
	c.batch = append(c.batch, doc...)
	for end := len(c.batch); start < end; {
		next := c.cut(start, end)
		c.chunks = append(c.chunks, span{start, next})
		start = next
	}
}

func (c *counter) full() bool { return len(c.batch) >= batchBytes }

// cut returns a place in batch[start:end] near chunkBytes where the text can
// be cut without changing a word: before a line of which, as of the line
// before, the character at the cut is ASCII and not white space. All scanners
// end a word there; what a regular expression does nobody knows.
func (c *counter) cut(start, end int) int {
	if c.t.scan == nil {
		return end
	}
	for i := start + chunkBytes; i < end; i++ {
		n := bytes.IndexByte(c.batch[i:end], '\n')
		if n < 0 {
			break
		}
		i += n
		if i+1 < end && solid(c.batch[i-1]) && solid(c.batch[i+1]) {
			return i + 1
		}
	}
	return end
}

func solid(b byte) bool { return asciiClass[b] < space }

// flush counts what add has gathered. Counts are sums, so which worker counts
// what is of no consequence.
func (c *counter) flush() {
	for len(c.local) < par.Threads() {
		c.local = append(c.local, new([numShards]wordTable))
	}
	encoders := make([]*encoder, len(c.local))
	par.For(len(c.chunks), func(worker, i int) {
		if encoders[worker] == nil {
			encoders[worker] = &encoder{t: c.t}
		}
		text := c.batch[c.chunks[i].start:c.chunks[i].end]
		countWords(c.local[worker], encoders[worker], text)
	})
	par.For(numShards, func(_, shard int) {
		for _, tables := range c.local {
			tables[shard].each(func(word []byte, n int64) {
				lo, hi, hash := hashWord(word)
				c.total[shard].add(word, lo, hi, hash, n)
			})
			tables[shard].reset()
		}
	})
	c.batch, c.chunks = c.batch[:0], c.chunks[:0]
	if c.words() > c.maxWords {
		c.forget()
	}
}

func countWords(tables *[numShards]wordTable, e *encoder, text []byte) {
	count := func(word []byte) {
		lo, hi, hash := hashWord(word)
		tables[hash>>60].add(word, lo, hi, hash, 1)
	}
	if s := e.t.scan; s != nil {
		for i := 0; i < len(text); {
			end := s.end(text, i)
			count(text[i:end])
			i = end
		}
		return
	}
	p := e.split(text, true)
	for _, w := range p.spans {
		count(p.text[w.start:w.end])
	}
}

func (c *counter) words() int {
	n := 0
	for i := range c.total {
		n += c.total[i].used
	}
	return n
}

// forget drops the rarest words until three quarters of maxWords are left,
// words of one count together.
func (c *counter) forget() {
	const most = 1 << 10
	var withCount [most]int
	for i := range c.total {
		c.total[i].each(func(_ []byte, n int64) { withCount[min(n, most-1)]++ })
	}
	left, limit := c.words(), int64(0)
	for left > c.maxWords/4*3 && limit < most-2 {
		limit++
		left -= withCount[limit]
	}
	for i := range c.total {
		old := c.total[i]
		c.total[i] = wordTable{}
		old.each(func(word []byte, n int64) {
			if n > limit {
				lo, hi, hash := hashWord(word)
				c.total[i].add(word, lo, hi, hash, n)
			}
		})
	}
}
