package pipeline

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// prose makes sentences of common words, the same for the same seed.
func prose(seed uint64, words int) string {
	vocabulary := strings.Fields("the a this every old young red green tall house tree river boat bird child fox sees finds " +
		"likes follows leaves under over beside and but while then slowly again today never of to that have with be which")
	random := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	for i := range words {
		w := vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))]
		if i%11 == 10 {
			w += "."
		}
		b.WriteString(w)
		b.WriteByte(" \n"[min(i%44/43, 1)])
	}
	return b.String()
}

// writeFixture writes files of several kinds, with equal and nearly equal
// documents within and between sources, chains of them, and broken records.
func writeFixture(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, data []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		write(fmt.Sprintf("text/%02d.txt", i), []byte(prose(uint64(i%32), 300))) // eight are there twice
	}
	words := strings.Fields(prose(77, 500))
	for i := range 20 { // each is near the next one, and not near the last
		write(fmt.Sprintf("text/chain%02d.txt", i), []byte(strings.Join(words[10*i:10*i+200], " ")))
	}
	write("text/short.txt", []byte("too few words"))
	write("lines/a.jsonl", lines(0, 150))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(lines(140, 300)); err != nil { // ten are in both
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write("lines/b.jsonl.gz", packed.Bytes())
	write("lines/cut.jsonl.gz", packed.Bytes()[:packed.Len()/2])
	for i := range 20 {
		write(fmt.Sprintf("pages/%02d.html", i), fmt.Appendf(nil,
			"<html lang=en><head><title>Page %d</title></head><body><nav>Home | News</nav><article><h1>Page %d</h1><p>%s</p><p>%s</p></article></body></html>",
			i, i, prose(uint64(2000+i), 120), prose(uint64(3000+i), 120)))
	}
}

func lines(from, to int) []byte {
	var b bytes.Buffer
	for i := from; i < to; i++ {
		text := prose(uint64(1000+i), 60+i%50)
		if i%40 == 7 {
			text = prose(uint64(i%32), 300) // a text file has it too
		}
		line, err := json.Marshal(map[string]any{"text": text, "url": fmt.Sprintf("https://example.org/%d", i)})
		if err != nil {
			panic(err)
		}
		if i%30 == 29 {
			line = line[:len(line)/2]
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

func fixtureRecipe(dir, tokenizer string) string {
	return fmt.Sprintf(`name: fixture
seed: 7
segment: 64 KiB
sources:
  - {name: text, path: %[1]s/text, epochs: 2}
  - {name: lines, path: "%[1]s/lines/*", format: jsonl, license: CC0-1.0, max_bad: 0.4}
  - {name: pages, path: %[1]s/pages/**, pipeline: pages}
pipelines:
  text: [length: {min_words: 5}]
  pages: [length: {min_words: 9}]
dedup:
  minhash: {bands: 8, rows: 3}
mixture:
  stages:
    - {name: first, share: 2}
    - {name: second, weights: {text: 3, pages: 1}}
`, filepath.ToSlash(dir)) + tokenizer
}
