package dedup

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/corpus/document"
)

// realTexts are up to most bytes of Debian's documentation, from the directory
// that POLYMATH_DATA names, one for each of its records.
func realTexts(t testing.TB, most int) (texts []string, size int) {
	t.Helper()
	root := os.Getenv("POLYMATH_DATA")
	if root == "" {
		t.Skip("POLYMATH_DATA names no directory with public data")
	}
	var files []string
	for _, below := range []string{"pt_debian_docs", "text/pt_debian_docs"} {
		found, err := filepath.Glob(filepath.Join(root, below, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("there is no Debian documentation in POLYMATH_DATA")
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<28)
		for had := 0; lines.Scan() && had < most/len(files); {
			var record struct{ Text string }
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, record.Text)
			had += len(record.Text)
			size += len(record.Text)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return texts, size
}

// bestOf is the best document with each string that f finds in the texts.
func bestOf(items []item, f func(it *item, found func(string))) map[string]int {
	best := map[string]int{}
	for i := range items {
		f(&items[i], func(s string) {
			if j, ok := best[s]; !ok || items[i].better(&items[j]) {
				best[s] = i
			}
		})
	}
	return best
}

// TestRealPassages compares what goes out of real text with what a table of all
// runs of words in memory says.
func TestRealPassages(t *testing.T) {
	texts, size := realTexts(t, 1<<20)
	items := itemsOf(rand.New(rand.NewPCG(1, 2)), texts)
	o := SubstringOptions{MinWords: 30, MaxRemoved: 1}
	runs := func(it *item, found func(string)) {
		d := it.document()
		var list []string
		for _, w := range d.Words().Words {
			if w.Hash != 0 {
				list = append(list, string(wordBytes(d, w.Start, w.End)))
			}
		}
		for i := 0; i+o.MinWords <= len(list); i++ {
			found(strings.Join(list[i:i+o.MinWords], " "))
		}
	}
	best := bestOf(items, runs)
	goes := make([]int, len(items)) // runs
	for i := range items {
		runs(&items[i], func(s string) {
			if best[s] != i {
				goes[i]++
			}
		})
	}
	got := append([]item(nil), items...)
	begin := time.Now()
	removeSubstrings(t, o, got)
	took := time.Since(begin)
	left, removed := 0, 0
	again := bestOf(got, runs)
	for i := range got {
		removed += len(items[i].text) - len(got[i].text)
		if changed := got[i].text != items[i].text; changed != (goes[i] > 0) {
			t.Errorf("document %d: changed %v, with %d repeated runs", i, changed, goes[i])
		}
		runs(&got[i], func(s string) {
			if again[s] != i && best[s] != i {
				if _, old := best[s]; old {
					left++
				}
			}
		})
	}
	if left > 0 {
		t.Errorf("%d repeated runs are left", left)
	}
	t.Logf("%d documents of %d bytes: %d bytes go, in %v", len(items), size, removed, took)
}

// wordBytes is a word as it is compared.
func wordBytes(d *document.Document, start, end int32) []byte {
	return []byte(strings.ToLower(string(d.Text()[start:end])))
}

// BenchmarkPassages measures what a worker does for each document, its words
// given.
func BenchmarkPassages(b *testing.B) {
	texts, size := realTexts(b, 8<<20)
	documents := make([]*document.Document, len(texts))
	for i, text := range texts {
		documents[i] = (&item{text: text}).document()
		documents[i].Words()
	}
	lines, err := NewLines(LineOptions{Unit: UnitLines, MinLength: 40, MaxRemoved: 1})
	if err != nil {
		b.Fatal(err)
	}
	substrings, err := NewSubstrings(SubstringOptions{MinWords: 50, MaxRemoved: 1})
	if err != nil {
		b.Fatal(err)
	}
	signer, line, passage := newMinHash(b, defaultNear()).Worker(), lines.Worker(), substrings.Worker()
	var hashes []uint64
	for _, c := range []struct {
		name string
		call func(d *document.Document)
	}{
		{"bands", func(d *document.Document) { hashes = signer.Bands(hashes[:0], d.Words()) }},
		{"hash", func(d *document.Document) { _ = TextHash(d.Text()) }},
		{"lines", func(d *document.Document) { hashes = line.Hashes(hashes[:0], d) }},
		{"fingerprints", func(d *document.Document) { hashes = passage.Fingerprints(hashes[:0], d) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			total := 0
			for b.Loop() {
				total = 0
				for _, d := range documents {
					c.call(d)
					total += len(hashes)
				}
			}
			b.ReportMetric(float64(total)/float64(len(documents)), "hashes/document")
		})
	}
}
