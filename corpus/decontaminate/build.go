// Package decontaminate finds items of evaluation sets in documents, so that no
// model is tested on what it was trained on.
//
// Two rules decide. The substring rule is that of the GPT-4 Technical Report,
// appendix C: of each item three substrings of 50 characters are taken at random,
// after spaces and symbols were removed from items and documents; the item as a
// whole if it is shorter; one match anywhere contaminates. Letters, their marks
// and all numbers are kept, and so is the case of letters, of which the report
// says nothing. The n-gram rule is that of GPT-3 and of datatrove: any 13 words in
// a row that an item and a document share, whatever their case and the symbols
// between them; an item with fewer words counts as a whole. Both rules compare
// the strings themselves, not only their hashes. An item that is too short for
// all rules cannot be checked and is counted as such.
package decontaminate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/words"
)

// T is the evaluation sets, ready to be looked for. It does not change, and
// goroutines may share it; each takes a Worker of its own. It takes about 50
// bytes for each word of an item and for each substring, and the items' own bytes.
type T struct {
	options Options
	sets    []set
	items   uint32
	// Of the substring rule, if it is on:
	substring string // its name
	squeezed  []byte // the squeezed items, one behind the other
	bytes     *index
	// Of the n-gram rule:
	ngram string
	table wordTable
	words *index
	print [sha256.Size]byte
}

// set is one evaluation set.
type set struct {
	name    string
	first   uint32 // the number of its first item among all
	items   int
	byRule  map[string]int // how many items each rule can check
	anyRule int
}

// New reads all sets of o. Besides what Check and LoadSet have against them, a set
// of which no item is long enough to be checked is an error.
func New(o Options) (*T, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	var loaded []Loaded
	for _, s := range o.Sets {
		l, err := LoadSet(s)
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, l)
	}
	return NewItems(loaded, o)
}

// NewItems is New with sets that are in memory; o.Sets is not looked at.
func NewItems(sets []Loaded, o Options) (*T, error) {
	if err := o.checkRules(); err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("decontaminate: there is no evaluation set")
	}
	b := builder{T: &T{options: o}}
	b.length, b.gram, _ = o.lengths()
	if b.length > 0 {
		b.substring = fmt.Sprintf("substring%d", b.length)
	}
	if b.gram > 0 {
		b.ngram = fmt.Sprintf("ngram%d", b.gram)
	}
	b.table.starts = []uint32{0}
	for _, s := range sets {
		if err := b.set(s); err != nil {
			return nil, err
		}
	}
	b.finish(sets)
	return b.T, nil
}

// Fingerprint is a hash of the items and of what the options say about how they
// are looked for: two with the same find the same.
func (t *T) Fingerprint() [sha256.Size]byte { return t.print }

// Memory is the size of the tables in bytes.
func (t *T) Memory() int64 {
	n := int64(len(t.squeezed) + len(t.table.text) + 4*len(t.table.starts))
	for _, x := range []*index{t.bytes, t.words} {
		if x != nil {
			n += x.memory()
		}
	}
	return n
}

// builder makes the tables of T.
type builder struct {
	*T
	length, gram int
	strings      []entry
	grams        []entry
	list         words.List
}

// set adds one set.
func (b *builder) set(l Loaded) error {
	s := set{name: l.Name, first: b.items, items: len(l.Items), byRule: map[string]int{}}
	if slices.ContainsFunc(b.sets, func(other set) bool { return other.name == l.Name }) {
		return fmt.Errorf("two evaluation sets have the name %q", l.Name)
	}
	if len(l.Items) == 0 {
		return fmt.Errorf("evaluation set %q has no items", l.Name)
	}
	for _, text := range l.Items {
		long := false
		if b.substring != "" && b.substrings([]byte(text)) {
			s.byRule[b.substring]++
			long = true
		}
		if b.ngram != "" && b.ngrams([]byte(text)) {
			s.byRule[b.ngram]++
			long = true
		}
		if long {
			s.anyRule++
		}
		b.items++
		if int64(len(b.squeezed)) > math.MaxUint32 || int64(len(b.table.text)) > math.MaxUint32 || b.items == math.MaxUint32>>1 {
			return fmt.Errorf("evaluation set %q: the sets have more than 4 GiB of text together", l.Name)
		}
	}
	if s.anyRule == 0 {
		return fmt.Errorf("evaluation set %q: none of its %d items is long enough to be checked: take more fields of them, or lower min_length and min_words", l.Name, len(l.Items))
	}
	b.sets = append(b.sets, s)
	return nil
}

// substrings adds what the substring rule takes of an item; false is an item too
// short for it.
func (b *builder) substrings(text []byte) bool {
	first := len(b.squeezed)
	b.squeezed = squeeze(b.squeezed, text, b.options.FoldCase)
	item := b.squeezed[first:]
	n := utf8.RuneCount(item)
	if n < b.options.MinLength {
		b.squeezed = b.squeezed[:first]
		return false
	}
	if n <= b.length {
		b.strings = append(b.strings, entry{item: b.items, at: uint32(first), size: uint16(len(item))})
		return true
	}
	starts := make([]int, 0, n) // of characters
	for i := range string(item) {
		starts = append(starts, i)
	}
	starts = append(starts, len(item))
	for _, at := range b.draw(item, n-b.length+1) {
		b.strings = append(b.strings, entry{item: b.items, at: uint32(first + starts[at]), size: uint16(starts[at+b.length] - starts[at])})
	}
	return true
}

// draw picks different numbers below n for an item, by a generator that the item
// and the seed alone decide.
func (b *builder) draw(item []byte, n int) []int {
	h := sha256.New()
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(b.options.Seed)))
	h.Write(item)
	sum := h.Sum(nil)
	random := rand.NewPCG(binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:]))
	var drawn []int
	taken := map[int]bool{}
	for len(drawn) < min(n, b.options.Substrings) {
		high, _ := bits.Mul64(random.Uint64(), uint64(n))
		if at := int(high); !taken[at] {
			taken[at] = true
			drawn = append(drawn, at)
		}
	}
	return drawn
}

// ngrams adds what the n-gram rule takes of an item; false is an item too short
// for it.
func (b *builder) ngrams(text []byte) bool {
	b.list.Split(text)
	first, hashes := len(b.table.starts)-1, []uint64(nil)
	for i := range b.list.Words {
		w := &b.list.Words[i]
		if w.Hash == 0 {
			continue
		}
		b.table.text = foldWord(b.table.text, w.Text(text))
		b.table.starts = append(b.table.starts, uint32(len(b.table.text)))
		hashes = append(hashes, wordHash(w, text))
	}
	if len(hashes) < b.options.MinWords {
		b.table.starts = b.table.starts[:first+1]
		b.table.text = b.table.text[:b.table.starts[first]]
		return false
	}
	size, n := min(b.gram, len(hashes)), b.options.MinWords
	rolled := make([]uint64, len(hashes)-n+1)
	for i := range rolled {
		for _, x := range hashes[i : i+n] {
			rolled[i] = roll(rolled[i], x)
		}
		rolled[i] = mix(rolled[i])
	}
	for i := 0; i+size <= len(hashes); i++ {
		e := entry{item: b.items, at: uint32(first + i), size: uint16(size)}
		// What is least for an n-gram is so for its neighbors as well: they share an
		// anchor, and the bitmap has fewer bits set. The order is not that of the
		// hashes, of which only small ones would be left.
		for k, h := range rolled[i : i+size-n+1] {
			if k == 0 || h*k3 < e.hash*k3 {
				e.hash, e.skip = h, uint16(k)
			}
		}
		b.grams = append(b.grams, e)
	}
	return true
}

// finish makes the indexes.
func (b *builder) finish(sets []Loaded) {
	if b.substring != "" {
		b.anchors()
		b.bytes = newIndex(b.strings, func(x, y *entry) int {
			return compareBytes(b.squeezed, x, y)
		})
	}
	if b.ngram != "" {
		b.T.words = newIndex(b.grams, b.table.compare)
	}
	h := sha256.New()
	o := b.options
	o.Sets, o.Action = nil, ""
	identity, _ := json.Marshal(o) // plain fields: it cannot fail
	h.Write(identity)
	for _, s := range sets {
		for _, text := range append([]string{s.Name}, s.Items...) {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
			h.Write([]byte(text))
		}
		h.Write([]byte{0xff})
	}
	h.Sum(b.print[:0])
}

// anchors chooses for each substring the part by which it is searched for: the one
// that the fewest others have, so that a phrase that many items begin with leads
// to none of them. Counts are kept by hash in a table of at most 2 MiB.
func (b *builder) anchors() {
	width := min(20, 6+bits.Len(uint(len(b.strings))))
	counts, shift := make([]uint16, 1<<width), 64-width
	for _, e := range b.strings {
		s := b.squeezed[e.at:][:e.size]
		for i := 0; i+minAnchor <= len(s); i++ {
			if c := &counts[anchor(s[i:])>>shift]; *c < math.MaxUint16 {
				*c++
			}
		}
	}
	for k := range b.strings {
		e := &b.strings[k]
		s := b.squeezed[e.at:][:e.size]
		least := uint16(math.MaxUint16)
		for i := 0; i+minAnchor <= len(s); i++ {
			if h := anchor(s[i:]); i == 0 || counts[h>>shift] < least {
				least, e.hash, e.skip = counts[h>>shift], h, uint16(i)
			}
		}
	}
}
