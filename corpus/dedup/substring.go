package dedup

import (
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// SubstringOptions say which repeated passages go.
type SubstringOptions struct {
	// MinWords is the length of the shortest passage that goes, in words that are
	// no symbols.
	MinWords int `yaml:"min_words" json:"min_words"`
	// MaxRemoved is as in LineOptions.
	MaxRemoved float64 `yaml:"max_removed" json:"max_removed"`
}

// maxPassage bounds MinWords.
const maxPassage = 1 << 14

// SetDefaults sets 50 words, as Lee and others have 50 tokens.
func (o *SubstringOptions) SetDefaults() { *o = SubstringOptions{MinWords: 50, MaxRemoved: 0.8} }

// Check returns a *recipe.ValueError for the first value that cannot be.
func (o *SubstringOptions) Check() error {
	if o.MinWords < 4 || o.MinWords > maxPassage {
		return recipe.Bad("min_words", "passages of %d words; give 4 to %d", o.MinWords, maxPassage)
	}
	return checkShare(o.MaxRemoved)
}

// Substrings removes passages that a better-ranked document has too (after Lee
// and others, Deduplicating Training Data Makes Language Models Better, 2022,
// which removes from a suffix array what occurs twice).
//
// What goes is exactly this: each word that lies in a run of MinWords words that
// also occurs, words alike (see wordKey) and whatever symbols and space are
// between them, in the text that a better-ranked document had before; with the
// symbols that touch the run, and the space after it. Passages that one document
// alone has several times stay.
//
// It takes three passes over the texts rather than a record for each word: the
// Fingerprints of every document go into Repeats, and Shared tells which
// documents have some in common with others; the Windows of those around the
// common fingerprints go into another Repeats; and Remove is called for the
// documents of its Later. A run of MinWords has a fingerprint that depends on
// nothing else (Schleimer, Wilkerson and Aiken, Winnowing, 2003), so nothing is
// missed. Goroutines may share Substrings.
type Substrings struct {
	opt SubstringOptions
	// A fingerprint is the least hash of the grams, of gram words each, in a run of
	// MinWords. The powers are those of base that take a word out of a hash.
	gram                int
	gramPower, runPower uint64
}

// NewSubstrings returns the errors of Check.
func NewSubstrings(o SubstringOptions) (*Substrings, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	gram := o.MinWords / 2
	return &Substrings{
		opt: o, gram: gram,
		gramPower: power(gram), runPower: power(o.MinWords),
	}, nil
}

// Worker returns a SubstringWorker, one for each goroutine.
func (s *Substrings) Worker() *SubstringWorker {
	return &SubstringWorker{s: s, cutter: cutter{step: "substrings", maxRemoved: s.opt.MaxRemoved}}
}

// SubstringWorker works on one document at a time.
type SubstringWorker struct {
	s      *Substrings
	cutter cutter
	keys   []uint64 // of the words that are no symbols
	places []int32  // of those in the list of words
	queue  []gram   // candidates for the fingerprint, hashes ascending
}

// gram is a hash of some words and the number of its first one.
type gram struct {
	hash uint64
	at   int
}

// read sets keys and places.
func (w *SubstringWorker) read(d *document.Document) {
	w.keys, w.places = w.keys[:0], w.places[:0]
	list := d.Words().Words
	for i := range list {
		if key := wordKey(d.Text(), &list[i]); key != 0 {
			w.keys, w.places = append(w.keys, key), append(w.places, int32(i))
		}
	}
}

// Fingerprints appends those of the document.
func (w *SubstringWorker) Fingerprints(dst []uint64, d *document.Document) []uint64 {
	last := -1
	w.runs(d, func(_ int, _ uint64, finger gram) {
		if finger.at != last {
			dst, last = append(dst, finger.hash), finger.at
		}
	})
	return dst
}

// Windows appends the hashes of all runs of MinWords with one of these
// fingerprints, which ascend.
func (w *SubstringWorker) Windows(dst, fingerprints []uint64, d *document.Document) []uint64 {
	w.runs(d, func(_ int, run uint64, finger gram) {
		if _, found := slices.BinarySearch(fingerprints, finger.hash); found {
			dst = append(dst, run)
		}
	})
	return dst
}

// Remove takes the runs with these hashes, which ascend, out of the text, and
// drops the document if more goes than may.
func (w *SubstringWorker) Remove(d *document.Document, runs []uint64) {
	w.runs(d, func(first int, run uint64, _ gram) {
		if _, found := slices.BinarySearch(runs, run); found {
			w.cutter.add(w.span(d, first))
		}
	})
	w.cutter.cut(d)
}

// span is the place of a run, with what touches it.
func (w *SubstringWorker) span(d *document.Document, first int) span {
	text, list := d.Text(), d.Words().Words
	a, b := int(w.places[first]), int(w.places[first+w.s.opt.MinWords-1])
	for a > 0 && list[a-1].Hash == 0 && list[a-1].End == list[a].Start {
		a--
	}
	for b+1 < len(list) && list[b+1].Hash == 0 && list[b].End == list[b+1].Start {
		b++
	}
	s := span{int(list[a].Start), int(list[b].End)}
	if spaceBefore(text, s.start) {
		s.end = pastSpace(text, s.end)
	}
	return s
}

// runs calls visit for each run of MinWords with the number of its first word,
// its hash and its fingerprint, the last of the least.
func (w *SubstringWorker) runs(d *document.Document, visit func(first int, run uint64, finger gram)) {
	w.read(d)
	w.queue = w.queue[:0]
	s, head := w.s, 0 // head is where the queue begins
	var g, run uint64
	for i, key := range w.keys {
		g, run = g*base+key, run*base+key
		if i >= s.gram {
			g -= w.keys[i-s.gram] * s.gramPower
		}
		if i >= s.opt.MinWords {
			run -= w.keys[i-s.opt.MinWords] * s.runPower
		}
		if i+1 < s.gram {
			continue
		}
		next := gram{mix(g), i + 1 - s.gram}
		for len(w.queue) > head && w.queue[len(w.queue)-1].hash >= next.hash {
			w.queue = w.queue[:len(w.queue)-1]
		}
		w.queue = append(w.queue, next)
		if i+1 < s.opt.MinWords {
			continue
		}
		first := i + 1 - s.opt.MinWords
		for w.queue[head].at < first {
			head++
		}
		visit(first, mix(run), w.queue[head])
		if head > len(w.queue)/2 && head > 1<<10 {
			w.queue, head = append(w.queue[:0], w.queue[head:]...), 0
		}
	}
}
