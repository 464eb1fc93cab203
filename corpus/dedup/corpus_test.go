package dedup

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// item is a document of a test, and what became of it.
type item struct {
	rank Rank
	text string
	drop *document.Drop
}

// name is the same whatever number the document has.
func (it *item) name() string {
	return fmt.Sprintf("%v %s %d", it.rank.Quality, document.FormatID(it.rank.ID), it.rank.Tie)
}

// better is the definition of ranks; those of a test all differ.
func (it *item) better(other *item) bool {
	a, b := it.rank, other.rank
	if a.Quality != b.Quality {
		return a.Quality > b.Quality
	}
	if c := slices.Compare(a.ID[:], b.ID[:]); c != 0 {
		return c < 0
	}
	return a.Tie < b.Tie
}

// itemsOf makes documents of texts, with ranks that often agree in part.
func itemsOf(r *rand.Rand, texts []string) []item {
	items := make([]item, len(texts))
	for i, text := range texts {
		rank := Rank{Quality: float32(r.IntN(3)) - 1, Tie: uint64(i)<<40 | r.Uint64N(1<<40)}
		if r.IntN(3) > 0 {
			rank.ID = document.NewID([]byte(text))
		}
		items[i] = item{rank: rank, text: text}
	}
	return items
}

func (it *item) document() *document.Document {
	d := &document.Document{ID: it.rank.ID, Quality: it.rank.Quality}
	d.SetText([]byte(it.text))
	return d
}

// apply gives what remove does to the document back to the item.
func (it *item) apply(remove func(d *document.Document)) {
	d := it.document()
	remove(d)
	it.text, it.drop = string(d.Text()), d.Drop
}

// orderOf ranks documents, by the numbers that they have in the slice.
func orderOf(t testing.TB, dir string, items []item) *Order {
	t.Helper()
	ranks, err := NewRanks(dir, 2000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		if err := ranks.Add(items[i].rank); err != nil {
			t.Fatal(err)
		}
	}
	order, err := ranks.Order(t.Context())
	if err := errors.Join(err, ranks.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = order.Close() })
	return order
}

// forMarks calls f for all marks.
func forMarks(t testing.TB, marks *Marks, err error, f func(doc uint32, hashes []uint64)) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	for {
		doc, hashes, err := marks.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if int64(doc) <= last || !slices.IsSorted(hashes) || len(slices.Compact(slices.Clone(hashes))) != len(hashes) {
			t.Fatalf("document %d after %d, with hashes %d", doc, last, hashes)
		}
		last = int64(doc)
		f(doc, hashes)
	}
	if err := marks.Close(); err != nil {
		t.Fatal(err)
	}
}

// results are the texts by the documents' names, and the rule that dropped them.
func results(items []item) map[string]string {
	m := map[string]string{}
	for i := range items {
		rule := ""
		if items[i].drop != nil {
			rule = items[i].drop.Rule
		}
		m[items[i].name()] = rule + "|" + items[i].text
	}
	return m
}

// sameInAnyOrder runs f on the documents in several orders and compares the
// results with those of the oracle.
func sameInAnyOrder(t *testing.T, r *rand.Rand, items []item, oracle, f func(items []item)) {
	t.Helper()
	want := slices.Clone(items)
	oracle(want)
	for range 3 {
		got := slices.Clone(items)
		r.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		f(got)
		if a, b := results(got), results(want); !maps.Equal(a, b) {
			for name, text := range b {
				if a[name] != text {
					t.Fatalf("%s becomes\n%q, the oracle says\n%q", name, a[name], text)
				}
			}
		}
	}
}

// sentences draws texts from few words, parts of which are copied from earlier
// ones.
func sentences(r *rand.Rand, n, length int) []string {
	vocabulary := strings.Fields("alpha Beta gamma 12 13 delta. (epsilon zeta, eta theta; iota kappa λάμδα mu 1985 x-y don't")
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range 1 + r.IntN(length) {
			if i > 0 && r.IntN(12) == 0 {
				words := strings.SplitAfter(texts[r.IntN(i)], " ")
				at := r.IntN(len(words))
				b.WriteString(strings.Join(words[at:min(len(words), at+r.IntN(length))], ""))
				continue
			}
			b.WriteString(vocabulary[r.IntN(len(vocabulary))])
			b.WriteString([]string{" ", " ", " ", " ", "\n", "\n\n", "\n \n"}[r.IntN(7)])
		}
		texts[i] = b.String()
	}
	return texts
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left behind", e.Name())
	}
}
