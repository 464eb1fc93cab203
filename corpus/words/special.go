package words

import (
	"slices"
	"strings"
	"sync"
)

// special is a piece that the rules would cut otherwise.
type special struct {
	text string
	ends []uint8 // where its words end
	// rules is where the rules alone would cut it, if they would at its edges: then
	// it is put together again wherever it is found cut so.
	rules []uint8
}

// specials finds the exceptions, of less than 32 bytes each, by their text. Nothing changes it once made.
type specials struct {
	list  []special
	slots [1 << 12]uint16 // 1 more than the place in list; 0 is empty
	cut   int             // most words of rules
	// By first byte, the lengths of those that begin with it, as bits; of those that
	// have rules; and whether one ends with a byte.
	lengths [256]uint32
	joined  [256]uint32
	ends    [256]bool
	// By the hash of the letters: exceptions that are letters alone, and those that
	// are letters and a full stop.
	letters, stops bloom
}

// bloom is a set of hashes that sometimes has what was never added.
type bloom [128]uint64

func (b *bloom) add(hash uint64) { b[hash>>6&127] |= 1 << (hash & 63) }

func (b *bloom) has(hash uint64) bool { return b[hash>>6&127]>>(hash&63)&1 != 0 }

var table = sync.OnceValue(func() *specials {
	t := &specials{}
	all := exceptions()
	for text := range all {
		t.list = append(t.list, special{text: text, ends: all[text]})
	}
	slices.SortFunc(t.list, func(a, b special) int { return strings.Compare(a.text, b.text) })
	for i := range t.list {
		t.insert(i)
	}
	return t
})

func (t *specials) insert(i int) {
	s := &t.list[i]
	t.lengths[s.text[0]] |= 1 << len(s.text)
	t.ends[s.text[len(s.text)-1]] = true
	at := slot([]byte(s.text))
	for t.slots[at] != 0 {
		at = (at + 1) % len(t.slots)
	}
	t.slots[at] = uint16(i + 1)

	text := []byte(s.text)
	end, hash := letters(text, 0)
	switch {
	case end == len(text):
		t.letters.add(hash)
	case end == len(text)-1 && text[end] == '.':
		t.stops.add(hash)
	}
	l := List{specials: &specials{}} // knows no exceptions
	p := span{0, len(text)}
	if prefix(text, p)+suffix(text, p) == 0 && !hasInfix(text, p) {
		return
	}
	l.affixes(text, p)
	for _, w := range l.Words {
		s.rules = append(s.rules, uint8(w.End))
	}
	t.cut = max(t.cut, len(s.rules))
	t.joined[text[0]] |= 1 << len(text)
}

func hasInfix(text []byte, p span) bool {
	var l List
	l.infixes(text, p)
	return len(l.Words) > 1
}

// find returns the exception with that text, or nil.
func (t *specials) find(text []byte) *special {
	if len(text) == 0 || len(text) >= 32 || t.lengths[text[0]]>>len(text)&1 == 0 || !t.ends[text[len(text)-1]] {
		return nil
	}
	for at := slot(text); t.slots[at] != 0; at = (at + 1) % len(t.slots) {
		if s := &t.list[t.slots[at]-1]; s.text == string(text) {
			return s
		}
	}
	return nil
}

func slot(text []byte) int {
	h := uint64(seed)
	for _, c := range text {
		h = (h ^ uint64(c)) * key1
	}
	return int(h >> 52)
}

// rejoin puts exceptions together that the rules have cut, in the words from
// first on, which are one piece: the longest first, of these the first.
func (l *List) rejoin(text []byte, first int) {
	t := l.specials
	l.done = l.done[:0]
	for size := min(t.cut, len(l.Words)-first); size > 1; size-- {
		l.joints = l.joints[:0]
		for i := first; i+size <= len(l.Words); i++ {
			w := l.Words[i : i+size]
			p := span{int(w[0].Start), int(w[size-1].End)}
			if t.joined[text[p.start]]>>(p.end-p.start)&1 == 0 {
				continue
			}
			s := t.find(text[p.start:p.end])
			if s == nil || !cutAs(w, s.rules) || l.isDone(p) {
				continue
			}
			l.joints = append(l.joints, joint{i, s})
			i += size - 1
		}
		l.join(text, size)
	}
}

// joint is an exception that was found in the words from at on.
type joint struct {
	at      int
	special *special
}

// join puts the exceptions of joints, of size words each, in the place of these:
// all at once, for a piece may hold very many.
func (l *List) join(text []byte, size int) {
	if len(l.joints) == 0 {
		return
	}
	from := l.joints[0].at
	l.rest = append(l.rest[:0], l.Words[from:]...)
	l.Words = l.Words[:from]
	at := 0 // of rest
	for _, j := range l.joints {
		l.Words = append(l.Words, l.rest[at:j.at-from]...)
		at = j.at - from + size
		p := span{int(l.rest[at-size].Start), int(l.rest[at-1].End)}
		l.attach(text, p, j.special)
		l.done = append(l.done, p)
	}
	l.Words = append(l.Words, l.rest[at:]...)
	slices.SortFunc(l.done, func(a, b span) int { return a.start - b.start })
}

// isDone reports whether an exception was already found in a part of p.
func (l *List) isDone(p span) bool {
	i, _ := slices.BinarySearchFunc(l.done, p.start, func(s span, start int) int {
		if s.end > start {
			return 1
		}
		return -1
	})
	return i < len(l.done) && l.done[i].start < p.end
}

// cutAs reports whether the words end where the rules would end them.
func cutAs(w []Word, rules []uint8) bool {
	if len(w) != len(rules) {
		return false
	}
	for i := range w {
		if w[i].End-w[0].Start != int32(rules[i]) {
			return false
		}
	}
	return true
}
