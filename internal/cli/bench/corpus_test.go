package bench

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/extract"
)

// TestSyntheticText: files are the same whenever they are made, and hold the
// duplicates that they should.
func TestSyntheticText(t *testing.T) {
	var a, b bytes.Buffer
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := newVocabulary().file(out, 3, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Fatal("the same file is made in two ways")
	}
	v := newVocabulary()
	if same := v.document(nil, 2-50%3, 49); !bytes.Equal(v.document(nil, 3, 50), same) {
		t.Error("document 50 is not that of an earlier file")
	}
	changed := 0
	for i := 19; i < 400; i += 20 {
		x, y := strings.Fields(string(v.document(nil, 3, i))), strings.Fields(string(v.document(nil, 2-i%3, i-1)))
		if len(x) != len(y) {
			t.Fatalf("document %d has %d words, and the one that it is nearly %d", i, len(x), len(y))
		}
		differ := 0
		for k := range x {
			if x[k] != y[k] {
				differ++
			}
		}
		if changed += differ; differ*20 > len(x) {
			t.Errorf("%d of %d words of document %d differ", differ, len(x), i)
		}
	}
	if changed == 0 {
		t.Error("no word of a near duplicate differs")
	}
}

// TestPages: the text of a page that is made is that of its article.
func TestPages(t *testing.T) {
	for i, p := range makePages(newVocabulary().texts(20)) {
		text, _, err := extract.HTML(p.content, p.charset, p.url)
		if err != nil || bytes.Contains(text, []byte("More to read")) || len(text) < 500 {
			t.Errorf("page %d: %d bytes of text, %v: %.200q", i, len(text), err, text)
		}
	}
}

// TestCorpus: every stage and build is measured.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Setenv("TMPDIR", t.TempDir())
	var names []string
	o := Options{Quick: true, Emit: func(r Result) {
		names = append(names, r.Name)
		if r.Value <= 0 || r.Limit <= 0 {
			t.Errorf("%+v", r)
		}
	}}
	c := CorpusOptions{Texts: newVocabulary().texts(100), Threads: []int{1}}
	if err := Corpus(context.Background(), o, c); err != nil {
		t.Fatal(err)
	}
	if err := Corpus(context.Background(), o, CorpusOptions{Threads: []int{1}, Synthetic: 4 << 20}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"extraction of HTML", "gopher_quality", "minhash, words given", "build of HTML, the web pipeline", "build of synthetic text"} {
		if !slices.Contains(names, "corpus "+want+", 1 thread") {
			t.Errorf("no result of %s in %q", want, names)
		}
	}
}
