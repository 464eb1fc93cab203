package decontaminate

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
)

// Worker looks for the items in one document at a time. One goroutine uses it.
type Worker struct {
	*T
	squeezed []byte
	words    []int32  // the words of the document that are none of symbols
	hashes   []uint64 // theirs
	found    []uint64 // item and rule, perhaps more than once
	limit    int      // when found is made shorter
	folded   []byte
	list     words.List // of a text that was not composed
}

// Worker returns the step for one goroutine.
func (t *T) Worker() document.Step { return t.NewWorker() }

// NewWorker is Worker for those who want the hits alone.
func (t *T) NewWorker() *Worker { return &Worker{T: t} }

// Name is the step as recipes name it.
func (w *Worker) Name() string { return StepName }

// Apply adds the hits to d, and drops it for them if the options say so.
func (w *Worker) Apply(d *document.Document) {
	before := len(d.Hits)
	d.Hits = w.Find(d.Hits, d)
	if len(d.Hits) == before || w.options.Action != ActionDrop {
		return
	}
	first := d.Hits[before]
	d.Drop = &document.Drop{
		Filter: StepName, Rule: first.Rule, Value: float64(len(d.Hits) - before), Note: fmt.Sprintf("%s %d", first.Set, first.Item),
	}
}

// Find appends the items that the text of d holds to dst, in the order of sets,
// items and rules, each once for a rule.
func (w *Worker) Find(dst []document.Hit, d *document.Document) []document.Hit {
	w.found, w.limit = w.found[:0], 1<<16
	text, composed := d.Text(), true
	if !norm.NFC.IsNormal(text) { // the items are
		text, composed = norm.NFC.Bytes(text), false
	}
	if w.T.bytes != nil {
		w.findBytes(text)
	}
	switch {
	case w.T.words == nil:
	case composed:
		w.findWords(text, d.Words())
	default:
		w.list.Split(text)
		w.findWords(text, &w.list)
	}
	if len(w.found) == 0 {
		return dst
	}
	w.shorten()
	s := 0
	for _, f := range w.found {
		item := uint32(f >> 1)
		for item >= w.sets[s].first+uint32(w.sets[s].items) {
			s++
		}
		rule := w.substring
		if f&1 != 0 {
			rule = w.ngram
		}
		dst = append(dst, document.Hit{Set: w.sets[s].name, Item: int(item - w.sets[s].first), Rule: rule})
	}
	return dst
}

// note remembers a hit; what many places of a text hit is kept once.
func (w *Worker) note(item uint32, rule uint64) {
	if w.found = append(w.found, uint64(item)<<1|rule); len(w.found) >= w.limit {
		w.shorten()
		w.limit = max(w.limit, 2*len(w.found))
	}
}

func (w *Worker) shorten() {
	slices.Sort(w.found)
	w.found = slices.Compact(w.found)
}

// findBytes looks for substrings.
func (w *Worker) findBytes(text []byte) {
	w.squeezed = squeeze(w.squeezed[:0], text, w.options.FoldCase)
	s, x := w.squeezed, w.T.bytes
	for i := 0; i+minAnchor <= len(s); i++ {
		if h := anchor(s[i:]); x.may(h) {
			w.checkBytes(s, i, x.with(h))
		}
	}
}

// checkBytes compares the entries whose anchor may stand at s[i:].
func (w *Worker) checkBytes(s []byte, i int, entries []entry) {
	equal := false
	for k := range entries {
		e := &entries[k]
		if !e.same {
			at := i - int(e.skip)
			equal = at >= 0 && at+int(e.size) <= len(s) && bytes.Equal(s[at:at+int(e.size)], w.T.squeezed[e.at:][:e.size])
		}
		if equal {
			w.note(e.item, 0)
		}
	}
}

// findWords looks for n-grams.
func (w *Worker) findWords(text []byte, list *words.List) {
	all, x, n := list.Words, w.T.words, w.options.MinWords
	w.words, w.hashes = w.words[:0], w.hashes[:0]
	for i := range all {
		if all[i].Hash != 0 {
			w.words, w.hashes = append(w.words, int32(i)), append(w.hashes, wordHash(&all[i], text))
		}
	}
	h, oldest := uint64(0), power(n)
	for i, hash := range w.hashes {
		h = roll(h, hash)
		if i >= n {
			h -= w.hashes[i-n] * oldest
		}
		if i+1 < n {
			continue
		}
		if m := mix(h); x.may(m) {
			w.checkWords(text, all, i+1-n, x.with(m))
		}
	}
}

// checkWords compares the entries whose anchor may begin with word i.
func (w *Worker) checkWords(text []byte, all []words.Word, i int, entries []entry) {
	equal := false
	for k := range entries {
		e := &entries[k]
		if !e.same {
			first := i - int(e.skip)
			equal = first >= 0 && first+int(e.size) <= len(w.words)
			for j := 0; equal && j < int(e.size); j++ {
				equal = w.isWord(all[w.words[first+j]].Text(text), w.table.word(e.at+uint32(j)))
			}
		}
		if equal {
			w.note(e.item, 1)
		}
	}
}

// isWord says whether a word of a document is that folded one.
func (w *Worker) isWord(word, want []byte) bool {
	w.folded = foldWord(w.folded[:0], word)
	return bytes.Equal(w.folded, want)
}
