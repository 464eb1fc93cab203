package corpus

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// prose makes sentences of common words, the same for the same seed.
func prose(seed uint64, words int) string {
	vocabulary := strings.Fields("the a this every old young red green tall house tree river boat bird child fox sees finds " +
		"likes follows leaves under over beside and but while then slowly again today never of to that have with be which")
	random := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for i := range words {
		w := vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))]
		switch {
		case i%11 == 0:
			w = strings.ToUpper(w[:1]) + w[1:]
		case i%11 == 10:
			w += "."
		}
		if b.WriteString(w); i%44 == 43 {
			b.WriteString("\n")
		} else {
			b.WriteString(" ")
		}
	}
	return b.String()
}

// fixture is a directory of input files of several kinds.
type fixture struct {
	dir string
}

func newFixture(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{dir: dir}
	for i := range 60 {
		f.write(t, fmt.Sprintf("text/%02d.txt", i), prose(uint64(i%50), 300)) // ten are there twice
	}
	for i := range 10 { // near duplicates, and a line that many have
		f.write(t, fmt.Sprintf("text/near%02d.txt", i), prose(uint64(i), 290)+"and an ending of its own\n")
		f.write(t, fmt.Sprintf("text/shared%02d.txt", i), prose(uint64(4000+i), 100)+
			"\nAll rights to this text are reserved by nobody whatsoever, and everybody may read it.\n"+prose(uint64(5000+i), 100))
	}
	f.write(t, "text/binary.txt", "PNG\x00\x01\xff\x00\x02")
	f.jsonl(t, "lines/a.jsonl", 0, 400)
	f.jsonl(t, "lines/b.jsonl.gz", 380, 800) // twenty are in both
	for i := range 40 {
		f.write(t, fmt.Sprintf("pages/%02d.html", i), fmt.Sprintf(
			"<html lang=en><head><title>Page %d</title></head><body><nav>Home | News</nav><article><h1>Page %d</h1><p>%s</p><p>%s</p></article></body></html>",
			i, i, prose(uint64(2000+i), 120), prose(uint64(3000+i), 120)))
	}
	return f
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *fixture) write(t testing.TB, name, text string) {
	t.Helper()
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// jsonl writes documents of these numbers; every hundredth line is broken.
func (f *fixture) jsonl(t testing.TB, name string, from, to int) {
	t.Helper()
	var b strings.Builder
	for i := from; i < to; i++ {
		text := prose(uint64(1000+i), 80+i%50)
		if i%40 == 7 {
			text = prose(uint64(i%50), 300) // a text file has it too
		}
		line, err := json.Marshal(map[string]any{"text": text, "url": fmt.Sprintf("https://example.org/%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 99 {
			line = line[:len(line)/2]
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	if !strings.HasSuffix(name, ".gz") {
		f.write(t, name, b.String())
		return
	}
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f.write(t, name, packed.String())
}

// newSmallFixture is one of few documents, for tests that build often.
func newSmallFixture(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{dir: dir}
	for i := range 12 {
		f.write(t, fmt.Sprintf("text/%02d.txt", i), prose(uint64(i%10), 300)+
			"\nAll rights to this text are reserved by nobody whatsoever, and everybody may read it.\n"+prose(uint64(100+i), 200))
	}
	f.jsonl(t, "lines/a.jsonl", 0, 60)
	f.write(t, "pages/a.html", "<html><body><article><p>"+prose(1, 100)+"</p><p>"+prose(2, 100)+"</p></article></body></html>")
	return f
}

// recipe is one for the fixture that writes into out.
func (f *fixture) recipe(out string) string {
	return fmt.Sprintf(`name: fixture
seed: 7
out: %[2]s
segment: 64 KiB
sources:
  - {name: text, path: %[1]s/text, epochs: 2}
  - {name: lines, path: "%[1]s/lines/*", format: jsonl, license: CC0-1.0}
  - {name: pages, path: %[1]s/pages/**, pipeline: pages}
pipelines:
  text: [length: {min_words: 5}]
  pages: [length: {min_words: 9}]
dedup:
  minhash: {bands: 4, rows: 4}
  lines: {min_length: 30}
tokenizer: {train: {vocab_size: 300, sample: 64 KiB}}
`, filepath.ToSlash(f.dir), filepath.ToSlash(out))
}

func parse(t testing.TB, text string) *Recipe {
	t.Helper()
	r, err := ParseRecipe("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustBuild(t testing.TB, r *Recipe) *Manifest {
	t.Helper()
	m, err := Build(context.Background(), r, Options{Notice: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hashes are those of the files below a directory, by path.
func hashes(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)], err = atomicfile.Hash(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
