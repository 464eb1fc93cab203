package dedup

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// removeSubstrings is what a build does with Substrings.
func removeSubstrings(t testing.TB, o SubstringOptions, items []item) {
	t.Helper()
	s, err := NewSubstrings(o)
	if err != nil {
		t.Fatal(err)
	}
	order := orderOf(t, t.TempDir(), items)
	dir := t.TempDir()
	a, err := NewRepeats(dir, 300)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := NewRepeats(dir, 300)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w := s.Worker()
	for i := range items {
		if err := a.Add(uint32(i), w.Fingerprints(nil, items[i].document())); err != nil {
			t.Fatal(err)
		}
	}
	marks, err := a.Shared(t.Context())
	forMarks(t, marks, err, func(doc uint32, hashes []uint64) {
		if err := b.Add(doc, w.Windows(nil, hashes, items[doc].document())); err != nil {
			t.Fatal(err)
		}
	})
	marks, err = b.Later(t.Context(), order)
	forMarks(t, marks, err, func(doc uint32, hashes []uint64) {
		items[doc].apply(func(d *document.Document) { w.Remove(d, hashes) })
	})
}

// plainSubstrings is the oracle: all runs of all documents are compared as text.
func plainSubstrings(o SubstringOptions, items []item) {
	type word struct {
		text    string
		at, end int // with the symbols that touch it
	}
	wordsOf := func(it *item) (list []word) {
		all := it.document().Words().Words
		for i, w := range all {
			if w.Hash == 0 {
				continue
			}
			x := word{strings.ToLower(it.text[w.Start:w.End]), int(w.Start), int(w.End)}
			for j := i - 1; j >= 0 && all[j].Hash == 0 && int(all[j].End) == x.at; j-- {
				x.at = int(all[j].Start)
			}
			for j := i + 1; j < len(all) && all[j].Hash == 0 && int(all[j].Start) == x.end; j++ {
				x.end = int(all[j].End)
			}
			list = append(list, x)
		}
		return list
	}
	has := func(list, run []word) bool {
		for at := 0; at+len(run) <= len(list); at++ {
			if slices.EqualFunc(list[at:at+len(run)], run, func(a, b word) bool { return a.text == b.text }) {
				return true
			}
		}
		return false
	}
	lists := make([][]word, len(items))
	for i := range items {
		lists[i] = wordsOf(&items[i])
	}
	old := slices.Clone(items)
	for i := range items {
		text := old[i].text
		goes := make([]bool, len(text))
		for at := 0; at+o.MinWords <= len(lists[i]); at++ {
			run := lists[i][at : at+o.MinWords]
			for j := range old {
				if !old[j].better(&old[i]) || !has(lists[j], run) {
					continue
				}
				from, to := run[0].at, run[len(run)-1].end
				if from == 0 || strings.ContainsAny(text[from-1:from], " \n") {
					for to < len(text) && text[to] == ' ' {
						to++
					}
				}
				for k := from; k < to; k++ {
					goes[k] = true
				}
				break
			}
		}
		kept := ""
		for k := range len(text) {
			if !goes[k] {
				kept += text[k : k+1]
			}
		}
		finish(&items[i], kept, o.MaxRemoved)
	}
}

func TestSubstringsEqualOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	changed := 0
	for range 40 {
		o := SubstringOptions{MinWords: 4 + r.IntN(8), MaxRemoved: float64(r.IntN(5)) / 4}
		items := itemsOf(r, sentences(r, 10, 60))
		before := results(items)
		sameInAnyOrder(t, r, items, func(x []item) {
			plainSubstrings(o, x)
			for name, text := range results(x) {
				if before[name] != text {
					changed++
				}
			}
		}, func(x []item) { removeSubstrings(t, o, x) })
	}
	if changed < 50 {
		t.Errorf("only %d documents have repeated passages", changed)
	}
}

func TestSubstrings(t *testing.T) {
	items := []item{
		{rank: Rank{Quality: 2}, text: "In short: the quick brown fox jumps over the lazy dog."},
		{rank: Rank{Quality: 1}, text: "He said, \"The Quick Brown Fox jumps over the lazy dog!\" and went."},
		{rank: Rank{Quality: 0}, text: "The quick brown fox jumps"},
		{rank: Rank{Quality: 0, Tie: 1}, text: "Nothing of it: quick brown fox, lazy dog, quick brown fox"},
	}
	removeSubstrings(t, SubstringOptions{MinWords: 5, MaxRemoved: 0.9}, items)
	want := []string{
		items[0].text,
		"He said, and went.",
		"",
		items[3].text,
	}
	for i, w := range want {
		if items[i].text != w {
			t.Errorf("document %d becomes %q, want %q", i, items[i].text, w)
		}
	}
	if d := items[2].drop; d == nil || d.Filter != "substrings" || d.Rule != "all" {
		t.Errorf("a document of which nothing is left: %+v", d)
	}
}

func TestSubstringOptions(t *testing.T) {
	for _, o := range []SubstringOptions{{MinWords: 3}, {MinWords: maxPassage + 1}, {MinWords: 50, MaxRemoved: 2}} {
		if _, err := NewSubstrings(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	var o SubstringOptions
	o.SetDefaults()
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}
