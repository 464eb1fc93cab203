package grounding

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

// Kind says in what an unsupported statement differs from what the text says.
type Kind string

// The kinds.
const (
	Number    Kind = "number"    // another number
	Name      Kind = "name"      // another name
	Exchange  Kind = "exchange"  // two names of the sentence in each other's place
	Negation  Kind = "negation"  // a "not" more or less
	Opposite  Kind = "opposite"  // a word's opposite
	Elsewhere Kind = "elsewhere" // a sentence from another part of the document
)

// Kinds are all kinds that a Maker makes.
var Kinds = []Kind{Number, Name, Exchange, Negation, Opposite, Elsewhere}

// Example is a passage with a statement that it supports and one that it does not: the
// same sentence of the passage in other words, once with a change of what it says.
type Example struct {
	Passage, Supported, Unsupported string
	Kind                            Kind
	// Group is the document, whose examples stay on one side of a split.
	Group string
}

// MakerOptions say what a Maker makes.
type MakerOptions struct {
	Seed uint64
	// Passage is how many characters passages have at most, PerDocument how many
	// examples a document gives at most; 0 is without a limit. A passage gives one.
	Passage     int
	PerDocument int
}

// SmallestPassage bounds MakerOptions.Passage from below.
const SmallestPassage = 150

// Maker makes examples of documents, without anybody who labels them, so that a model
// can learn what support is. What it makes of a document depends on the options, the
// document and the names in those before it. It is for one goroutine at a time.
type Maker struct {
	o      MakerOptions
	far    finds // of the documents before
	counts map[string]int
}

// NewMaker returns a Maker. Options.Passage is SmallestPassage at least.
func NewMaker(o MakerOptions) *Maker {
	o.Passage = max(o.Passage, SmallestPassage)
	return &Maker{o: o, counts: map[string]int{}}
}

// Document calls yield for the examples of a document, in order, until it returns an
// error, which is returned.
func (m *Maker) Document(text string, yield func(Example) error) error {
	sum := sha256.Sum256([]byte(text))
	r := random.At(m.o.Seed, binary.LittleEndian.Uint64(sum[:]))
	d := readDocument(text)
	d.group = hexOf(sum[:16])
	defer m.remember(&d.finds)
	made := 0
	for first := 0; first < len(d.sentences); {
		last := d.passage(first, r.Between(SmallestPassage, m.o.Passage))
		e, ok := m.example(r, d, first, last)
		first = last
		if !ok {
			continue
		}
		if err := yield(e); err != nil {
			return err
		}
		if made++; made == m.o.PerDocument {
			return nil
		}
	}
	return nil
}

// mostFinds is how many names are remembered, and how many numbers.
const mostFinds = 1000

func (m *Maker) remember(f *finds) {
	m.far.names, m.far.numbers = latest(m.far.names, f.names), latest(m.far.numbers, f.numbers)
}

// latest are the last ones of two lists.
func latest[T any](list, more []T) []T {
	list = append(list, more...)
	return append([]T(nil), list[max(0, len(list)-mostFinds):]...)
}

// sourceText is a document in sentences.
type sourceText struct {
	sentences []string
	finds     finds
	group     string
}

func readDocument(text string) *sourceText {
	d := &sourceText{}
	for _, block := range blocks(strings.TrimPrefix(text, "\uFEFF")) {
		for _, s := range Sentences(block) {
			d.sentences = append(d.sentences, s)
			if plain(s) {
				d.finds.add(s)
			}
		}
	}
	return d
}

// passage returns the end of a passage that begins with a sentence: as many as have so
// many characters.
func (d *sourceText) passage(first, size int) int {
	last := first
	for total := 0; last < len(d.sentences); last++ {
		total += 1 + utf8.RuneCountInString(d.sentences[last])
		if total > size && last > first {
			break
		}
	}
	return last
}

// example makes one of the passage of some sentences: of the first kind, in an order at
// random, that one of them can be changed in.
func (m *Maker) example(r *random.Source, d *sourceText, first, last int) (Example, bool) {
	var fit []string
	for _, s := range d.sentences[first:last] {
		if plain(s) {
			fit = append(fit, s)
			count(m.counts, s)
		}
	}
	passage := strings.Join(d.sentences[first:last], " ")
	if len(fit) == 0 || utf8.RuneCountInString(passage) > m.o.Passage {
		return Example{}, false
	}
	random.Shuffle(r, fit)
	kinds := append([]Kind(nil), Kinds...)
	random.Shuffle(r, kinds)
	c := &changer{r: r, passage: passage, near: &d.finds, far: &m.far, counts: m.counts}
	for i, kind := range kinds {
		if kind == Elsewhere && i > 0 {
			continue // sentences in which nothing can be changed must not be most of them
		}
		for _, sentence := range fit {
			text, ok := "", false
			if kind == Elsewhere {
				text, ok = d.elsewhere(r, first, last, passage)
			} else {
				text, ok = c.change(kind, sentence)
			}
			if !ok {
				continue
			}
			e := Example{Passage: passage, Supported: reword(r, sentence), Unsupported: reword(r, text), Kind: kind, Group: d.group}
			return e, e.Unsupported != e.Supported && !strings.Contains(passage, strings.TrimRight(e.Unsupported, "."))
		}
	}
	return Example{}, false
}

// elsewhere draws a sentence that is not in the passage, from near it if there is one.
func (d *sourceText) elsewhere(r *random.Source, first, last int, passage string) (string, bool) {
	const near = 40
	var fit []string
	for i := max(0, first-near); i < min(len(d.sentences), last+near); i++ {
		if s := d.sentences[i]; (i < first || i >= last) && plain(s) && !strings.Contains(passage, s) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	return random.Pick(r, fit), true
}

// Bounds of sentences that statements are made of.
const (
	shortestStatement = 25  // characters
	longestStatement  = 220 // characters
	fewestWords       = 5
)

// plain reports whether a sentence is a statement by itself: whole, of words, without
// signs of code and tables.
func plain(s string) bool {
	n := utf8.RuneCountInString(s)
	if n < shortestStatement || n > longestStatement || !capital(s) || !strings.HasSuffix(s, ".") || strings.Count(s, " ") < fewestWords-1 {
		return false
	}
	return !strings.ContainsAny(s, "{}[]<>|=\\/_@#$^*~\"“”`;:…") && !strings.Contains(s, "..") && !strings.Contains(s, "  ")
}
