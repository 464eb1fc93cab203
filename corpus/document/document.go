// Package document is what all stages of a corpus share: one document on its
// way from a source to the shards, and what was decided about it.
package document

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/shard"
)

// ID names a document by its content: the first 16 bytes of a SHA-256.
type ID = shard.ID

// NewID returns the ID of that content.
func NewID(content []byte) ID {
	sum := sha256.Sum256(content)
	return ID(sum[:16])
}

// FormatID writes an ID as 32 hexadecimal digits.
func FormatID(id ID) string { return hex.EncodeToString(id[:]) }

// ParseID reads what FormatID wrote.
func ParseID(text string) (ID, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(ID{}) {
		return ID{}, fmt.Errorf("%q is no document id: it has 32 hexadecimal digits", text)
	}
	return ID(b), nil
}

// MaxBytes is the length of the longest text that becomes a document.
const MaxBytes = 64 << 20

// Format says what the content of a record is, before text is made of it.
type Format string

// Formats.
const (
	Text     Format = "text"
	HTML     Format = "html"
	Markdown Format = "markdown"
	PDF      Format = "pdf"
	EPUB     Format = "epub"
	Code     Format = "code"
)

// Origin is the place where a document was found.
type Origin struct {
	// Source is the recipe's name for the source.
	Source string `json:"source"`
	// File is the input file, as the source lists it: a path or an address.
	File string `json:"file"`
	// Record is the number of the record in the file, from 0.
	Record int64 `json:"record"`
	// Offset is the byte at which the record begins, in the file as it is stored
	// if it can be read from there on, else in what it unpacks to.
	Offset int64 `json:"offset"`
}

// Document is one text on its way. A stage may change every field but ID and
// Origin. Documents are used again: what a stage keeps, it copies.
type Document struct {
	// ID is the hash of the content as the source holds it, before text was made
	// of it.
	ID     ID
	Origin Origin
	Format Format
	// Meta is what the source says about the document, by key: url, title, author,
	// date, language, license, path, charset.
	Meta map[string]string
	// Language is an ISO 639 code, or the name of a programming language for
	// Code; "" is not known. LanguageScore is how sure that is, in [0, 1].
	Language      string
	LanguageScore float32
	// Quality decides which of several duplicates stays: more is better. It is
	// the score of the quality classifier, or 0 without one.
	Quality float32
	// Perplexity is that of the scoring model per token, or 0 without one.
	Perplexity float32
	// Cuts is what was taken out of the text or replaced in it.
	Cuts []Cut
	// Hits are the items of evaluation sets that the text contains.
	Hits []Hit
	// Drop says why the document is left out; nil while it stays.
	Drop *Drop

	text  []byte
	named []byte // what ID is the hash of, if it is known
	words words.List
	known bool // words are those of text
}

// Drop is the decision to leave a document out.
type Drop struct {
	// Filter is the step as the recipe names it, such as "gopher_quality"; Rule
	// is the rule of it that was broken, such as "min_words".
	Filter string `json:"filter"`
	Rule   string `json:"rule"`
	// Value is what was measured and Limit what the recipe allows.
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	// Note says more where numbers do not, such as the phrase that was found.
	Note string `json:"note,omitempty"`
}

// Cut is what one step took out of a document for one reason.
type Cut struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
	// Count is the number of places and Bytes their length together.
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
	// Spans are the first places, at most MaxSpans, in the text as the step found
	// it: offset and length in bytes. Private data is never stored.
	Spans [][2]int `json:"spans,omitempty"`
}

// Hit is an item of an evaluation set that was found in a document.
type Hit struct {
	// Set is the name of the set and Item the number of the item in it, from 0.
	Set  string `json:"set"`
	Item int    `json:"item"`
	// Rule is the one that found it, such as "ngram13".
	Rule string `json:"rule"`
}

// MaxSpans bounds the places that a Cut remembers.
const MaxSpans = 8

// Step is one stage for documents, with memory of its own: it is used by one
// goroutine at a time. What it does is a function of the document alone.
type Step interface {
	// Name is the step as the recipe names it.
	Name() string
	// Apply measures the document, changes its text, or drops it by setting Drop.
	// It is not called for a document that was dropped.
	Apply(d *Document)
}

// Reset makes d a new document with that text, keeping its memory. d keeps text.
func (d *Document) Reset(text []byte) {
	*d = Document{Cuts: d.Cuts[:0], Hits: d.Hits[:0], words: d.words}
	d.SetText(text)
}

// Text returns the text as it is now, in UTF-8. Nobody changes it in place.
func (d *Document) Text() []byte { return d.text }

// SetText replaces the text, which the document keeps.
func (d *Document) SetText(text []byte) { d.text, d.known = text, false }

// Name sets the ID to that of the content, which nobody changes in place.
func (d *Document) Name(content []byte) { d.ID, d.named = NewID(content), content }

// TextID returns the ID of the text as it is now: that of the content, without
// hashing again, while the text is still the content itself.
func (d *Document) TextID() ID {
	if len(d.text) > 0 && len(d.text) == len(d.named) && &d.text[0] == &d.named[0] {
		return d.ID
	}
	return NewID(d.text)
}

// Words returns the words of the text, found once for each text. The list lasts
// until the text changes.
func (d *Document) Words() *words.List {
	if !d.known {
		d.words.Split(d.text)
		d.known = true
	}
	return &d.words
}

// Cut notes that a step took n bytes at an offset out of the text that it
// found, or replaced them.
func (d *Document) Cut(step, reason string, at, n int) {
	for i := range d.Cuts {
		if c := &d.Cuts[i]; c.Step == step && c.Reason == reason {
			c.Count++
			c.Bytes += int64(n)
			if len(c.Spans) < MaxSpans {
				c.Spans = append(c.Spans, [2]int{at, n})
			}
			return
		}
	}
	d.Cuts = append(d.Cuts, Cut{Step: step, Reason: reason, Count: 1, Bytes: int64(n), Spans: [][2]int{{at, n}}})
}
