package corpus

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Sample is a document that stands for others in a report. Private data that the
// pipeline looks for is replaced in it, wherever the document was dropped.
type Sample struct {
	ID       string          `json:"id"`
	Origin   document.Origin `json:"origin"`
	Language string          `json:"language,omitempty"`
	Quality  float32         `json:"quality,omitzero"`
	Bytes    int64           `json:"bytes"`
	Drop     *document.Drop  `json:"drop,omitempty"`
	Cuts     []document.Cut  `json:"cuts,omitempty"`
	// Before is the beginning of the text that was found, and After that of what
	// was left when the document stayed or was dropped; "" if it is the same.
	Before string `json:"before"`
	After  string `json:"after,omitempty"`
}

const (
	// samplesEach is the number of samples of each rule.
	samplesEach = 3
	// excerptBytes is the length of a sample's texts.
	excerptBytes = 1500
)

// Samples are by "kept", or step and rule with a slash between, the documents of
// the lowest ids, in order.
type Samples map[string][]Sample

// keptKey is the key of the samples of documents that stay.
const keptKey = "kept"

func sampleKey(d *document.Document) string {
	if d.Drop == nil {
		return keptKey
	}
	return d.Drop.Filter + "/" + d.Drop.Rule
}

// Merge takes the samples of o that come before others.
func (s Samples) Merge(o Samples) {
	for key, list := range o {
		for _, sample := range list {
			s.add(key, sample)
		}
	}
}

func (s Samples) add(key string, sample Sample) {
	list := s[key]
	at, found := slices.BinarySearchFunc(list, sample, Sample.compare)
	if found || at >= samplesEach {
		return
	}
	if at < len(list) && list[at].ID == sample.ID {
		list[at] = sample // the same content: the one that is found first, in the order of names
		return
	}
	if at > 0 && list[at-1].ID == sample.ID {
		return
	}
	s[key] = slices.Insert(list, at, sample)[:min(len(list)+1, samplesEach)]
}

func (s Sample) compare(o Sample) int {
	if c := strings.Compare(s.ID, o.ID); c != 0 {
		return c
	}
	if c := strings.Compare(s.Origin.File, o.Origin.File); c != 0 {
		return c
	}
	return int(min(max(s.Origin.Record-o.Origin.Record, -1), 1))
}

// wants reports whether a document of that id would be among the samples.
func (s Samples) wants(key string, id document.ID) bool {
	list := s[key]
	return len(list) < samplesEach || document.FormatID(id) <= list[len(list)-1].ID
}

// excerpt returns the beginning of a text.
func excerpt(text []byte) []byte { return cutText(text, excerptBytes) }

// cutText returns at most n bytes of a text, not cut within a character.
func cutText(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// newSample describes d, which had that text before the first step. conceal
// replaces private data.
func newSample(d *document.Document, before []byte, conceal func([]byte) []byte) Sample {
	s := Sample{
		ID: document.FormatID(d.ID), Origin: d.Origin, Language: d.Language, Quality: d.Quality,
		Bytes: int64(len(d.Text())), Drop: d.Drop, Cuts: slices.Clone(d.Cuts),
	}
	for i := range s.Cuts {
		s.Cuts[i].Spans = nil
	}
	s.Before = concealed(before, conceal)
	if !bytes.Equal(excerpt(d.Text()), excerpt(before)) {
		s.After = concealed(d.Text(), conceal)
	}
	return s
}

// concealMargin is how much more than an excerpt is looked at: private data that
// the end of an excerpt cuts in two would not be known as such.
const concealMargin = 16 << 10

// concealed is the beginning of a text with its private data replaced. What may be
// the first part of such data at the end of what was looked at is left out.
func concealed(text []byte, conceal func([]byte) []byte) string {
	seen := cutText(text, excerptBytes+concealMargin)
	out := conceal(seen)
	if len(seen) < len(text) && string(out) != holdsSecrets {
		out = cutText(out, max(len(out)-concealMargin, 0))
	}
	return string(excerpt(out))
}
